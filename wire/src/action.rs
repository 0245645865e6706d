//! Ending, interrupting, pausing: what is asked of one session or of many, and what came of it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Code, Pid, ProcessKey, Spared, TreeProcess, Unproven};

/// The body of `POST /sessions/:pid/kill`; every field may be left out.
// An unknown field is refused: a misspelt option of an irreversible action must not be ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KillRequest {
    /// The process that the caller saw; without it the pid's present owner is meant.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "named",
        default
    )]
    pub key: Option<ProcessKey>,
    /// How long the process may take to end by itself; the configured grace where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grace_ms: Option<Grace>,
    /// What descends from the session ends with it; true where absent.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub tree: bool,
}

impl Default for KillRequest {
    fn default() -> Self {
        Self {
            key: None,
            grace_ms: None,
            tree: true,
        }
    }
}

/// Reads a key that is there. Whoever says `null` has lost the process that was meant, and must not get its pid's present
/// owner instead.
fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ProcessKey>, D::Error> {
    ProcessKey::deserialize(deserializer).map(Some)
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference over"
)]
fn is_true(value: &bool) -> bool {
    *value
}

/// The time between SIGTERM and SIGKILL in milliseconds, at most 60,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace(u32);

impl Grace {
    pub const MAX_MS: u32 = 60_000;

    /// Returns the grace, or `None` where it is longer than a minute.
    pub fn from_millis(ms: u32) -> Option<Self> {
        (ms <= Self::MAX_MS).then_some(Self(ms))
    }

    pub fn as_millis(self) -> u32 {
        self.0
    }
}

impl Serialize for Grace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de> Deserialize<'de> for Grace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ms = u32::deserialize(deserializer)?;
        Self::from_millis(ms).ok_or_else(|| de::Error::custom("a grace is 0 to 60000 milliseconds"))
    }
}

/// What a kill came to, said after the fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Killed {
    /// False where a process is `still_running`.
    pub ok: bool,
    pub pid: Pid,
    pub key: ProcessKey,
    /// Of the session's own process.
    pub outcome: KillOutcome,
    /// Milliseconds from the first signal to the last outcome.
    pub took_ms: u64,
    /// Every process that was to end, the session's own first; each with its outcome.
    #[serde(default)]
    pub processes: Vec<TreeProcess>,
    /// Descendants that were left alone, each for what stands above it.
    #[serde(default)]
    pub spared: Vec<Spared>,
    /// What seems to belong to the session without a proof of descent; it was left alone.
    #[serde(default)]
    pub unproven: Vec<Unproven>,
    /// What the person should know, such as that the audit log could not be written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillOutcome {
    /// Ended by itself within the grace.
    Exited,
    /// Ended by SIGKILL.
    Killed,
    /// Had ended before it could be signalled.
    AlreadyGone,
    /// Has not ended although SIGKILL was sent: it sleeps in the kernel.
    StillRunning,
    #[serde(other)]
    Unknown,
}

/// The body of `POST /sessions/:pid/interrupt`, `/pause` and `/continue`; every field may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignalRequest {
    /// The process that the caller saw; without it the pid's present owner is meant.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "named",
        default
    )]
    pub key: Option<ProcessKey>,
}

/// What may be done to a running session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Kill,
    /// SIGINT to the session's own process: what it does is up to it.
    Interrupt,
    /// SIGSTOP to the session and what descends from it.
    Pause,
    /// SIGCONT to the same.
    Continue,
    #[serde(other)]
    Unknown,
}

/// What an interrupt, a pause or a continuation came to, said after the fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signalled {
    /// False for `undone`.
    pub ok: bool,
    pub pid: Pid,
    pub key: ProcessKey,
    pub act: Act,
    pub outcome: SignalOutcome,
    /// How many processes got the signal, the session's own included.
    pub processes: u32,
    /// What the person should know or do next.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalOutcome {
    /// It took the signal and goes on, stands still or runs again, as was asked.
    Done,
    /// It took the signal and has ended.
    Ended,
    AlreadyGone,
    /// It stood still and something else let it go on at once, as tmux does with a program of its own.
    Undone,
    #[serde(other)]
    Unknown,
}

/// The body of `POST /sessions/act`: one act on a selection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BulkRequest {
    pub act: Act,
    /// The processes that the caller saw, at most `BulkRequest::MOST`.
    pub keys: Vec<ProcessKey>,
    /// As in a kill; means nothing for the other acts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grace_ms: Option<Grace>,
    /// As in a kill; means nothing for the other acts.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub tree: bool,
}

impl BulkRequest {
    /// The longest selection.
    pub const MOST: usize = 200;
}

/// What an act on a selection came to, an item for each key in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkReport {
    /// False where one item's is.
    pub ok: bool,
    pub items: Vec<BulkItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkItem {
    pub key: ProcessKey,
    pub result: ActResult,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum ActResult {
    Killed {
        killed: Killed,
    },
    Signalled {
        signalled: Signalled,
    },
    /// Nothing was done; code and sentence as in an answer to a single request.
    Refused {
        code: Code,
        error: String,
    },
}

/// An action that is under way, as the live feed tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acting {
    /// The session or orphan that it is about.
    pub key: ProcessKey,
    pub act: Act,
    pub step: ActingStep,
    /// Processes of it that still run.
    pub alive: u32,
    /// Processes that it is about, as far as it is known.
    pub total: u32,
    /// Unix milliseconds at which it began.
    pub since: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActingStep {
    /// The session was asked to end and has its grace.
    Grace,
    /// What it left running was asked to end.
    Rest,
    /// What has not ended is being killed.
    Killing,
    #[serde(other)]
    Unknown,
}
