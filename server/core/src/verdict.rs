//! From evidence to a state: what a session is doing, since when, and what that rests on.
//!
//! Says `Unknown` rather than guess.

use std::time::Duration;

use crate::{
    id::UnixMillis,
    process::{Process, RunState},
    registry::Record,
};

/// What a session is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Starting,
    Working,
    WaitingPermission,
    WaitingInput,
    WaitingDialog,
    Idle,
    Shell,
    Stopped,
    Unknown,
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Registry,
    Process,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub state: State,
    pub source: Source,
    /// `None` where nothing recorded the change.
    pub since: Option<UnixMillis>,
    pub confidence: Confidence,
    pub rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    /// The session itself or the kernel says so.
    Stated,
    /// It follows from what the session wrote and what its process does.
    Inferred,
    /// Nothing tells.
    Unknown,
}

/// What decided, in the order in which the rules are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    StoppedBySignal,
    RegistryStatus,
    /// The registry has a status in a word that is not known here.
    RegistryWord,
    /// A dialog comes before the session registers.
    FirstDialog,
    JustStarted,
    /// Its files are not ours to read.
    RegistrySealed,
    /// It is registered without a status.
    NoStatus,
    NoRecord,
}

/// All that is known of one session when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub process: &'a Process,
    pub record: Option<&'a Record>,
    /// A `<pid>.<hash>.key` file at least as young as the process: it has got as far as its first dialog.
    pub has_key_file: bool,
    pub started_at: UnixMillis,
    pub now: UnixMillis,
    pub more: &'a More<'a>,
}

/// What is looked up beside process and registry.
#[derive(Clone, Copy, Debug, Default)]
pub struct More<'a> {
    /// The files of the process's user are not ours to read.
    pub sealed: bool,
    pub unused: std::marker::PhantomData<&'a ()>,
}

impl More<'_> {
    /// Where only process and registry are looked at.
    pub const NOTHING: More<'static> = More {
        sealed: false,
        unused: std::marker::PhantomData,
    };
}

/// A start takes about a second (2.1.329: the file after 650 ms, its status after 800 to 1,000 ms); ten
/// times that is not a start any more.
const START: Duration = Duration::from_secs(10);

/// Judges in falling order of trust: a stopped process can't have changed its file since; then the
/// registry's status; then age.
pub fn judge(evidence: &Evidence<'_>) -> Verdict {
    let from_process = |state, since, confidence, rule| Verdict {
        state,
        source: Source::Process,
        since,
        confidence,
        rule,
    };
    let starting = |rule| {
        let since = Some(evidence.started_at);
        from_process(State::Starting, since, Confidence::Inferred, rule)
    };
    let unknown = |rule| from_process(State::Unknown, None, Confidence::Unknown, rule);
    if evidence.process.run_state == RunState::Stopped {
        let (state, rule) = (State::Stopped, Rule::StoppedBySignal);
        return from_process(state, None, Confidence::Stated, rule);
    }
    let young = evidence.now.saturating_since(evidence.started_at) < START;
    match evidence.record {
        Some(record) => match record.status.as_deref() {
            Some(status) => {
                let known = stated(status, record.waiting_for.as_deref());
                Verdict {
                    state: known.unwrap_or(State::Unknown),
                    source: Source::Registry,
                    since: record.status_updated_at,
                    confidence: known.map_or(Confidence::Unknown, |_| Confidence::Stated),
                    rule: known.map_or(Rule::RegistryWord, |_| Rule::RegistryStatus),
                }
            }
            // The Agent SDK's sessions never write a status.
            None if young && record.entrypoint.as_deref() == Some("cli") => {
                starting(Rule::JustStarted)
            }
            None => unknown(Rule::NoStatus),
        },
        None if evidence.has_key_file => starting(Rule::FirstDialog),
        None if young => starting(Rule::JustStarted),
        None if evidence.more.sealed => unknown(Rule::RegistrySealed),
        None => unknown(Rule::NoRecord),
    }
}

/// Translates the registry's words (2.1.329).
fn stated(status: &str, waiting_for: Option<&str>) -> Option<State> {
    Some(match status {
        "busy" => State::Working,
        "idle" => State::Idle,
        "shell" => State::Shell,
        "waiting" => match waiting_for {
            Some("permission prompt" | "sandbox request" | "worker request") => {
                State::WaitingPermission
            }
            Some("dialog open") => State::WaitingDialog,
            // "input needed", "goal proposal", and what later versions may add: a person is asked.
            _ => State::WaitingInput,
        },
        _ => return None,
    })
}

/// How long a session may be silent before that is worth a mark.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub stuck_after: Duration,
    pub abandoned_after: Duration,
}

/// The marks beside a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    None,
    /// Works without progress.
    Stuck,
    /// At the prompt, untouched.
    Abandoned,
}

/// Marks a silence. `has_children`: a tool, a server or a shell of the session runs, so silence is no
/// proof of a hang.
pub fn mark(state: State, silence: Duration, has_children: bool, patience: Patience) -> Mark {
    match state {
        State::Working if silence >= patience.stuck_after && !has_children => Mark::Stuck,
        State::Idle | State::Shell if silence >= patience.abandoned_after => Mark::Abandoned,
        State::Working
        | State::Idle
        | State::Starting
        | State::WaitingPermission
        | State::WaitingInput
        | State::WaitingDialog
        | State::Shell
        | State::Stopped
        | State::Unknown => Mark::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::ProcessKey, process::Namespace};

    fn process(run_state: RunState) -> Process {
        Process {
            key: ProcessKey {
                pid: 17723,
                start_ticks: 137_388,
            },
            ppid: 1,
            uid: 1000,
            namespace: Namespace::Ours,
            comm: "claude".to_owned(),
            run_state,
            rss_pages: 1,
            cpu_ticks: 0,
            argv: vec!["claude".to_owned()],
            exe: None,
            cwd: None,
            wchan: None,
        }
    }

    fn check(file: &[u8], run_state: RunState, expected: State, source: Source) {
        let pid = serde_json::from_slice::<serde_json::Value>(file).unwrap()["pid"]
            .as_u64()
            .unwrap();
        let record = Record::parse(u32::try_from(pid).unwrap(), file).unwrap();
        let verdict = judge(&Evidence {
            process: &process(run_state),
            record: Some(&record),
            has_key_file: true,
            started_at: UnixMillis(1_795_225_699_449),
            now: UnixMillis(1_795_229_999_999),
            more: &More::NOTHING,
        });
        assert_eq!((verdict.state, verdict.source), (expected, source));
        let since = if source == Source::Registry {
            record.status_updated_at
        } else {
            None
        };
        assert_eq!(verdict.since, since);
    }

    macro_rules! captured {
        ($name:literal) => {
            include_bytes!(concat!("../testdata/registry/", $name, ".json"))
        };
    }

    #[test]
    fn the_registrys_own_words_decide() {
        let alive = |file: &[u8], state| check(file, RunState::Alive, state, Source::Registry);
        alive(
            captured!("busy-None-interactive-cli-2.1.329"),
            State::Working,
        );
        alive(
            captured!("busy-None-interactive-cli-2.1.197"),
            State::Working,
        );
        alive(
            captured!("busy-None-interactive-sdk-cli-2.1.329"),
            State::Working,
        );
        alive(captured!("idle-None-interactive-cli-2.1.329"), State::Idle);
        alive(
            captured!("shell-None-interactive-cli-2.1.329"),
            State::Shell,
        );
        alive(
            captured!("waiting-dialog_open-interactive-cli-2.1.329"),
            State::WaitingDialog,
        );
        alive(
            captured!("waiting-input_needed-interactive-cli-2.1.329"),
            State::WaitingInput,
        );
        alive(
            captured!("waiting-permission_prompt-interactive-cli-2.1.329"),
            State::WaitingPermission,
        );
    }

    #[test]
    fn a_stopped_process_can_not_have_written_since() {
        let file = captured!("busy-None-interactive-cli-2.1.329");
        check(file, RunState::Stopped, State::Stopped, Source::Process);
    }

    fn without_status(record: Option<&str>, has_key_file: bool, age_ms: u64) -> State {
        let record = record.map(|text| Record::parse(1, text.as_bytes()).unwrap());
        judge(&Evidence {
            process: &process(RunState::Alive),
            record: record.as_ref(),
            has_key_file,
            started_at: UnixMillis(1_000),
            now: UnixMillis(1_000 + age_ms),
            more: &More::NOTHING,
        })
        .state
    }

    #[test]
    fn without_a_status_only_a_start_is_certain() {
        assert_eq!(without_status(None, false, 500), State::Starting);
        assert_eq!(without_status(None, true, 3_600_000), State::Starting);
        assert_eq!(without_status(None, false, 3_600_000), State::Unknown);
        let cli = Some(r#"{"entrypoint":"cli"}"#);
        let sdk = Some(r#"{"entrypoint":"sdk-ts"}"#);
        assert_eq!(without_status(cli, true, 500), State::Starting);
        assert_eq!(without_status(cli, true, 3_600_000), State::Unknown);
        assert_eq!(without_status(sdk, true, 500), State::Unknown);
        assert_eq!(
            without_status(Some(r#"{"status":"dreaming"}"#), true, 500),
            State::Unknown
        );
    }

    #[test]
    fn silence_is_marked_only_where_it_means_something() {
        let patience = Patience {
            stuck_after: Duration::from_secs(10),
            abandoned_after: Duration::from_secs(20),
        };
        let at = |state, seconds, children| {
            mark(state, Duration::from_secs(seconds), children, patience)
        };
        assert_eq!(at(State::Working, 9, false), Mark::None);
        assert_eq!(at(State::Working, 10, false), Mark::Stuck);
        assert_eq!(at(State::Working, 10, true), Mark::None);
        assert_eq!(at(State::Idle, 19, false), Mark::None);
        assert_eq!(at(State::Idle, 20, true), Mark::Abandoned);
        assert_eq!(at(State::WaitingPermission, 999, false), Mark::None);
        assert_eq!(at(State::Shell, 999, true), Mark::Abandoned);
    }
}
