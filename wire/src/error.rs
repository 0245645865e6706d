//! The one shape of every error and the words that name each kind.

use serde::{Deserialize, Serialize};

use crate::{Holder, Pid, ProcessKey, SessionId};

/// Names a kind of error for programs; the sentence beside it is for people and may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadRequest,
    BadPid,
    BadSessionId,
    BadCwd,
    BadHost,
    BadOrigin,
    BadPeer,
    /// The process is not a Claude Code session.
    NotASession,
    /// Pid 1, this server, its ancestors, the host, Claude Code's daemons.
    Protected,
    /// Another user's process.
    NotYours,
    /// Nothing proves that the process was left by a session.
    Unproven,
    /// No such path.
    NotFound,
    /// No registry file names a conversation for this pid.
    NoSession,
    /// No transcript has this id.
    NoConversation,
    BadMethod,
    TooSlow,
    TooLarge,
    NotJson,
    TooMany,
    /// The conversation is open in a running process.
    Live,
    /// The process that the key named is not there any more.
    Replaced,
    PlanChanged,
    /// Another action on the same thing is still under way.
    Busy,
    /// Ours: the id in the body stands in the log.
    Fault,
    /// Nobody has asked this, or not any more.
    NoApproval,
    /// The approval was decided already; the body says how.
    Decided,
    /// The session is not ours to talk to; the sentence says what is.
    NotHeld,
    /// The session has ended.
    Ended,
    /// The session does not answer.
    Unresponsive,
    /// Claude Code says no, in the words of the sentence.
    Refused,
    NoTmux,
    NoClaude,
    /// Claude Code is too old for this.
    TooOld,
    /// The configuration has a mistake: the server lists, and refuses to act.
    Config,
    /// A newer server's code.
    #[serde(other)]
    Unknown,
}

/// `{"ok":false,"error":"...","code":"..."}` and, where it helps, what stood in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// Always false.
    pub ok: bool,
    /// One sentence that says what to do next.
    pub error: String,
    pub code: Code,
    /// The process in the way (`live`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pid: Option<Pid>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<ProcessKey>,
    /// The conversation that was meant and is open there (`live`); which it is, whoever asks for the newest does not know.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub session_id: Option<SessionId>,
    /// What keeps that process's terminal (`live`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub holder: Option<Holder>,
    /// For how long that process has been running, in seconds (`live`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub age_sec: Option<u64>,
    /// The id under which the log has the cause (`fault`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<String>,
}

impl ErrorBody {
    pub fn new(code: Code, error: impl Into<String>) -> Self {
        Self {
            ok: false,
            error: error.into(),
            code,
            pid: None,
            key: None,
            session_id: None,
            holder: None,
            age_sec: None,
            id: None,
        }
    }
}
