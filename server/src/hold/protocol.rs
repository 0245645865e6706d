//! What a holder and its clients say to each other: one JSON object a line, over a socket in our state directory.
//!
//! The two may be of different versions: a holder lives as long as its session, and the server is updated meanwhile. So
//! `PROTOCOL` is raised by whatever the other side could not bear, and what is not known is passed over.

use serde::{Deserialize, Serialize};
use wire::{
    Approval, Caller, Code, DecidedBy, DecisionOutcome, Delta, DriveOutcome, Event, HolderKind,
    Key, Picture, Pid, ProcessKey, RequestId, SessionId, State,
};

/// The protocol that this version speaks.
pub const PROTOCOL: u32 = 1;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Asked {
    /// Say now, and whenever it changes, what the session is doing.
    Watch,
    /// Send the events after this one, then those that come, and deltas between them.
    Follow { after: u64 },
    /// Show what a terminal shows, and whatever changes it, on one of this size.
    Attach { columns: u16, rows: u16 },
    /// Tell what a terminal shows as soon as it is not `after` any more, with so many lines of what has left it, once.
    Look { after: Option<u64>, above: u32 },
    /// Do something, and reply under the same number.
    Do { id: u64, by: Caller, what: Do },
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Do {
    Message {
        text: String,
        uuid: Option<String>,
    },
    Interrupt,
    /// Interrupt, keep what there is, and end the session.
    Cancel,
    Model {
        model: String,
    },
    PermissionMode {
        permission_mode: String,
    },
    Rename {
        name: String,
    },
    Decide {
        id: RequestId,
        decision: DecisionOutcome,
        /// `Rule` where it is a rule of a person's that the decision was made into meanwhile.
        decided_by: DecidedBy,
        reason: Option<String>,
        answers: std::collections::BTreeMap<String, String>,
        permission_mode: Option<String>,
    },
    /// To a terminal: bytes as base64 of what is typed.
    Type {
        bytes: String,
    },
    /// To a terminal: a text, pasted, and then keys.
    Keys {
        text: Option<String>,
        keys: Vec<Key>,
    },
    Resize {
        columns: u16,
        rows: u16,
    },
    #[serde(other)]
    Unknown,
}

/// What a holder says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Told {
    /// The first line to every client.
    Hello {
        protocol: u32,
        version: String,
        kind: HolderKind,
        /// The holder's own process.
        pid: Pid,
    },
    /// To a client that watches.
    Now(Now),
    Events {
        events: Vec<Event>,
    },
    Delta {
        delta: Delta,
    },
    /// All that there was has been sent to a client that follows.
    Caught {
        seq: u64,
    },
    /// What a terminal shows was changed by these bytes, base64.
    Screen {
        bytes: String,
    },
    /// What a terminal shows, all of it.
    Picture(Picture),
    Reply {
        id: u64,
        reply: Reply,
    },
    /// The session has ended, its log is complete, and the holder goes.
    End,
    #[serde(other)]
    Unknown,
}

/// A held session at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Now {
    /// The conversation that is open now; `/clear` makes it another one than the session was started with.
    pub session_id: SessionId,
    /// The Claude Code process.
    pub key: ProcessKey,
    pub cwd: String,
    pub name: Option<String>,
    pub state: State,
    /// Unix milliseconds.
    pub since: u64,
    pub model: Option<String>,
    pub permission_mode: Option<String>,
    /// The newest event's number.
    pub seq: u64,
    /// All that is asked and not decided, oldest first.
    pub approvals: Vec<Approval>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Reply {
    Done {
        outcome: DriveOutcome,
        seq: u64,
        uuid: Option<String>,
        note: Option<String>,
    },
    Decided {
        outcome: DecisionOutcome,
        /// What whoever decided should know; older holders have nothing to say.
        #[serde(default)]
        note: Option<String>,
    },
    Refused {
        code: Code,
        sentence: String,
    },
}
