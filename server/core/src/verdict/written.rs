//! What follows from what a session wrote: its transcript's end and its hooks' last report.
//!
//! Only asked where the registry has no status: sessions of the Agent SDK and versions before about 2.1.139.

use std::time::Duration;

use serde_json::value::RawValue;

use super::{Confidence, Rule, Source, State, Verdict};
use crate::{
    ask::Ask,
    evidence::Evidence,
    hook::{Asked, Event, Notice, Report},
    id::UnixMillis,
    registry::Record,
    transcript::tail::{OpenTool, Tail, Turn},
};

/// A tool that works on files has its result within 100 ms, and one that starts a program has started it; lines are
/// written up to 200 ms late (2.0.30 to 2.1.329).
const PROMPT: Duration = Duration::from_millis(1_500);

/// A prompt that a process is started with is written within this time (0.7 s at most with 2.1.329 and the Agent SDK).
const SETTLED: Duration = Duration::from_secs(4);

/// Versions before 2.1 don't say why an answer ended; what follows a text follows within this time as a rule.
const PAUSE: Duration = Duration::from_secs(2);

/// A registry file follows a hook, or the hook it, within this time.
const TOGETHER_MS: u64 = 5_000;

/// 2.1.197 registers a question as a permission prompt; the transcript tells them apart.
pub(super) fn corrected(verdict: Verdict, evidence: &Evidence<'_>) -> Verdict {
    let calls = evidence.more.tail.map_or(&[][..], Tail::open);
    let asks = |call: &OpenTool| matches!(call.ask, Ask::Questions(_));
    if verdict.state == State::WaitingPermission && calls.last().is_some_and(asks) {
        return Verdict {
            state: State::WaitingInput,
            rule: Rule::OpenQuestion,
            source: Source::Transcript,
            ..verdict
        };
    }
    // The Agent SDK's sessions don't tell a shell in the background (2.1.329).
    if verdict.state == State::Idle && evidence.more.background_shell_runs(evidence.started_at) {
        return Verdict {
            state: State::Shell,
            rule: Rule::InBackground,
            source: Source::Transcript,
            ..verdict
        };
    }
    verdict
}

/// Judges by the newer of the two, `None` where neither says anything.
pub(super) fn judge(evidence: &Evidence<'_>) -> Option<Verdict> {
    let tail = evidence.more.tail;
    let written_at = tail.and_then(Tail::at);
    let reported = evidence
        .hook()
        .filter(|report| written_at.is_none_or(|written| report.at >= written))
        .and_then(|report| by_report(report, asked_in(report, evidence)));
    reported.or_else(|| Some(with_agents(by_tail(tail, evidence)?, evidence)))
}

/// What a report says is asked. No hook tells that a question was answered or refused before a tool has run; what was
/// written since does, and so does the process of the tool.
fn asked_in<'a>(report: &'a Report, evidence: &Evidence<'_>) -> Option<&'a Asked> {
    let written_at = evidence.more.tail.and_then(Tail::at);
    let stands = |asked: &&Asked| written_at.is_none_or(|written| asked.at >= written);
    let is_answered = evidence.more.tool_process_runs() == Some(true);
    report
        .asked
        .as_ref()
        .filter(stands)
        .filter(|_| !is_answered)
}

fn by_report(report: &Report, asked: Option<&Asked>) -> Option<Verdict> {
    Some(Verdict {
        state: reported(report, asked)?,
        source: Source::Hook,
        since: Some(asked.map_or(report.at, |asked| asked.at)),
        confidence: Confidence::Stated,
        rule: Rule::HookReport,
    })
}

/// The state that a report leaves the session in; `None` after its end, which only the process can tell.
fn reported(report: &Report, asked: Option<&Asked>) -> Option<State> {
    if let Some(asked) = asked {
        return Some(match asked.tool.as_str() {
            "AskUserQuestion" => State::WaitingInput,
            _ => State::WaitingPermission,
        });
    }
    Some(match report.event {
        Event::UserPromptSubmit | Event::PostToolUse | Event::PostToolUseFailure => State::Working,
        // It has been answered: the transcript tells what came of it.
        Event::PermissionRequest => return None,
        Event::SessionStart | Event::Stop | Event::StopFailure => State::Idle,
        Event::Notification => match report.notice? {
            Notice::Permission => State::WaitingPermission,
            Notice::Question => State::WaitingInput,
            Notice::Idle => State::Idle,
        },
        Event::SessionEnd => return None,
    })
}

fn inferred(state: State, since: Option<UnixMillis>, rule: Rule) -> Verdict {
    Verdict {
        state,
        source: Source::Transcript,
        since,
        confidence: if state == State::Unknown {
            Confidence::Unknown
        } else {
            Confidence::Inferred
        },
        rule,
    }
}

fn by_tail(tail: Option<&Tail>, evidence: &Evidence<'_>) -> Option<Verdict> {
    let verdict = |state, since, rule| Some(inferred(state, since, rule));
    let tail = tail?;
    // In a terminal, the file without a status is there some 300 ms before the prompt is and gets its status then.
    let awaits_status = |record: &Record| record.entrypoint.as_deref() == Some("cli");
    // `claude -p` of 2.0.x has no prompt to sit at; it keeps the name that a terminal's session changes.
    let has_prompt = evidence.process.comm != "node";
    let is_new =
        tail.turn() == Turn::Silent && has_prompt && !evidence.record.is_some_and(awaits_status);
    // What stands there was written for an earlier process: this one has only taken the conversation up.
    let is_old = tail.at().is_some_and(|at| evidence.is_older(at));
    if is_new || is_old {
        let began = Some(evidence.started_at);
        return (evidence.age() >= SETTLED)
            .then(|| verdict(State::Idle, began, Rule::NothingSince))
            .flatten();
    }
    let quiet = quiet(tail, evidence);
    let agent_runs = evidence.more.background_agent_runs(evidence.started_at);
    let ended = |rule| {
        if agent_runs && tail.turn() == Turn::Done {
            (State::Working, Rule::InBackground)
        } else if evidence.more.background_shell_runs(evidence.started_at) {
            (State::Shell, Rule::InBackground)
        } else {
            (State::Idle, rule)
        }
    };
    let (state, rule) = match tail.turn() {
        Turn::Silent => return None,
        Turn::Tools => {
            return Some(by_calls(tail, evidence));
        }
        Turn::Done if tail.is_unstated() && quiet < PAUSE => (State::Working, Rule::ModelsTurn),
        Turn::Model => (State::Working, Rule::ModelsTurn),
        Turn::Done => ended(Rule::AnswerFinished),
        Turn::Interrupted => ended(Rule::Interrupted),
        Turn::Failed => ended(Rule::TurnFailed),
    };
    verdict(state, tail.since(), rule)
}

/// How long nothing was written.
fn quiet(tail: &Tail, evidence: &Evidence<'_>) -> Duration {
    tail.at().map_or(Duration::MAX, |at| evidence.since(at))
}

/// What subagents' own transcripts add: where one waits for a person, the session does, and while one may wait, the
/// session can't be said to work.
fn with_agents(verdict: Verdict, evidence: &Evidence<'_>) -> Verdict {
    if is_waiting(verdict.state) {
        return verdict;
    }
    let calling = evidence.more.agents.iter();
    let calling = calling.filter(|agent| agent.turn() == Turn::Tools);
    let told: Vec<Verdict> = calling.map(|agent| by_calls(agent, evidence)).collect();
    let waiting = told.iter().filter(|told| is_waiting(told.state));
    let doubtful = || told.iter().find(|told| told.state == State::Unknown);
    // Prompts are shown one after the other.
    match waiting.min_by_key(|told| told.since) {
        Some(first) => first.clone(),
        None if verdict.state == State::Working => doubtful().cloned().unwrap_or(verdict),
        None => verdict,
    }
}

fn is_waiting(state: State) -> bool {
    matches!(state, State::WaitingPermission | State::WaitingInput)
}

/// Calls without a result: one may run, or wait for a person.
fn by_calls(tail: &Tail, evidence: &Evidence<'_>) -> Verdict {
    let calls = tail.open();
    let find = |is: fn(&Ask) -> bool| calls.iter().find(|call| is(&call.ask));
    if let Some(call) = find(|ask| matches!(ask, Ask::Questions(_))) {
        return inferred(State::WaitingInput, call.at, Rule::OpenQuestion);
    }
    if let Some(call) = find(|ask| matches!(ask, Ask::Plan { .. })) {
        return inferred(State::WaitingPermission, call.at, Rule::OpenPlan);
    }
    let first = calls.iter().find_map(|call| call.at);
    let runs = evidence.more.process_of(calls);
    if runs == Some(true) {
        return inferred(State::Working, first, Rule::ToolRuns);
    }
    if quiet(tail, evidence) < PROMPT {
        return inferred(State::Working, first, Rule::ToolOpen);
    }
    let plain = calls.iter().find(|call| leaves_no_doubt(&call.name));
    match plain {
        Some(call) if runs == Some(false) => {
            inferred(State::WaitingPermission, call.at, Rule::ToolWaits)
        }
        // A subagent works, unless its own transcript says that it waits. Without one, nothing tells: 2.0.30 writes it
        // when the subagent has ended.
        None if calls.iter().all(OpenTool::starts_agent) && !evidence.more.agents.is_empty() => {
            inferred(State::Working, first, Rule::ToolRuns)
        }
        Some(_) | None => inferred(State::Unknown, None, Rule::ToolOpen),
    }
}

/// Tools that, once allowed, either start a program at once or are done in a moment.
fn leaves_no_doubt(tool: &str) -> bool {
    matches!(
        tool,
        "Bash" | "Edit" | "Glob" | "Grep" | "MultiEdit" | "NotebookEdit" | "Read" | "Write"
    )
}

/// From when on subagents' transcripts were written that can change this verdict or say what is asked; `None` where none
/// can.
pub(super) fn agents_since(verdict: &Verdict, evidence: &Evidence<'_>) -> Option<UnixMillis> {
    if verdict.source == Source::Stream {
        return None;
    }
    let since = evidence.more.agents_since(evidence.started_at);
    let has_status = evidence
        .record
        .is_some_and(|record| record.status.is_some());
    if is_waiting(verdict.state) {
        // Not every version tells of every subagent that it has started.
        asked(verdict, evidence)
            .is_none()
            .then_some(since.unwrap_or(evidence.started_at))
    } else if verdict.source == Source::Transcript && !has_status {
        since
    } else {
        None
    }
}

/// What a waiting session asks: the hook knows for certain, the transcript where only one thing can be meant.
pub(super) fn asked(verdict: &Verdict, evidence: &Evidence<'_>) -> Option<Ask> {
    let since = verdict.since.unwrap_or(UnixMillis(0)).0;
    let hook = evidence.hook().and_then(|report| report.asked.as_ref());
    if let Some(asked) = hook.filter(|asked| asked.at.0.saturating_add(TOGETHER_MS) >= since) {
        return Some(of_hook(asked));
    }
    let is_question = |call: &OpenTool| matches!(call.ask, Ask::Questions(_));
    let may_ask = |call: &&OpenTool| {
        if verdict.state == State::WaitingInput {
            is_question(call)
        } else {
            !is_question(call) && !call.starts_agent()
        }
    };
    let own = evidence.more.tail.map_or(&[][..], Tail::open).iter();
    let own = own.filter(may_ask);
    let agents = evidence.more.agents.iter().flat_map(|agent| agent.open());
    let agents: Vec<&OpenTool> = agents.filter(may_ask).collect();
    let has_decided = |call: &&OpenTool| {
        verdict.source == Source::Transcript && call.at.is_some() && call.at == verdict.since
    };
    let call = { own.clone().chain(agents.iter().copied()) }
        .find(has_decided)
        .or_else(|| own.clone().next())
        .or_else(|| shown(&agents, verdict.since))?;
    Some(call.ask.clone())
}

/// Of several subagents' calls, the one that is asked for: prompts are shown one after the other, so it was the newest
/// when the waiting began.
fn shown<'a>(calls: &[&'a OpenTool], since: Option<UnixMillis>) -> Option<&'a OpenTool> {
    let before = calls.iter().filter(|call| call.at <= since);
    let newest = before.max_by_key(|call| call.at);
    newest
        .or_else(|| calls.iter().min_by_key(|call| call.at))
        .copied()
}

fn of_hook(asked: &Asked) -> Ask {
    let input = asked.input.as_deref().map(serde_json::from_str);
    let input: Option<&RawValue> = input.and_then(Result::ok);
    Ask::of_tool(&asked.tool, input.unwrap_or(RawValue::NULL))
}
