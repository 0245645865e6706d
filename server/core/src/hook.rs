//! What Claude Code's hooks tell: one report a session, the newest event and what is still being asked.
//!
//! Knows the payloads of the events that we subscribe to (captured with 2.1.329; 2.0.30 lacks some of them). Does not know
//! where a report is kept, nor what a session is doing: Esc fires no hook, so a report is evidence and not a state.

mod asked;
mod call;
mod file;
#[cfg(test)]
mod tests;

use crate::{
    id::{ProcessKey, SessionId, UnixMillis},
    members::Members,
};
pub use asked::{Asked, MAX_INPUT};
pub use call::Call;

/// What the hooks of one session last said. A field is `None` where the newest event does not have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub session_id: SessionId,
    pub event: Event,
    /// When the event reached us.
    pub at: UnixMillis,
    pub cwd: Option<String>,
    pub transcript_path: Option<String>,
    /// The subagent that the event is about, `None` for the conversation itself.
    pub agent: Option<String>,
    pub tool: Option<String>,
    /// Why the session started (`startup`, `resume`, `clear`) or ended (`clear`, `logout`, ...), or the error that ended the turn.
    pub reason: Option<String>,
    pub notice: Option<Notice>,
    /// The sentence of a notification.
    pub message: Option<String>,
    pub last_assistant_message: Option<String>,
    /// What stands unanswered, the longest-standing one.
    pub asked: Option<Asked>,
    /// What else is asked meanwhile, by other agents of the session, in the order of asking.
    pub asked_next: Vec<Asked>,
    /// The Claude Code process that ran the hook; `None` where none was found above it.
    pub process: Option<Ancestor>,
}

/// The events that we subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    SessionStart,
    UserPromptSubmit,
    PermissionRequest,
    PostToolUse,
    PostToolUseFailure,
    Notification,
    Stop,
    /// The turn ended by an error of the API.
    StopFailure,
    SessionEnd,
}

/// What a notification is about, as far as it says something about the state. Others make no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A permission prompt has stood for some seconds.
    Permission,
    /// A question or a dialog stands open.
    Question,
    /// The prompt has stood untouched for a minute.
    Idle,
}

/// A process, and the pid namespace (`pid:[<inode>]`) in which its number counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    pub key: ProcessKey,
    pub namespace: String,
}

/// Of a longer payload only the members that stand in these first bytes count; a tool's response comes last.
pub const MAX_PAYLOAD: usize = 1 << 20;
const MAX_TEXT: usize = 4 << 10;

impl Event {
    pub const ALL: [Self; 9] = [
        Self::SessionStart,
        Self::UserPromptSubmit,
        Self::PermissionRequest,
        Self::PostToolUse,
        Self::PostToolUseFailure,
        Self::Notification,
        Self::Stop,
        Self::StopFailure,
        Self::SessionEnd,
    ];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// The name that Claude Code has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::SessionStart => "SessionStart",
            Self::UserPromptSubmit => "UserPromptSubmit",
            Self::PermissionRequest => "PermissionRequest",
            Self::PostToolUse => "PostToolUse",
            Self::PostToolUseFailure => "PostToolUseFailure",
            Self::Notification => "Notification",
            Self::Stop => "Stop",
            Self::StopFailure => "StopFailure",
            Self::SessionEnd => "SessionEnd",
        }
    }
}

impl Report {
    /// Folds a payload into what was known before. `None` where it is no payload, or one that tells nothing about the state.
    ///
    /// Hooks of one session may run at the same time and come here in another order than they began: an event that is
    /// older than `previous` changes no more than what is asked.
    pub fn of_payload(payload: &[u8], at: UnixMillis, previous: Option<&Self>) -> Option<Self> {
        let fields = match payload.get(..MAX_PAYLOAD) {
            Some(start) => Members::of_start(start),
            None => Members::of_bytes(payload)?,
        };
        let event = Event::parse(&fields.text("hook_event_name")?)?;
        let session_id = SessionId::parse(&fields.text("session_id")?)?;
        let previous = previous.filter(|previous| previous.session_id == session_id);
        let notice = if event == Event::Notification {
            Some(Notice::of(&fields)?)
        } else {
            None
        };
        let reason = fields.text("reason").or_else(|| fields.text("source"));
        // Compaction goes on with the turn, or stays at the prompt, whichever it was.
        if event == Event::SessionStart && reason.as_deref() == Some("compact") {
            return None;
        }
        let path = |name| fields.text(name).filter(|path| path.starts_with('/'));
        let short = |name| fields.text(name).map(|text| cut(&text, MAX_TEXT));
        let agent = short("agent_id");
        let asked = asked::after(event, at, agent.as_deref(), &fields, previous);
        let news = Self {
            session_id,
            event,
            at,
            cwd: path("cwd").or_else(|| previous?.cwd.clone()),
            transcript_path: path("transcript_path").or_else(|| previous?.transcript_path.clone()),
            agent,
            tool: short("tool_name"),
            reason: reason
                .or_else(|| fields.text("error"))
                .map(|reason| cut(&reason, MAX_TEXT)),
            notice,
            message: short("message"),
            last_assistant_message: short("last_assistant_message"),
            asked: None,
            asked_next: Vec::new(),
            process: previous.and_then(|previous| previous.process.clone()),
        };
        let newest = match previous {
            Some(previous) if previous.at > at => previous.clone(),
            _ => news,
        };
        Some(newest.asking(asked))
    }

    fn asking(mut self, asked: Vec<Asked>) -> Self {
        let mut asked = asked.into_iter();
        self.asked = asked.next();
        self.asked_next = asked.collect();
        self
    }
}

impl Notice {
    /// 2.0.30 gives no type, only the sentence.
    fn of(fields: &Members<'_>) -> Option<Self> {
        if let Some(kind) = fields.text("notification_type") {
            return match kind.as_str() {
                "permission_prompt" | "worker_permission_prompt" => Some(Self::Permission),
                "elicitation_dialog" | "elicitation_url_dialog" | "agent_needs_input" => {
                    Some(Self::Question)
                }
                "idle_prompt" => Some(Self::Idle),
                _ => None,
            };
        }
        let message = fields.text("message")?;
        if message.starts_with("Claude needs your permission") {
            Some(Self::Permission)
        } else if message.starts_with("Claude is waiting for your input") {
            Some(Self::Idle)
        } else {
            None
        }
    }
}

/// At most `max` bytes, with an ellipsis where something is left out.
fn cut(text: &str, max: usize) -> String {
    match text.split_at_checked(text.floor_char_boundary(max)) {
        Some((start, rest)) if !rest.is_empty() => format!("{start}…"),
        _ => text.to_owned(),
    }
}
