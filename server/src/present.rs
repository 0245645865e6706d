//! Turns what the core decided into values on the wire; the only file that knows both.

pub mod act;
mod ask;
pub mod audit;
pub mod cleanup;
pub mod orphan;
pub mod rule;
pub mod said;
pub mod why;

pub use self::ask::{ask as asked, core_ask, refused_mode, unanswered};

use std::time::Duration;

use session_core::{
    ask::Ask,
    evidence::Evidence,
    id::UnixMillis,
    inventory::Session,
    kill::{Refusal, Target, Ward},
    mark::{self, Life, Mark, Patience},
    transcript::Digest,
    verdict::{self, Verdict},
};
use wire::{
    Actions, Code, Confidence, Context, Permit, Pid, ProcessKey, RecentSession, Rule, SessionId,
    State, StateSource, Status,
};

use crate::{
    observe::transcript::{Transcript, recent::Brief},
    service::ServiceError,
};

/// Everything that a row says, gathered.
#[derive(Debug)]
pub struct RowFacts<'a> {
    pub session: &'a Session,
    pub evidence: &'a Evidence<'a>,
    pub verdict: &'a Verdict,
    pub user: String,
    /// The home whose registry lists the session.
    pub home: Option<String>,
    pub title: Option<String>,
    pub git_branch: Option<String>,
    /// What it has open, or is taken to write.
    pub conversation: Option<&'a session_core::id::SessionId>,
    /// The latest of transcript growth, registry change and process start.
    pub touched_at: UnixMillis,
    pub life: Life,
    pub patience: Patience,
    pub page_bytes: u64,
    pub kill: Result<Target, Refusal>,
    /// How it is held, `None` where it can't be talked to from here.
    pub holder: Option<wire::HolderKind>,
}

/// Builds a row, `None` where the pid is beyond what the kernel gives out.
pub fn row(facts: RowFacts<'_>) -> Option<wire::Session> {
    let RowFacts {
        session,
        verdict,
        touched_at,
        ..
    } = facts;
    let now = session.seen_at;
    let process = &session.process;
    let record = session.record.as_ref().map(|record| &record.what);
    let key = key(session.key())?;
    let silence = now.saturating_since(touched_at);
    let mark = mark::mark(verdict.state, silence, facts.life, facts.patience);
    let asked = verdict.ask(facts.evidence);
    let state = state(verdict.state);
    let (elapsed_sec, elapsed) = elapsed_since(session.started_at, now);
    let cwd = session.cwd().unwrap_or("unknown").to_owned();
    let known = |field: fn(&session_core::registry::Record) -> &Option<String>| {
        record.and_then(|record| field(record).clone())
    };
    Some(wire::Session {
        pid: key.pid,
        project: project(&cwd).to_owned(),
        cwd,
        elapsed,
        elapsed_sec,
        wchan: process.wchan.clone().unwrap_or_else(|| "0".to_owned()),
        status: status(state, mark, silence, facts.patience),
        session_id: facts.conversation.map(session_id),
        key,
        state,
        waiting_for: known(|record| &record.waiting_for),
        state_source: source(verdict.source),
        state_since: verdict.since.map(|since| since.0),
        confidence: confidence(verdict.confidence),
        rule: rule(verdict.rule),
        tool: verdict.tool(facts.evidence).map(ask::tool),
        stuck: mark == Mark::Stuck,
        abandoned: mark == Mark::Abandoned,
        asks: matches!(asked, Some(Ask::Text { .. })),
        ask: asked.map(ask::ask),
        last_activity_at: touched_at.0,
        name: known(|record| &record.name),
        title: facts.title,
        git_branch: facts.git_branch,
        version: known(|record| &record.version),
        kind: known(|record| &record.kind),
        entrypoint: known(|record| &record.entrypoint),
        started_at: session.started_at.0,
        rss_bytes: process.rss_pages.saturating_mul(facts.page_bytes),
        home: facts.home,
        tmux: known(|record| &record.tmux),
        // What only all rows together tell.
        twin_of: Vec::new(),
        holder: facts.holder,
        actions: Actions {
            kill: permit(facts.kill, key.pid, &facts.user),
        },
        user: facts.user,
    })
}

/// The last part of a directory, `/` for the root.
pub fn project(cwd: &str) -> &str {
    let trimmed = cwd.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        None | Some("") => cwd,
        Some(name) => name,
    }
}

/// How long something has run, in seconds and for people.
pub fn elapsed_since(started_at: UnixMillis, now: UnixMillis) -> (u64, String) {
    let seconds = now.saturating_since(started_at).as_secs();
    (seconds, elapsed(seconds))
}

/// Seconds for people, as the 1.x API wrote them.
pub fn elapsed(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m {s}s"),
        (h, m, _) => format!("{h}h {m}m"),
    }
}

fn state(state: verdict::State) -> State {
    match state {
        verdict::State::Starting => State::Starting,
        verdict::State::Working => State::Working,
        verdict::State::WaitingPermission => State::WaitingPermission,
        verdict::State::WaitingInput => State::WaitingInput,
        verdict::State::WaitingDialog => State::WaitingDialog,
        verdict::State::Idle => State::Idle,
        verdict::State::Shell => State::Shell,
        verdict::State::Stopped => State::Stopped,
        verdict::State::Unknown => State::Unknown,
    }
}

fn source(source: verdict::Source) -> StateSource {
    match source {
        verdict::Source::Stream => StateSource::Stream,
        verdict::Source::Registry => StateSource::Registry,
        verdict::Source::Hook => StateSource::Hook,
        verdict::Source::Transcript => StateSource::Transcript,
        verdict::Source::Process => StateSource::Process,
    }
}

fn confidence(confidence: verdict::Confidence) -> Confidence {
    match confidence {
        verdict::Confidence::Stated => Confidence::Stated,
        verdict::Confidence::Inferred => Confidence::Inferred,
        verdict::Confidence::Unknown => Confidence::Unknown,
    }
}

fn rule(rule: verdict::Rule) -> Rule {
    match rule {
        verdict::Rule::StoppedBySignal => Rule::StoppedBySignal,
        verdict::Rule::OwnStream => Rule::OwnStream,
        verdict::Rule::RegistryStatus => Rule::RegistryStatus,
        verdict::Rule::RegistryWord => Rule::RegistryWord,
        verdict::Rule::HookReport => Rule::HookReport,
        verdict::Rule::NothingSince => Rule::NothingSince,
        verdict::Rule::OpenQuestion => Rule::OpenQuestion,
        verdict::Rule::OpenPlan => Rule::OpenPlan,
        verdict::Rule::ToolRuns => Rule::ToolRuns,
        verdict::Rule::ToolWaits => Rule::ToolWaits,
        verdict::Rule::ToolOpen => Rule::ToolOpen,
        verdict::Rule::ModelsTurn => Rule::ModelsTurn,
        verdict::Rule::AnswerFinished => Rule::AnswerFinished,
        verdict::Rule::InBackground => Rule::InBackground,
        verdict::Rule::Interrupted => Rule::Interrupted,
        verdict::Rule::TurnFailed => Rule::TurnFailed,
        verdict::Rule::FirstDialog => Rule::FirstDialog,
        verdict::Rule::JustStarted => Rule::JustStarted,
        verdict::Rule::RegistrySealed => Rule::RegistrySealed,
        verdict::Rule::NoStatus => Rule::NoStatus,
        verdict::Rule::NoRecord => Rule::NoRecord,
    }
}

/// What a holder says of its session, as evidence; what it does not know by itself is `Unknown`.
pub fn core_state(state: State) -> verdict::State {
    match state {
        State::Starting => verdict::State::Starting,
        State::Working => verdict::State::Working,
        State::WaitingPermission => verdict::State::WaitingPermission,
        State::WaitingInput => verdict::State::WaitingInput,
        State::WaitingDialog => verdict::State::WaitingDialog,
        State::Idle => verdict::State::Idle,
        State::Shell => verdict::State::Shell,
        State::Stopped => verdict::State::Stopped,
        State::Exited | State::Unknown => verdict::State::Unknown,
    }
}

/// The word of the 1.x API.
fn status(state: State, mark: Mark, silence: Duration, patience: Patience) -> Status {
    match state {
        _ if mark != Mark::None => Status::Stuck,
        State::Starting | State::Working | State::Unknown => Status::Active,
        State::Idle
        | State::Shell
        | State::WaitingPermission
        | State::WaitingInput
        | State::WaitingDialog
            if silence < patience.abandoned_after =>
        {
            Status::Idle
        }
        State::Idle
        | State::Shell
        | State::WaitingPermission
        | State::WaitingInput
        | State::WaitingDialog
        | State::Stopped
        | State::Exited => Status::Stuck,
    }
}

fn permit(planned: Result<Target, Refusal>, pid: Pid, owner: &str) -> Permit {
    match planned {
        Ok(_) => Permit::Allowed,
        Err(refusal) => Permit::Refused {
            code: match refusal {
                Refusal::Protected(_) => Code::Protected,
                Refusal::NotYours { .. } | Refusal::OnlyInferred => Code::NotYours,
            },
            error: refused(refusal, pid, owner).to_string(),
        },
    }
}

/// Words a refusal; `owner` is the login name behind the process.
pub fn refused(refusal: Refusal, pid: Pid, owner: &str) -> ServiceError {
    match refusal {
        Refusal::Protected(Ward::Init) => ServiceError::Protected {
            pid,
            reason: "it is the first process of the machine".to_owned(),
        },
        Refusal::Protected(Ward::Lineage) => ServiceError::Protected {
            pid,
            reason: "this server runs inside it".to_owned(),
        },
        Refusal::NotYours { .. } => ServiceError::NotYours {
            pid,
            owner: owner.to_owned(),
        },
        Refusal::OnlyInferred => ServiceError::NotYours {
            pid,
            owner: format!("{owner} and is known by its name only"),
        },
    }
}

pub fn recent(
    transcript: &Transcript,
    brief: &Brief,
    live: Option<session_core::id::ProcessKey>,
) -> RecentSession {
    RecentSession {
        session_id: session_id(transcript.id()),
        project: brief.cwd.as_deref().map(|cwd| project(cwd).to_owned()),
        cwd: brief.cwd.clone(),
        title: brief.title.clone(),
        git_branch: brief.git_branch.clone(),
        last_prompt: brief.last_prompt.clone(),
        last_activity_at: transcript.modified.0,
        size_bytes: transcript.size_bytes,
        archived: transcript.archived,
        live: live.and_then(key),
    }
}

/// `digest` is `None` where the transcript can't be read; `note` then says why.
pub fn context(
    id: &session_core::id::SessionId,
    digest: Option<Digest>,
    note: Option<String>,
) -> Context {
    let digest = digest.unwrap_or_default();
    Context {
        ok: true,
        session_id: session_id(id),
        last_prompt: digest.last_prompt,
        away_summary: digest.away_summary,
        last_assistant: digest.last_assistant,
        title: digest.title,
        model: digest.model,
        git_branch: digest.git_branch,
        note,
    }
}

pub fn key(key: session_core::id::ProcessKey) -> Option<ProcessKey> {
    Some(ProcessKey {
        pid: Pid::new(key.pid)?,
        start_ticks: key.start_ticks,
    })
}

pub fn core_key(key: ProcessKey) -> session_core::id::ProcessKey {
    session_core::id::ProcessKey {
        pid: key.pid.get(),
        start_ticks: key.start_ticks,
    }
}

pub fn session_id(id: &session_core::id::SessionId) -> SessionId {
    id.as_str()
        .parse()
        .expect("both crates check the same alphabet and length")
}

pub fn core_session_id(id: &SessionId) -> session_core::id::SessionId {
    session_core::id::SessionId::parse(id.as_str())
        .expect("both crates check the same alphabet and length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elapsed_time_is_written_as_the_old_clients_expect() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m 0s"),
            (247, "4m 7s"),
            (3600, "1h 0m"),
            (7500, "2h 5m"),
            (360_000, "100h 0m"),
        ] {
            assert_eq!(elapsed(seconds), text);
        }
    }

    #[test]
    fn a_project_is_the_last_part_of_its_directory() {
        for (cwd, name) in [
            ("/home/dev/app", "app"),
            ("/home/dev/app/", "app"),
            ("/", "/"),
            ("unknown", "unknown"),
        ] {
            assert_eq!(project(cwd), name);
        }
    }

    #[test]
    fn the_old_word_follows_from_the_state() {
        let patience = Patience {
            stuck_after: Duration::from_secs(30),
            abandoned_after: Duration::from_secs(30),
        };
        let at = |state, mark, seconds| status(state, mark, Duration::from_secs(seconds), patience);
        for state in [State::Starting, State::Working, State::Unknown] {
            assert_eq!(at(state, Mark::None, 99), Status::Active);
        }
        for state in [
            State::Idle,
            State::Shell,
            State::WaitingPermission,
            State::WaitingInput,
            State::WaitingDialog,
        ] {
            assert_eq!(at(state, Mark::None, 29), Status::Idle);
            assert_eq!(at(state, Mark::None, 30), Status::Stuck);
        }
        assert_eq!(at(State::Working, Mark::Stuck, 99), Status::Stuck);
        assert_eq!(at(State::Idle, Mark::Abandoned, 99), Status::Stuck);
        assert_eq!(at(State::Stopped, Mark::None, 0), Status::Stuck);
    }
}
