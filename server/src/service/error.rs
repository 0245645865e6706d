//! Why a verb was not carried out, in sentences for people.

use std::error::Error;

use wire::{Code, Holder, Pid, ProcessKey, SessionId};

use crate::present::elapsed;

/// Why a verb was not carried out. `Display` is the sentence for people: it says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("No process {0} runs here; refresh the list.")]
    NoProcess(Pid),
    #[error(
        "No session record names a conversation for process {0}; it may still be starting, so try again in a moment."
    )]
    NoSession(Pid),
    #[error("Process {0} is not a Claude Code session; refresh the list.")]
    NotASession(Pid),
    #[error("The key does not belong to process {0}; take pid and key from the same row.")]
    OtherKey(Pid),
    #[error("The selection can't be used: {0}.")]
    BadSelection(String),
    #[error("The rules can't be used: {0}.")]
    BadRules(String),
    #[error(
        "The rules were changed in the meantime; read them again, and make the change once more."
    )]
    RulesChanged,
    /// A file of ours can't be read, and is not written over.
    #[error("{0}")]
    BadState(String),
    #[error(
        "Nothing proves that process {0} was left by a session, so it is not ended from here; look at it, and end it yourself."
    )]
    Unproven(Pid),
    #[error("Process {pid} is protected ({reason}); it can't be ended from here.")]
    Protected { pid: Pid, reason: String },
    #[error("Process {pid} belongs to {owner}; ask them, or run the server as that user.")]
    NotYours { pid: Pid, owner: String },
    #[error(
        "The process that this key named is gone: {0} is another process now; refresh the list."
    )]
    Replaced(Pid),
    #[error("Another action on this session is still running; wait until it has finished.")]
    Busy,
    #[error(
        "This conversation has been open in process {} for {}; {}, end it, or go on in a copy of it with \"fork\":true.",
        key.pid, elapsed(*age_sec), way_to(holder)
    )]
    Live {
        key: ProcessKey,
        /// The conversation.
        session_id: SessionId,
        holder: Holder,
        /// Since the process started.
        age_sec: u64,
    },
    #[error("No transcript of session {0} was found in the configured homes; check the id.")]
    NoConversation(SessionId),
    #[error("{0}")]
    BadCwd(String),
    #[error("tmux was not found; install it, for example with `apt-get install tmux`.")]
    NoTmux,
    #[error("{0}")]
    NoClaude(String),
    /// Refused where a session is held, or for reasons that have a sentence of their own.
    #[error("{sentence}")]
    Told { code: Code, sentence: String },
    /// The configuration has mistakes; `/health` names them.
    #[error("The configuration has a mistake, so nothing is acted on: {0}")]
    Config(String),
    /// Something failed that should not; the cause goes to the log, an id to the client.
    #[error("{what}")]
    Fault {
        what: String,
        source: Box<dyn Error + Send + Sync>,
    },
}

/// How a person gets to a session that runs.
fn way_to(holder: &Holder) -> String {
    match holder {
        Holder::Tmux { attach, .. } => format!("go there with `{attach}`"),
        Holder::Terminal { tty } => format!("go on in its terminal, {tty}"),
        Holder::Program { command } if command.is_empty() => {
            "it has no terminal, and what started it has ended".to_owned()
        }
        Holder::Program { command } => format!("go on in the program that runs it ({command})"),
        Holder::Stdio {} => "go on in it here, where it was started".to_owned(),
        Holder::Pty { attach } => format!("go there with `{attach}`"),
    }
}

impl ServiceError {
    /// The word for it that programs read.
    pub fn code(&self) -> Code {
        match self {
            Self::Told { code, .. } => *code,
            Self::NoProcess(_) | Self::NotASession(_) => Code::NotASession,
            Self::OtherKey(_) | Self::BadSelection(_) | Self::BadRules(_) => Code::BadRequest,
            Self::RulesChanged => Code::PlanChanged,
            Self::NoSession(_) => Code::NoSession,
            Self::Unproven(_) => Code::Unproven,
            Self::Protected { .. } => Code::Protected,
            Self::NotYours { .. } => Code::NotYours,
            Self::Replaced(_) => Code::Replaced,
            Self::Busy => Code::Busy,
            Self::Live { .. } => Code::Live,
            Self::NoConversation(_) => Code::NoConversation,
            Self::BadCwd(_) => Code::BadCwd,
            Self::NoTmux => Code::NoTmux,
            Self::NoClaude(_) => Code::NoClaude,
            Self::Config(_) | Self::BadState(_) => Code::Config,
            Self::Fault { .. } => Code::Fault,
        }
    }

    /// A refusal under this code, in a sentence that says what to do next.
    pub fn told(code: Code, sentence: impl Into<String>) -> Self {
        Self::Told {
            code,
            sentence: sentence.into(),
        }
    }

    /// Of a session that nothing can be told any more.
    pub(crate) fn ended() -> Self {
        Self::told(
            Code::Ended,
            "The session has ended; start it again with resume.",
        )
    }

    /// Something failed that should not; `what` is a sentence without its full stop.
    pub fn fault(what: impl Into<String>, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Fault {
            what: what.into(),
            source: cause.into(),
        }
    }
}
