//! Words what a verdict rests on, and what else was looked at.

use session_core::{
    evidence::{Access, Child, Evidence, Stream},
    hook::Report,
    id::UnixMillis,
    inventory::{Proof, Session},
    process::RunState,
    registry::Record,
    transcript::tail::{Tail, Turn},
    verdict::{Source, Verdict},
};
use wire::{Evidence as Item, StateSource, Why};

use super::{confidence, key, rule, source, state};

/// Words it all, in falling order of trust; `None` where the pid is beyond what the kernel gives out.
pub fn why(session: &Session, evidence: &Evidence<'_>, verdict: &Verdict) -> Option<Why> {
    let key = key(session.key())?;
    let stream = evidence
        .more
        .stream
        .map(|stream| (Source::Stream, self::stream(stream)));
    let others = [
        (Source::Process, process(session, evidence)),
        (Source::Registry, registry(evidence)),
        (Source::Hook, hook(evidence)),
        (Source::Transcript, transcript(evidence)),
        (Source::Process, children(evidence)),
    ];
    // The process is looked at twice; what it says of itself decides, its children only support the transcript.
    let mut decided = false;
    let items = stream.into_iter().chain(others).map(|(from, (says, at))| {
        let decides = from == verdict.source && !decided;
        decided |= decides;
        Item {
            source: source(from),
            says,
            at: at.map(|at| at.0),
            decided: decides,
        }
    });
    let rule = rule(verdict.rule);
    Some(Why {
        ok: true,
        pid: key.pid,
        key,
        state: state(verdict.state),
        state_source: source(verdict.source),
        state_since: verdict.since.map(|since| since.0),
        confidence: confidence(verdict.confidence),
        rule,
        reason: rule.sentence().to_owned(),
        evidence: items.collect(),
    })
}

type Said = (String, Option<UnixMillis>);

fn stream(stream: &Stream) -> Said {
    let says = "This server started it and is told by it what it does.";
    (says.to_owned(), Some(stream.since))
}

fn process(session: &Session, evidence: &Evidence<'_>) -> Said {
    let runs = match evidence.process.run_state {
        RunState::Stopped => "It is stopped by a signal.",
        RunState::Dead => "It has ended.",
        RunState::Alive => "It runs.",
    };
    let known_by = match session.proof {
        Proof::Registered => "Its start time is the one in Claude Code's own file.",
        Proof::Executable => "It is known by its program.",
        Proof::Inferred => "It is known by its name and arguments only.",
    };
    (format!("{runs} {known_by}"), Some(evidence.started_at))
}

fn registry(evidence: &Evidence<'_>) -> Said {
    match (evidence.record, evidence.more.access) {
        (Some(record), _) => (record_says(record), record.status_updated_at),
        (None, Access::Sealed) => (
            "Its files are another user's and closed to this server.".to_owned(),
            None,
        ),
        (None, Access::Open) if evidence.has_key_file => (
            "There is a key file and no session file: it has come as far as its first dialog."
                .to_owned(),
            None,
        ),
        (None, Access::Open) => ("No session file is about this process.".to_owned(), None),
    }
}

fn record_says(record: &Record) -> String {
    match (&record.status, &record.waiting_for) {
        (Some(status), Some(what)) => format!("Its status is {status:?}, for {what:?}."),
        (Some(status), None) => format!("Its status is {status:?}."),
        (None, _) => match record.entrypoint.as_deref() {
            Some(entrypoint) => format!("It has no status ({entrypoint})."),
            None => "It has no status.".to_owned(),
        },
    }
}

fn hook(evidence: &Evidence<'_>) -> Said {
    match (evidence.hook(), evidence.more.hook) {
        (Some(report), _) => (hook_says(report), Some(report.at)),
        (None, Some(report)) => (
            "The last report is older than the process.".to_owned(),
            Some(report.at),
        ),
        (None, None) => ("No hook has reported.".to_owned(), None),
    }
}

fn hook_says(report: &Report) -> String {
    let event = report.event.name();
    match &report.asked {
        Some(asked) => format!("{event}; {} waits to be answered.", asked.tool),
        None => format!("{event}."),
    }
}

fn transcript(evidence: &Evidence<'_>) -> Said {
    let Some(tail) = evidence.more.tail else {
        return ("There is none that can be read.".to_owned(), None);
    };
    let mut says = format!("It ends with {}.", end_of(tail));
    let agents = evidence.more.agents;
    for agent in agents.iter().filter(|agent| agent.turn() != Turn::Silent) {
        says.push_str(" A subagent's ends with ");
        says.push_str(&end_of(agent));
        says.push('.');
    }
    let newest = agents.iter().filter_map(|agent| agent.at()).max();
    (says, tail.at().max(newest))
}

fn end_of(tail: &Tail) -> String {
    match tail.turn() {
        Turn::Silent => "no message yet".to_owned(),
        Turn::Model => "a prompt or a result".to_owned(),
        Turn::Tools => {
            let names: Vec<&str> = tail.open().iter().map(|call| &*call.name).collect();
            format!("calls that have no result: {}", names.join(", "))
        }
        Turn::Done => "a finished answer".to_owned(),
        Turn::Interrupted => "an interruption".to_owned(),
        Turn::Failed => "an error of the API".to_owned(),
    }
}

fn children(evidence: &Evidence<'_>) -> Said {
    match (evidence.more.children, evidence.more.tool_process_runs()) {
        (None, _) => ("Its children decide nothing here.".to_owned(), None),
        (Some([]), _) => ("It has no child process.".to_owned(), None),
        (Some(children), Some(true)) => (
            "A shell runs that was started after the call.".to_owned(),
            newest(children),
        ),
        (Some(children), Some(false) | None) => (
            format!(
                "It has {} child processes, none of them a shell that was started after a call.",
                children.len()
            ),
            newest(children),
        ),
    }
}

fn newest(children: &[Child]) -> Option<UnixMillis> {
    children.iter().map(|child| child.started_at).max()
}

/// What stands for a source in a sentence.
pub fn source_word(source: StateSource) -> &'static str {
    match source {
        StateSource::Stream => "stream",
        StateSource::Hook => "hook",
        StateSource::Registry => "registry",
        StateSource::Transcript => "transcript",
        StateSource::Process => "process",
        StateSource::Unknown => "unknown",
    }
}
