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
        .and_then(by_report);
    reported.or_else(|| by_tail(tail, evidence))
}

fn by_report(report: &Report) -> Option<Verdict> {
    let state = reported(report)?;
    let asked = report.asked.as_ref();
    Some(Verdict {
        state,
        source: Source::Hook,
        since: Some(asked.map_or(report.at, |asked| asked.at)),
        confidence: Confidence::Stated,
        rule: Rule::HookReport,
    })
}

/// The state that a report leaves the session in; `None` after its end, which only the process can tell.
fn reported(report: &Report) -> Option<State> {
    if let Some(asked) = &report.asked {
        return Some(match asked.tool.as_str() {
            "AskUserQuestion" => State::WaitingInput,
            _ => State::WaitingPermission,
        });
    }
    Some(match report.event {
        Event::UserPromptSubmit | Event::PostToolUse | Event::PostToolUseFailure => State::Working,
        Event::PermissionRequest => State::WaitingPermission,
        Event::SessionStart | Event::Stop | Event::StopFailure => State::Idle,
        Event::Notification => match report.notice? {
            Notice::Permission => State::WaitingPermission,
            Notice::Question => State::WaitingInput,
            Notice::Idle => State::Idle,
        },
        Event::SessionEnd => return None,
    })
}

fn by_tail(tail: Option<&Tail>, evidence: &Evidence<'_>) -> Option<Verdict> {
    let verdict = |state, since, rule| {
        Some(Verdict {
            state,
            source: Source::Transcript,
            since,
            confidence: if state == State::Unknown {
                Confidence::Unknown
            } else {
                Confidence::Inferred
            },
            rule,
        })
    };
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
    let quiet = tail
        .at()
        .map_or(Duration::MAX, |at| evidence.now.saturating_since(at));
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
            let (state, since, rule) = by_calls(tail.open(), quiet, evidence);
            return verdict(state, since, rule);
        }
        Turn::Done if tail.is_unstated() && quiet < PAUSE => (State::Working, Rule::ModelsTurn),
        Turn::Model => (State::Working, Rule::ModelsTurn),
        Turn::Done => ended(Rule::AnswerFinished),
        Turn::Interrupted => ended(Rule::Interrupted),
        Turn::Failed => ended(Rule::TurnFailed),
    };
    verdict(state, tail.since(), rule)
}

/// Calls without a result: one may run, or wait for a person.
fn by_calls(
    calls: &[OpenTool],
    quiet: Duration,
    evidence: &Evidence<'_>,
) -> (State, Option<UnixMillis>, Rule) {
    let find = |is: fn(&Ask) -> bool| calls.iter().find(|call| is(&call.ask));
    if let Some(call) = find(|ask| matches!(ask, Ask::Questions(_))) {
        return (State::WaitingInput, call.at, Rule::OpenQuestion);
    }
    if let Some(call) = find(|ask| matches!(ask, Ask::Plan { .. })) {
        return (State::WaitingPermission, call.at, Rule::OpenPlan);
    }
    let first = calls.iter().find_map(|call| call.at);
    let runs = evidence.more.tool_process_runs();
    if runs == Some(true) {
        return (State::Working, first, Rule::ToolRuns);
    }
    if quiet < PROMPT {
        return (State::Working, first, Rule::ToolOpen);
    }
    let plain = calls.iter().find(|call| leaves_no_doubt(&call.name));
    match plain {
        Some(call) if runs == Some(false) => (State::WaitingPermission, call.at, Rule::ToolWaits),
        // A subagent works; what it asks is not in this transcript.
        None if calls.iter().all(|call| is_subagent(&call.name)) => {
            (State::Working, first, Rule::ToolRuns)
        }
        Some(_) | None => (State::Unknown, None, Rule::ToolOpen),
    }
}

/// Tools that, once allowed, either start a program at once or are done in a moment.
fn leaves_no_doubt(tool: &str) -> bool {
    matches!(
        tool,
        "Bash" | "Edit" | "Glob" | "Grep" | "MultiEdit" | "NotebookEdit" | "Read" | "Write"
    )
}

fn is_subagent(tool: &str) -> bool {
    matches!(tool, "Agent" | "Task")
}

/// What a waiting session asks: the hook knows for certain, the transcript where only one thing can be meant.
pub(super) fn asked(verdict: &Verdict, evidence: &Evidence<'_>) -> Option<Ask> {
    let since = verdict.since.unwrap_or(UnixMillis(0)).0;
    let hook = evidence.hook().and_then(|report| report.asked.as_ref());
    if let Some(asked) = hook.filter(|asked| asked.at.0.saturating_add(TOGETHER_MS) >= since) {
        return Some(of_hook(asked));
    }
    let calls = evidence.more.tail?.open();
    let is_question = |call: &&OpenTool| matches!(call.ask, Ask::Questions(_));
    let call = if verdict.state == State::WaitingInput {
        calls.iter().find(is_question)
    } else {
        // A subagent's own call stands in a transcript of its own.
        calls
            .iter()
            .find(|call| !is_question(call) && !is_subagent(&call.name))
    };
    call.map(|call| call.ask.clone())
}

fn of_hook(asked: &Asked) -> Ask {
    let input = asked.input.as_deref().map(serde_json::from_str);
    let input: Option<&RawValue> = input.and_then(Result::ok);
    Ask::of_tool(&asked.tool, input.unwrap_or(RawValue::NULL))
}
