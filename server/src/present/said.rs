//! What a line of a transcript or of the stream says, as events on the wire.

use serde_json::{Value, value::RawValue};
use session_core::{
    id::UnixMillis,
    stream::{Origin, Said, Speaker, ToolResult, ToolUse, TurnResult, Words},
    transcript::events,
};
use wire::{Event, NoteCode};

/// What the lines of a transcript say that begin at these places: each with its own place, which is that of its line and, behind
/// that, its place in the line, one more since 0 is no place; and with its time. `at` is the time of what came last, which stands
/// for that of a line that does not tell.
pub fn of_lines<'l>(
    lines: impl Iterator<Item = (u64, &'l [u8])>,
    at: &mut u64,
) -> impl Iterator<Item = (u64, Said, u64)> {
    lines.flat_map(|(start, line)| {
        let said = (start + 1..).zip(events::said(line));
        let told = said.map(|(place, said)| {
            *at = self::at(&said, line).unwrap_or(*at);
            (place, said, *at)
        });
        told.collect::<Vec<_>>()
    })
}

/// When it was said, `None` where the line does not tell, or says nothing that anybody is told.
fn at(said: &Said, line: &[u8]) -> Option<u64> {
    let at = match said {
        Said::User { origin, .. }
        | Said::Text { origin, .. }
        | Said::Thinking { origin, .. }
        | Said::Spent { origin, .. } => origin.at,
        Said::ToolUse(call) => call.origin.at,
        Said::ToolResult(result) => result.origin.at,
        Said::Result(_)
        | Said::Compacted { .. }
        | Said::Retry { .. }
        | Said::Reset
        | Said::NotJson(_) => events::at(line),
        Said::Init(_)
        | Said::Delta(_)
        | Said::CanUseTool(_)
        | Said::Request { .. }
        | Said::Cancelled { .. }
        | Said::Answer(_)
        | Said::Lifecycle { .. }
        | Said::Status { .. }
        | Said::Title(_)
        | Said::Other { .. } => None,
    };
    at.map(|UnixMillis(at)| at)
}

/// The event, `None` where nobody would miss it.
pub fn event(said: Said, seq: u64, at: u64) -> Option<Event> {
    let note = |code, text: String| {
        Some(Event::Note {
            seq,
            at,
            code,
            text,
        })
    };
    match said {
        Said::User {
            words,
            text,
            origin,
            attachments,
            ..
        } => match words {
            Words::Person => Some(Event::User {
                seq,
                at,
                uuid: origin.uuid,
                text: with_attachments(text, attachments),
            }),
            Words::Interruption => note(NoteCode::Interrupted, "Interrupted.".to_owned()),
            Words::Program => printed(&text).and_then(|text| note(NoteCode::Output, text)),
            // It stands in the call that started the subagent.
            Words::Task => None,
        },
        Said::Text { origin, text, .. } => Some(assistant(origin, text, false, seq, at)),
        Said::Thinking { origin, text } if !text.is_empty() => {
            Some(assistant(origin, text, true, seq, at))
        }
        Said::ToolUse(call) => Some(tool(call, seq, at)),
        Said::ToolResult(result) => Some(tool_result(result, seq, at)),
        Said::Result(result) => Some(usage(&result, seq, at)),
        Said::Compacted { .. } => note(
            NoteCode::Compacted,
            "The conversation was compacted: a summary stands in for what came before.".to_owned(),
        ),
        Said::Reset => note(
            NoteCode::Cleared,
            "The conversation was cleared; a new one begins.".to_owned(),
        ),
        Said::Retry {
            status,
            attempt,
            delay_ms,
            ..
        } => {
            let with = status.map_or_else(String::new, |status| format!(" with {status}"));
            let after =
                delay_ms.map_or_else(String::new, |ms| format!(" in {} s", ms.div_ceil(1000)));
            let number = attempt.map_or_else(String::new, |number| format!(", try {number}"));
            let text = format!("The API refused{with}; it is asked again{after}{number}.");
            note(NoteCode::Output, text)
        }
        Said::NotJson(text) => note(NoteCode::Output, text),
        Said::Thinking { .. }
        | Said::Init(_)
        | Said::Spent { .. }
        | Said::Delta(_)
        | Said::CanUseTool(_)
        | Said::Request { .. }
        | Said::Cancelled { .. }
        | Said::Answer(_)
        | Said::Lifecycle { .. }
        | Said::Status { .. }
        | Said::Title(_)
        | Said::Other { .. } => None,
    }
}

fn assistant(origin: Origin, text: String, thinking: bool, seq: u64, at: u64) -> Event {
    Event::Assistant {
        seq,
        at,
        uuid: origin.uuid,
        message_id: origin.message_id,
        text,
        thinking,
        parent: parent(origin.speaker),
    }
}

fn tool(call: ToolUse, seq: u64, at: u64) -> Event {
    Event::Tool {
        seq,
        at,
        uuid: call.origin.uuid,
        message_id: call.origin.message_id,
        tool_use_id: call.id,
        name: call.name,
        input: value(&call.input),
        parent: parent(call.origin.speaker),
    }
}

fn tool_result(result: ToolResult, seq: u64, at: u64) -> Event {
    Event::ToolResult {
        seq,
        at,
        uuid: result.origin.uuid,
        tool_use_id: result.tool_use_id.unwrap_or_default(),
        text: with_attachments(result.text, result.attachments),
        is_error: result.is_error,
        parent: parent(result.origin.speaker),
    }
}

/// A transcript tells how long a turn took and no more; the stream, what it cost.
fn usage(result: &TurnResult, seq: u64, at: u64) -> Event {
    Event::Usage {
        seq,
        at,
        subtype: result
            .subtype
            .clone()
            .unwrap_or_else(|| "success".to_owned()),
        is_error: result.is_error,
        duration_ms: result.duration_ms,
        cost_micro_usd: result.total_cost_usd.and_then(micro),
        input_tokens: result.usage.input,
        output_tokens: result.usage.output,
        cache_read_tokens: result.usage.cache_read,
        cache_creation_tokens: result.usage.cache_creation,
    }
}

/// Millionths; `None` beyond what a float counts exactly.
fn micro(dollars: f64) -> Option<u64> {
    let micro = (dollars * 1e6).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be within the range"
    )]
    (0.0..9e15).contains(&micro).then_some(micro as u64)
}

fn with_attachments(mut text: String, number: usize) -> String {
    if number > 0 {
        let what = if number == 1 {
            "attachment"
        } else {
            "attachments"
        };
        text.push_str(&format!("\n[{number} {what} not shown]"));
    }
    text
}

/// What a command of the person printed; reminders and summaries are for the model only.
fn printed(text: &str) -> Option<String> {
    const TAGS: [&str; 4] = [
        "local-command-stdout",
        "local-command-stderr",
        "bash-stdout",
        "bash-stderr",
    ];
    let inner = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        let (inner, _) = rest.split_once(&format!("</{tag}>"))?;
        Some(inner.trim()).filter(|inner| !inner.is_empty())
    };
    let printed: Vec<&str> = TAGS.into_iter().filter_map(inner).collect();
    (!printed.is_empty()).then(|| printed.join("\n"))
}

fn parent(speaker: Speaker) -> Option<String> {
    match speaker {
        Speaker::Session => None,
        Speaker::Subagent { call, agent } => call.or(agent),
    }
}

fn value(raw: &RawValue) -> Value {
    serde_json::from_str(raw.get()).unwrap_or(Value::Null)
}
