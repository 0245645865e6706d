//! Why a session is said to be in its state.

use serde::{Deserialize, Serialize};

use crate::{Confidence, Pid, ProcessKey, State, StateSource};

/// The answer to `GET /sessions/:pid/why`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// Always true.
    pub ok: bool,
    pub pid: Pid,
    pub key: ProcessKey,
    pub state: State,
    pub state_source: StateSource,
    /// Unix milliseconds, `None` where nothing recorded it.
    pub state_since: Option<u64>,
    pub confidence: Confidence,
    pub rule: Rule,
    /// The rule, and for an unknown state what could be done, in one or two sentences.
    pub reason: String,
    /// Everything that was looked at, in falling order of trust.
    pub evidence: Vec<Evidence>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    pub source: StateSource,
    /// What it says, in one sentence; or why it says nothing.
    pub says: String,
    /// Unix milliseconds at which it came to say so, `None` where that is not recorded or it says nothing.
    pub at: Option<u64>,
    /// The verdict rests on it.
    pub decided: bool,
}

/// What decides on a state. The order is that in which the rules are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    StoppedBySignal,
    /// We hold the session, and its own words say so.
    OwnStream,
    RegistryStatus,
    RegistryWord,
    HookReport,
    NothingSince,
    OpenQuestion,
    OpenPlan,
    ToolRuns,
    ToolWaits,
    ToolOpen,
    ModelsTurn,
    AnswerFinished,
    InBackground,
    Interrupted,
    TurnFailed,
    FirstDialog,
    JustStarted,
    RegistrySealed,
    NoStatus,
    NoRecord,
    #[serde(other)]
    Unknown,
}

impl Rule {
    /// Every rule that a server of this version knows, in the order in which they are tried.
    pub const ALL: [Self; 21] = [
        Self::StoppedBySignal,
        Self::OwnStream,
        Self::RegistryStatus,
        Self::RegistryWord,
        Self::HookReport,
        Self::NothingSince,
        Self::OpenQuestion,
        Self::OpenPlan,
        Self::ToolRuns,
        Self::ToolWaits,
        Self::ToolOpen,
        Self::ModelsTurn,
        Self::AnswerFinished,
        Self::InBackground,
        Self::Interrupted,
        Self::TurnFailed,
        Self::FirstDialog,
        Self::JustStarted,
        Self::RegistrySealed,
        Self::NoStatus,
        Self::NoRecord,
    ];

    /// The rule for people, so that page, API and terminal word it alike.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::StoppedBySignal => "The kernel says that the process is stopped by a signal.",
            Self::OwnStream => "This server started the session, and is told by it.",
            Self::RegistryStatus => "Claude Code's own file for this session says so.",
            Self::RegistryWord => {
                "Claude Code's own file has a status that this version does not know."
            }
            Self::HookReport => {
                "Claude Code's own file has no status; the session's last hook says so."
            }
            Self::NothingSince => {
                "The process took the conversation up and has written nothing in it since."
            }
            Self::OpenQuestion => "The transcript ends with a question that has no answer yet.",
            Self::OpenPlan => "The transcript ends with a plan that has not been decided on yet.",
            Self::ToolRuns => "The transcript ends with a tool call, and something runs for it.",
            Self::ToolWaits => {
                "The transcript ends with a tool call, and nothing runs for it: it waits to be allowed."
            }
            Self::ToolOpen => {
                "The transcript ends with a tool call that shows no trace outside: it runs, or waits to be allowed."
            }
            Self::ModelsTurn => {
                "The transcript ends with a prompt or a result: it is the model's turn."
            }
            Self::AnswerFinished => "The transcript ends with a finished answer.",
            Self::InBackground => {
                "The prompt is free, and something that was started in the background goes on."
            }
            Self::Interrupted => "The transcript ends with an interruption.",
            Self::TurnFailed => "The transcript ends with an error of the API.",
            Self::FirstDialog => {
                "It has no prompt yet: it starts, or shows a dialog, for trust, a key or what to resume."
            }
            Self::JustStarted => "It has started within the last seconds.",
            Self::RegistrySealed => {
                "Its files are not ours to read; run the server as that user, or as root."
            }
            Self::NoStatus => "Its file has no status, and no transcript of it tells more.",
            Self::NoRecord => {
                "No file of Claude Code names this process; name its home in the configuration."
            }
            Self::Unknown => "This page is older than the server and does not know its reason.",
        }
    }
}
