//! From evidence to a state: what a session is doing, since when, how certain that is and which rule decided.
//!
//! A pure fold, in falling order of trust. Says `Unknown` rather than guess.

mod written;

use std::time::Duration;

use crate::{
    ask::Ask,
    evidence::{Access, Evidence},
    id::UnixMillis,
    process::RunState,
    registry::Record,
    transcript::tail::{OpenTool, Turn},
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
    Stream,
    Registry,
    Hook,
    Transcript,
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
    /// We hold the session, and it says so.
    OwnStream,
    RegistryStatus,
    /// The registry has a status in a word that is not known here.
    RegistryWord,
    /// The registry is silent, and the newest word is a hook's.
    HookReport,
    /// Nothing was written since the process took up the conversation.
    NothingSince,
    OpenQuestion,
    OpenPlan,
    ToolRuns,
    /// A call that would have had its result by now has none, and no process of it runs.
    ToolWaits,
    /// A call that leaves no trace outside while it runs or waits.
    ToolOpen,
    ModelsTurn,
    AnswerFinished,
    /// The prompt is free, and something that was started in the background goes on.
    InBackground,
    Interrupted,
    TurnFailed,
    /// A dialog comes before the session has a prompt.
    FirstDialog,
    JustStarted,
    /// Its files are not ours to read.
    RegistrySealed,
    /// It is registered without a status.
    NoStatus,
    NoRecord,
}

/// A start takes about a second (2.1.329: the file after 650 ms, its status after 800 to 1,000 ms); ten
/// times that is not a start any more.
const START: Duration = Duration::from_secs(10);

/// The key file comes before the session file, by some 100 ms where no dialog comes between them; for so long it says nothing.
const KEY_FILE: Duration = Duration::from_secs(3);

/// Judges in falling order of trust: a stopped process can't have said anything since; then what a session that we hold says;
/// then the registry's status; then what the session wrote; then age.
pub fn judge(evidence: &Evidence<'_>) -> Verdict {
    if evidence.process.run_state == RunState::Stopped {
        return Verdict {
            state: State::Stopped,
            source: Source::Process,
            since: None,
            confidence: Confidence::Stated,
            rule: Rule::StoppedBySignal,
        };
    }
    if let Some(stream) = evidence.more.stream {
        return Verdict {
            state: stream.state,
            source: Source::Stream,
            since: Some(stream.since),
            confidence: Confidence::Stated,
            rule: Rule::OwnStream,
        };
    }
    if let Some(verdict) = evidence.record.and_then(by_status) {
        return written::corrected(verdict, evidence);
    }
    if let Some(verdict) = written::judge(evidence) {
        return verdict;
    }
    by_age(evidence)
}

/// The registry's own word, `None` where it has none.
fn by_status(record: &Record) -> Option<Verdict> {
    let state = stated(record.status.as_deref()?, record.waiting_for.as_deref());
    Some(Verdict {
        state: state.unwrap_or(State::Unknown),
        source: Source::Registry,
        since: record.status_updated_at,
        confidence: state.map_or(Confidence::Unknown, |_| Confidence::Stated),
        rule: state.map_or(Rule::RegistryWord, |_| Rule::RegistryStatus),
    })
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

fn by_age(evidence: &Evidence<'_>) -> Verdict {
    let verdict = |state, confidence, rule| Verdict {
        state,
        source: Source::Process,
        since: (state == State::Starting).then_some(evidence.started_at),
        confidence,
        rule,
    };
    let starting = |rule| verdict(State::Starting, Confidence::Inferred, rule);
    let unknown = |rule| verdict(State::Unknown, Confidence::Unknown, rule);
    let is_young = evidence.age() < START;
    // `claude --resume` registers before it lets its conversation be chosen (2.1.329).
    let wrote_nothing = || {
        evidence
            .more
            .tail
            .is_some_and(|tail| tail.turn() == Turn::Silent)
    };
    match evidence.record {
        Some(_) if is_young => starting(Rule::JustStarted),
        Some(_) if wrote_nothing() => starting(Rule::FirstDialog),
        Some(_) => unknown(Rule::NoStatus),
        None if evidence.has_key_file && evidence.age() >= KEY_FILE => starting(Rule::FirstDialog),
        None if is_young => starting(Rule::JustStarted),
        None if evidence.more.access == Access::Sealed => unknown(Rule::RegistrySealed),
        None => unknown(Rule::NoRecord),
    }
}

impl Verdict {
    /// What a session in this state asks of a person, as far as hook and transcript tell.
    pub fn ask(&self, evidence: &Evidence<'_>) -> Option<Ask> {
        let stream = evidence.more.stream;
        match self.state {
            State::WaitingPermission | State::WaitingInput if self.source == Source::Stream => {
                stream.and_then(|stream| stream.ask.clone())
            }
            State::WaitingPermission | State::WaitingInput => written::asked(self, evidence),
            State::Idle | State::Shell => evidence.more.tail?.question().cloned(),
            State::Starting
            | State::Working
            | State::WaitingDialog
            | State::Stopped
            | State::Unknown => None,
        }
    }

    /// From when on its subagents' transcripts were written that can change this or say what is asked; `None` where none
    /// can.
    pub fn agents_since(&self, evidence: &Evidence<'_>) -> Option<UnixMillis> {
        written::agents_since(self, evidence)
    }

    /// The call that a working session has under way.
    pub fn tool<'a>(&self, evidence: &Evidence<'a>) -> Option<&'a OpenTool> {
        match self.state {
            State::Working => evidence.more.tail?.open().first(),
            State::Starting
            | State::WaitingPermission
            | State::WaitingInput
            | State::WaitingDialog
            | State::Idle
            | State::Shell
            | State::Stopped
            | State::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::More,
        id::ProcessKey,
        process::{Namespace, Process},
    };

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
        judged(record, has_key_file, age_ms).state
    }

    fn judged(record: Option<&str>, has_key_file: bool, age_ms: u64) -> Verdict {
        let record = record.map(|text| Record::parse(1, text.as_bytes()).unwrap());
        judge(&Evidence {
            process: &process(RunState::Alive),
            record: record.as_ref(),
            has_key_file,
            started_at: UnixMillis(1_000),
            now: UnixMillis(1_000 + age_ms),
            more: &More::NOTHING,
        })
    }

    #[test]
    fn a_key_file_alone_is_a_dialog_once_a_start_would_be_over() {
        let rule = |age_ms| judged(None, true, age_ms).rule;
        assert_eq!(rule(900), Rule::JustStarted);
        assert_eq!(rule(4_000), Rule::FirstDialog);
        assert_eq!(rule(3_600_000), Rule::FirstDialog);
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
        assert_eq!(without_status(sdk, true, 500), State::Starting);
        assert_eq!(without_status(sdk, true, 3_600_000), State::Unknown);
        assert_eq!(
            without_status(Some(r#"{"status":"dreaming"}"#), true, 500),
            State::Unknown
        );
    }
}
