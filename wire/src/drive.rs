//! Starting sessions and talking to them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Holder, Pid, ProcessKey, SessionId};

/// What a session is named by in a path: its conversation, or its process where that is all one has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Session(SessionId),
    Pid(Pid),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(id) => id.fmt(f),
            Self::Pid(pid) => pid.fmt(f),
        }
    }
}

impl FromStr for Who {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Eight digits are the shortest id and more than any pid has.
        if let Ok(pid) = text.parse() {
            return Ok(Self::Pid(pid));
        }
        let id = text.parse().map(Self::Session);
        id.map_err(|_| "a session is named by its id, 8 to 64 hexadecimal digits and dashes, or by its pid")
    }
}

/// The body of `POST /sessions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StartRequest {
    /// Absolute. May be left out with `resume`: the transcript's own wins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cwd: Option<String>,
    /// The first message; without one the session waits for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prompt: Option<String>,
    /// `opus`, `sonnet`, or a model's full name; Claude Code's own choice where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model: Option<String>,
    /// `default`, `acceptEdits`, `plan`, ...; `default` where absent, whatever Claude Code's settings say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub permission_mode: Option<String>,
    /// `low`, `medium`, `high`, ...
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// `stdio` where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub holder: Option<HolderKind>,
    /// Go on in this conversation.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resume: Option<SessionId>,
    /// Go on in the directory's newest conversation.
    #[serde(
        rename = "continue",
        skip_serializing_if = "std::ops::Not::not",
        default
    )]
    pub continue_newest: bool,
    /// With `resume` or `continue`: go on in a copy, and leave the conversation itself as it is.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub fork: bool,
    /// Work in a new git worktree of this name; an empty one lets Claude Code choose it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub worktree: Option<String>,
}

/// How a session is held that can be talked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// By its standard input and output: no terminal, all of it through this API.
    Stdio,
    /// By a terminal of its own.
    Pty,
    /// By the user's tmux.
    Tmux,
    #[serde(other)]
    Unknown,
}

/// The answer to `POST /sessions`: it lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Always true.
    pub ok: bool,
    pub session_id: SessionId,
    /// The Claude Code process.
    pub pid: Pid,
    pub key: ProcessKey,
    pub holder: Holder,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// The body of `POST /sessions/:id/message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MessageRequest {
    pub text: String,
    /// A UUID of the caller's: sent again with the same one, the message is said once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uuid: Option<String>,
}

/// The body of `POST /sessions/:id/cancel`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelRequest {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<CancelScope>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelScope {
    /// Every session that a holder of ours keeps, not only the named one. Those in tmux go on.
    All,
    #[serde(other)]
    Unknown,
}

/// The body of `POST /sessions/:id/model`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModelRequest {
    pub model: String,
}

/// The body of `POST /sessions/:id/permission-mode`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PermissionModeRequest {
    pub permission_mode: String,
}

/// The body of `POST /sessions/:id/rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameRequest {
    pub name: String,
}

/// What came of a message, an interrupt, a cancel, a change of model, mode or name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Driven {
    /// Always true.
    pub ok: bool,
    pub session_id: SessionId,
    pub outcome: DriveOutcome,
    /// The number of the newest event when it was done: what it brings about comes after.
    pub seq: u64,
    /// The message's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uuid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriveOutcome {
    /// The message was handed over.
    Sent,
    /// It was handed over while a turn runs.
    Queued,
    /// It was handed over before, under the same uuid.
    AlreadySent,
    Interrupted,
    /// There was no turn to interrupt.
    Idle,
    /// It has ended.
    Cancelled,
    Changed,
    #[serde(other)]
    Unknown,
}

/// The answer to a cancel of every session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cancelled {
    /// False where one still runs.
    pub ok: bool,
    pub sessions: Vec<CancelledSession>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelledSession {
    pub session_id: SessionId,
    /// `None` where it was cancelled.
    pub error: Option<String>,
}
