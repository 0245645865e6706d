//! Who did what, to what, and what came of it.

use serde::{Deserialize, Serialize};

use crate::{ProcessKey, SessionId};

/// The answer to `GET /audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audit {
    /// Always true.
    pub ok: bool,
    /// Newest first.
    pub entries: Vec<AuditEntry>,
    /// There are older ones: ask again with `before` set to the last entry's `id`.
    pub more: bool,
}

/// One action on one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Grows with time.
    pub id: String,
    /// Unix milliseconds at which it began.
    pub at: u64,
    pub verb: Verb,
    pub by: Caller,
    /// What was acted on; `None` for a cleanup.
    pub target: Option<AuditTarget>,
    /// What was planned, in a few words: `"7 processes, 1 spared"`.
    pub plan: Option<String>,
    /// `exited`, `killed`, `resumed`, ...; the code of a refusal; `None` where the server ended before the action did.
    pub outcome: Option<String>,
    /// More about the outcome, for people.
    pub detail: Option<String>,
    /// Milliseconds; `None` where there is no outcome.
    pub took_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Kill,
    Interrupt,
    Pause,
    Continue,
    Reap,
    Resume,
    Cleanup,
    Start,
    Message,
    Cancel,
    Model,
    PermissionMode,
    Rename,
    /// Something was typed into its terminal.
    Keys,
    /// An answer to what a session asks.
    Decide,
    /// A change of the rules.
    Rules,
    #[serde(other)]
    Unknown,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// The user at the other end of the connection; `None` where a token stood in for that.
    pub uid: Option<u32>,
    pub face: Face,
}

/// By which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    Http,
    Terminal,
    #[serde(other)]
    Unknown,
}

/// What an action was about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditTarget {
    pub key: Option<ProcessKey>,
    pub session_id: Option<SessionId>,
    pub cwd: Option<String>,
}
