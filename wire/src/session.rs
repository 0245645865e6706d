//! One session as the list shows it: live (`Session`) or remembered by its transcript (`RecentSession`).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Ask, Code, HolderKind, Pid, ProcessKey, Rule, SessionId};

/// A live Claude Code process. The first nine fields are those of the 1.x API and keep its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub pid: Pid,
    /// The owner's login name, or the uid in digits where it has none.
    pub user: String,
    /// The working directory, `"unknown"` where neither the kernel nor the registry tells.
    pub cwd: String,
    /// The last part of `cwd`, `"unknown"` with it.
    pub project: String,
    /// `elapsed_sec` for people: `"12s"`, `"4m 7s"`, `"2h 5m"`.
    pub elapsed: String,
    /// Whole seconds since the process started.
    pub elapsed_sec: u64,
    /// The kernel function that the main thread sleeps in (proc(5)), `"0"` where it is not shown.
    pub wchan: String,
    pub status: Status,
    /// `None` while nothing names the conversation. Of a version without registry files it is inferred: the one that only
    /// this process can be writing.
    pub session_id: Option<SessionId>,
    pub key: ProcessKey,
    pub state: State,
    /// What a waiting session waits for, in Claude Code's own words (`"permission prompt"`).
    pub waiting_for: Option<String>,
    pub state_source: StateSource,
    /// Unix milliseconds at which `state` began, `None` where nothing recorded it.
    pub state_since: Option<u64>,
    pub confidence: Confidence,
    /// What decided on `state`; `Rule::sentence` says it for people.
    pub rule: Rule,
    /// What the session asks of a person, `None` where it asks nothing or nothing tells what.
    pub ask: Option<Ask>,
    /// The call that a working session has under way, `None` where there is none or nothing tells.
    pub tool: Option<RunningTool>,
    /// Works, but has shown no progress for longer than the configured time.
    pub stuck: bool,
    /// Sits at its prompt and has not been touched for longer than the configured time.
    pub abandoned: bool,
    /// At its prompt, and its last answer ends with a question.
    pub asks: bool,
    /// Unix milliseconds: the latest of transcript growth, registry change and process start.
    pub last_activity_at: u64,
    /// The name that Claude Code gave the session, or the user did with `/rename`.
    pub name: Option<String>,
    /// The conversation's title, as its transcript has it.
    pub title: Option<String>,
    pub git_branch: Option<String>,
    /// Claude Code's version.
    pub version: Option<String>,
    /// `interactive`, `bg`, ... as the registry says.
    pub kind: Option<String>,
    /// `cli`, `sdk-cli` (`claude -p`), `sdk-ts` (Agent SDK), ... as the registry says.
    pub entrypoint: Option<String>,
    /// Unix milliseconds at which the process started.
    pub started_at: u64,
    /// Resident memory of the process itself, without its children.
    pub rss_bytes: u64,
    /// The home whose registry lists the session, `None` where none does.
    pub home: Option<String>,
    /// `<session>:@<window>.%<pane>` inside tmux.
    pub tmux: Option<String>,
    /// Other processes that have the same conversation open: they write to one transcript. Empty where there are none.
    #[serde(default)]
    pub twin_of: Vec<ProcessKey>,
    /// How it is held where it can be talked to from here: by a holder of ours, or by the user's own tmux, whoever has started it
    /// there. `None` for any other.
    #[serde(default)]
    pub holder: Option<HolderKind>,
    pub actions: Actions,
}

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Has not said anything yet: starting up, or at the trust or API-key dialog.
    Starting,
    Working,
    /// Asks whether it may use a tool, or whether a plan is approved.
    WaitingPermission,
    /// Has put a question.
    WaitingInput,
    /// A dialog is open (`/model`, ...).
    WaitingDialog,
    /// At the prompt.
    Idle,
    /// At the prompt while a background shell still runs.
    Shell,
    /// Stopped by a signal (Ctrl-Z, SIGSTOP).
    Stopped,
    Exited,
    /// Nothing tells, or a newer server says what this program does not know.
    #[serde(other)]
    Unknown,
}

/// What a verdict on a state rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateSource {
    Stream,
    Hook,
    Registry,
    Transcript,
    Process,
    #[serde(other)]
    Unknown,
}

/// How certain a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The session itself or the kernel says so.
    Stated,
    /// It follows from what the session wrote and what its process does.
    Inferred,
    /// Nothing tells.
    #[serde(other)]
    Unknown,
}

/// A tool call without a result yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningTool {
    /// `Bash`, `Edit`, `mcp__server__tool`, ...
    pub name: String,
    /// Its main input for people, such as the command; cut where it is long.
    pub input: String,
    /// Unix milliseconds at which it was called, `None` where its line has no time.
    pub since: Option<u64>,
}

/// The three words of the 1.x API, derived from `State`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Active,
    Idle,
    Stuck,
    #[serde(other)]
    Unknown,
}

/// What may be done to a session, decided before anyone asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Actions {
    /// To signal it in any way: kill, interrupt, pause, continue.
    pub kill: Permit,
}

/// `true` on the wire, or the code and sentence of the refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permit {
    Allowed,
    Refused { code: Code, error: String },
}

impl Serialize for Permit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        match self {
            Self::Allowed => serializer.serialize_bool(true),
            Self::Refused { code, error } => {
                let mut refusal = serializer.serialize_struct("Refused", 2)?;
                refusal.serialize_field("code", code)?;
                refusal.serialize_field("error", error)?;
                refusal.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Permit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PermitVisitor;

        impl<'de> serde::de::Visitor<'de> for PermitVisitor {
            type Value = Permit;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, or an object with code and error")
            }

            fn visit_bool<E: serde::de::Error>(self, allowed: bool) -> Result<Permit, E> {
                if allowed {
                    Ok(Permit::Allowed)
                } else {
                    Err(E::custom("a refusal says why"))
                }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Permit, A::Error> {
                #[derive(Deserialize)]
                struct Refusal {
                    code: Code,
                    error: String,
                }
                let source = serde::de::value::MapAccessDeserializer::new(map);
                let Refusal { code, error } = Refusal::deserialize(source)?;
                Ok(Permit::Refused { code, error })
            }
        }

        deserializer.deserialize_any(PermitVisitor)
    }
}

/// The answer to `GET /sessions?scope=recent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentList {
    /// Newest first.
    pub sessions: Vec<RecentSession>,
}

/// A conversation that a transcript remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentSession {
    pub session_id: SessionId,
    /// The first working directory that the transcript names, `None` where it names none.
    pub cwd: Option<String>,
    /// The last part of `cwd`.
    pub project: Option<String>,
    pub title: Option<String>,
    pub git_branch: Option<String>,
    pub last_prompt: Option<String>,
    /// Unix milliseconds of the file's last change.
    pub last_activity_at: u64,
    /// The file's own size, compressed where it is.
    pub size_bytes: u64,
    /// The transcript is compressed; resuming restores it first.
    pub archived: bool,
    /// The process that has this conversation open now.
    pub live: Option<ProcessKey>,
}
