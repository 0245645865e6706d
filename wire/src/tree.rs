//! What descends from a session: what a kill would end or has ended, what it leaves alone, and why.

use serde::{Deserialize, Serialize};

use crate::{KillOutcome, Pid, ProcessKey};

/// The answer to `GET /sessions/:pid/tree`: what a kill would do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tree {
    /// Always true.
    pub ok: bool,
    pub pid: Pid,
    pub key: ProcessKey,
    /// Every process that would end, the session's own first.
    pub processes: Vec<TreeProcess>,
    pub spared: Vec<Spared>,
    pub unproven: Vec<Unproven>,
    /// Memory that nobody else shares, over `processes`, in bytes: what ending them gives back. `None` where it can't
    /// be read.
    pub private_bytes: Option<u64>,
}

/// A process that is proved to descend from a session, or is the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TreeProcess {
    pub key: ProcessKey,
    /// Its arguments separated by spaces, cut where they are long; its name where it has none.
    pub command: String,
    pub proof: Descent,
    pub rss_bytes: u64,
    /// Memory that it shares with nobody, in bytes; `None` where it can't be read.
    pub private_bytes: Option<u64>,
    /// How it ended; `None` as long as it is only planned.
    pub outcome: Option<KillOutcome>,
}

/// What proves that a process descends from a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Descent {
    /// It is the session's own process.
    Root,
    /// Its parent is such a process.
    Child { of: ProcessKey },
    /// It is in a kernel session (setsid(2)) that such a process leads or led.
    Session { leader: ProcessKey },
    /// It is in a process group (setpgid(2)) that such a process leads or led.
    Group { leader: ProcessKey },
    /// It was seen to descend from it at `at`, Unix milliseconds, and its parent has ended since.
    Seen { at: u64 },
}

/// A descendant that is left alone, and with it all that descends from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spared {
    pub key: ProcessKey,
    pub command: String,
    pub reason: SpareReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpareReason {
    /// A Claude Code session of its own, what it runs in, or a daemon that others use.
    OtherSession,
    /// A tmux or screen server: terminals of others may be in it.
    TerminalServer,
    /// Another user's process.
    OtherUser,
    /// This server, what it runs in, or what holds sessions for it.
    Protected,
    #[serde(other)]
    Unknown,
}

/// A process that seems to belong to a session, without a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unproven {
    pub key: ProcessKey,
    pub command: String,
    pub sign: Sign,
    pub rss_bytes: u64,
}

/// What suggests, and does not prove, that a process descends from a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Sign {
    /// It was started with this variable in its environment. So is whatever is started from a terminal that was opened
    /// from within the session.
    Environment { variable: String },
    /// It is in a kernel session or process group that a descendant led, and so is something that is spared.
    SharedGroup { leader: ProcessKey },
}
