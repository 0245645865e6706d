//! What a hook, or our own command line, and a server say to each other: one JSON object a line, over a socket in our state
//! directory.
//!
//! The two may be of different versions: the program is replaced while sessions run. What is not known is passed over, and a
//! hook that understands nothing lets the terminal decide.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::{Approval, Code, DecisionOutcome, RequestId, SessionId};

/// What a hook says, or the command line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Said {
    /// Claude Code asks; the line stays open for as long as the hook lives.
    Ask { ask: Asking },
    /// Something happened by which what was asked may be answered.
    Happened { event: Happened },
    /// What was decided has been handed to Claude Code.
    Delivered,
    /// What is asked?
    List,
    /// A person has decided.
    Decide { decide: Deciding },
    #[serde(other)]
    Unknown,
}

/// A person's decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deciding {
    pub id: RequestId,
    pub session_id: SessionId,
    pub decision: DecisionOutcome,
    pub reason: Option<String>,
    pub answers: BTreeMap<String, String>,
    pub permission_mode: Option<String>,
}

/// One request of a session, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asking {
    pub session_id: SessionId,
    /// The subagent that asks, `None` for the conversation itself.
    pub agent: Option<String>,
    /// Nobody can answer in a terminal while the hook waits: none is there, or it shows nothing before the hook has ended.
    pub blocks: bool,
    /// Unix milliseconds.
    pub at: u64,
    pub cwd: String,
    pub transcript_path: Option<String>,
    /// The Claude Code process; `None` where none was found above the hook.
    pub process: Option<Process>,
    /// The hook's own process.
    pub hook: Process,
    pub tool: String,
    pub input: Value,
}

/// A process, and the pid namespace in which its number counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    pub pid: u32,
    pub start_ticks: u64,
    pub namespace: String,
}

/// An event of a session that may answer what it asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Happened {
    pub session_id: SessionId,
    pub agent: Option<String>,
    /// Unix milliseconds.
    pub at: u64,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum What {
    /// A tool has run, or has failed.
    Ran {
        tool: String,
        /// `None` where it was too long.
        input: Option<Value>,
    },
    /// The turn is over.
    Stopped,
    /// A person has said something, or the session has ended: nothing of what it asked stands open.
    Over,
    #[serde(other)]
    Unknown,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Told {
    /// Somebody may answer within this time.
    Wait { millis: u64 },
    /// It is decided. What is to be printed, as Claude Code wants it.
    Decided { output: Value },
    /// The terminal decides.
    Released,
    /// All that is asked, oldest first.
    Open { approvals: Vec<Approval> },
    /// The decision counts.
    Done,
    /// It does not.
    Refused { code: Code, sentence: String },
    #[serde(other)]
    Unknown,
}

/// The longest line, in bytes: a payload, all of it escaped once more.
pub const LINE: usize = 8 << 20;

/// A line as it is sent.
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("the protocol has string keys only");
    line.push(b'\n');
    line
}
