//! The conversation with Claude Code over its own stdin and stdout: what a line of stdout says, and the lines for stdin.
//!
//! Knows the stream of `claude -p --input-format stream-json --output-format stream-json --permission-prompt-tool stdio`
//! (captured with 2.1.329, 2.1.197 and 2.0.30; see `testdata/stream`). One line is read for itself: what belongs together
//! over several lines, and what is to be done about it, is known elsewhere. Does not know pipes or processes.
//!
//! The order of a line's members varies, so that nothing is told by how it begins. What is not known is passed on as
//! [`Said::Other`]; what is missing is `None`.

mod control;
mod delta;
pub mod say;
pub(crate) mod speech;
pub(crate) mod system;
mod turn;

use serde_json::value::RawValue;

use crate::{id::UnixMillis, members::Members, transcript::text::cut};
pub use control::{Answer, CanUseTool};
pub use delta::{Delta, Opened, Part};
pub use system::{Init, Lifecycle};
pub use turn::{Denial, TurnResult, Usage};

/// The longest start of a line that is no JSON, in UTF-16 units.
const NOT_JSON_LIMIT: usize = 16 * 1024;

/// What one line says, or one block of it.
#[derive(Clone, Debug)]
pub enum Said {
    /// A turn begins. Comes again with every turn, and never before the first message.
    Init(Init),
    /// Something under the user's name that is no result of a tool.
    User {
        origin: Origin,
        text: String,
        words: Words,
        /// Images and documents that came along.
        attachments: usize,
        /// Our own message, given back.
        is_replay: bool,
    },
    /// A block of text of an answer.
    Text {
        origin: Origin,
        text: String,
        answer: Answered,
    },
    Thinking {
        origin: Origin,
        text: String,
    },
    ToolUse(ToolUse),
    ToolResult(ToolResult),
    /// An answer of the model is whole, as far as this line knows: several lines of one answer may say so, and of them the
    /// last one counts. From 2.1 on it is said in transcripts only.
    Spent {
        origin: Origin,
        model: Option<String>,
        stop_reason: Option<String>,
        usage: Usage,
    },
    /// A piece of an answer that is being written. The whole of it comes in lines of its own.
    Delta(Delta),
    /// May this tool be used? The session waits for the answer.
    CanUseTool(CanUseTool),
    /// It asks something else of us, which has to be answered too.
    Request {
        request_id: String,
        subtype: Option<String>,
    },
    /// The question of this id is no longer asked; an answer to it would be ignored.
    Cancelled {
        request_id: String,
    },
    /// The answer to a control request. Whoever has messages given back, gets their own answers to questions back too: what
    /// has an id that is not asked for means nothing. Of two answers the first one counts (2.0.30 sends some twice).
    Answer(Answer),
    /// The turn is over.
    Result(TurnResult),
    /// How far a message that was sent with an id has come. Not before 2.1.329 or so.
    Lifecycle {
        uuid: String,
        state: Lifecycle,
    },
    /// What is going on. `status`: `requesting`, `compacting`; `None` also where only the mode has changed.
    Status {
        status: Option<String>,
        permission_mode: Option<String>,
    },
    /// What was said before counts no more than its summary. `trigger`: `manual`, `auto`.
    Compacted {
        trigger: Option<String>,
    },
    /// The API has refused for now and is asked again.
    Retry {
        attempt: Option<u64>,
        max_retries: Option<u64>,
        delay_ms: Option<u64>,
        /// The status of HTTP.
        status: Option<u64>,
        error: Option<String>,
    },
    /// The session has another name.
    Title(String),
    /// The conversation was cleared; the next [`Init`] tells the new session id.
    Reset,
    Other {
        kind: Option<String>,
        subtype: Option<String>,
    },
    /// The start of a line that is no JSON object, with U+FFFD for what is no UTF-8.
    NotJson(String),
}

/// Where a line of the conversation comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The line's own id, the same in the stream and in the transcript.
    pub uuid: Option<String>,
    /// The API's id of the answer, which may come in several lines.
    pub message_id: Option<String>,
    pub speaker: Speaker,
    /// When it was written; 2.0.30 does not say.
    pub at: Option<UnixMillis>,
}

/// Whose conversation a line belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Speaker {
    #[default]
    Session,
    Subagent {
        /// The id of the call that started it; unknown in transcripts.
        call: Option<String>,
        /// Its id; unknown in the streams of older versions.
        agent: Option<String>,
    },
}

/// Whose words stand under the user's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    Person,
    /// What a subagent is to do, as it was told by whoever started it.
    Task,
    /// "[Request interrupted by user]".
    Interruption,
    /// Claude Code's own: a summary, a reminder, a local command and its output.
    Program,
}

/// What kind of answer a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Whole,
    /// Interrupted while it was being written.
    BrokenOff,
    /// Claude Code answers itself, to a local command.
    Notice,
    /// The API has failed.
    Failure,
}

/// The model calls a tool.
#[derive(Clone, Debug)]
pub struct ToolUse {
    pub origin: Origin,
    pub id: String,
    pub name: String,
    /// As the model wrote it, `null` where there is none.
    pub input: Box<RawValue>,
}

#[derive(Clone, Debug)]
pub struct ToolResult {
    pub origin: Origin,
    /// The id of the call.
    pub tool_use_id: Option<String>,
    /// The texts of the result.
    pub text: String,
    /// What is no text, images for example.
    pub attachments: usize,
    pub is_error: bool,
}

impl Said {
    /// Reads one line of stdout. Never empty, but for a blank line: an answer without any block is an [`Said::Other`].
    pub fn parse(line: &[u8]) -> Vec<Self> {
        let line = String::from_utf8_lossy(line);
        let line = line.trim();
        if line.is_empty() {
            return Vec::new();
        }
        let Some(members) = Members::parse(line) else {
            return vec![Self::NotJson(cut(line, NOT_JSON_LIMIT).to_owned())];
        };
        let kind = members.text("type");
        match kind.as_deref() {
            Some("user") => speech::user(&members),
            Some("assistant") => speech::assistant(&members),
            Some("stream_event") => vec![delta::read(&members)],
            Some("control_request") => vec![control::request(&members)],
            Some("control_cancel_request") => vec![control::cancelled(&members)],
            Some("control_response") => vec![control::answer(&members)],
            Some("result") => vec![Self::Result(TurnResult::read(&members))],
            Some("system") => vec![system::read(&members)],
            Some("command_lifecycle") => vec![system::lifecycle(&members)],
            Some("conversation_reset") => vec![Self::Reset],
            Some(_) | None => vec![Self::other(&members)],
        }
    }

    pub(crate) fn other(members: &Members<'_>) -> Self {
        Self::Other {
            kind: members.text("type"),
            subtype: members.text("subtype"),
        }
    }
}

#[cfg(test)]
mod tests;
