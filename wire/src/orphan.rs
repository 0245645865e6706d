//! What sessions that have ended left running.

use serde::{Deserialize, Serialize};

use crate::{Code, Descent, Grace, KillOutcome, Permit, Pid, ProcessKey, SessionId, Sign};

/// The answer to `GET /orphans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphans {
    /// Always true.
    pub ok: bool,
    /// Those with a proof first, the largest first among them.
    pub orphans: Vec<Orphan>,
    /// Private memory of those that may be reaped, in bytes: what reaping them all gives back.
    pub private_bytes: u64,
}

/// A process of a session that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    pub pid: Pid,
    pub key: ProcessKey,
    pub user: String,
    pub command: String,
    /// `None` where it can't be read.
    pub cwd: Option<String>,
    /// Unix milliseconds at which it started.
    pub started_at: u64,
    pub rss_bytes: u64,
    /// Memory that it shares with nobody, in bytes; `None` where it can't be read.
    pub private_bytes: Option<u64>,
    /// Of one core, in thousandths, over the moment in which it was looked at; `None` where it can't be told.
    pub cpu_permille: Option<u32>,
    /// The session that it came from.
    pub session: LostSession,
    pub evidence: OrphanEvidence,
    /// Allowed only where the evidence is a proof.
    pub reap: Permit,
}

/// A session whose process has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LostSession {
    /// Its process; `None` where it was never seen.
    pub key: Option<ProcessKey>,
    pub session_id: Option<SessionId>,
    pub cwd: Option<String>,
    /// The last part of `cwd`.
    pub project: Option<String>,
    /// Unix milliseconds at which it was last seen to run, `None` where it was never seen.
    pub last_seen_at: Option<u64>,
}

/// Why a process is taken for an orphan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum OrphanEvidence {
    /// It is proved to descend from the session.
    Proof { descent: Descent },
    /// Something suggests it; that is no ground for ending it.
    Sign { sign: Sign },
}

/// The body of `POST /orphans/reap`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReapRequest {
    /// The processes that the caller saw, at most `BulkRequest::MOST`.
    pub keys: Vec<ProcessKey>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grace_ms: Option<Grace>,
}

/// What reaping came to, an item for each key in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reaped {
    /// False where an item was refused or still runs.
    pub ok: bool,
    pub items: Vec<ReapItem>,
    /// Private memory of those that ended, as it was read before, in bytes.
    pub private_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReapItem {
    pub key: ProcessKey,
    pub result: ReapResult,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum ReapResult {
    Ended { outcome: KillOutcome },
    Refused { code: Code, error: String },
}
