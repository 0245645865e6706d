//! Kill and resume: what is asked and what came of it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Pid, ProcessKey, SessionId};

/// The body of `POST /sessions/:pid/kill`; every field may be left out.
// An unknown field is refused: a misspelt option of an irreversible action must not be ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KillRequest {
    /// The process that the caller saw; without it the pid's present owner is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<ProcessKey>,
    /// How long the process may take to end by itself; the configured grace where absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub grace_ms: Option<Grace>,
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
    /// False for `still_running`.
    pub ok: bool,
    pub pid: Pid,
    pub key: ProcessKey,
    pub outcome: KillOutcome,
    /// Milliseconds from the first signal to the outcome.
    pub took_ms: u64,
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

/// The body of `POST /sessions/resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumeRequest {
    pub session_id: SessionId,
    /// Used where the transcript names no directory of its own; absolute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cwd: Option<String>,
    /// Taken from 1.x clients and ignored: the configured user runs the session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<String>,
}

/// A conversation that lives again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// Always true.
    pub ok: bool,
    pub session_id: SessionId,
    /// The Claude Code process, not the terminal around it.
    pub pid: Pid,
    pub key: ProcessKey,
    pub holder: Holder,
    /// What the person should know, such as that a dialog waits for an answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// What keeps the session's terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Holder {
    /// A detached tmux session; `attach` is the command that shows it.
    Tmux { session: String, attach: String },
}
