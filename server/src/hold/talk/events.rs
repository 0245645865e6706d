//! What a session says, as events on the wire.

use serde_json::{Value, value::RawValue};
use session_core::stream::{self, Origin, Part, Speaker, ToolResult, ToolUse, TurnResult};
use wire::{Delta, DeltaKind, Event};

/// A piece of an answer; `None` where it carries no text.
pub(super) fn delta(delta: stream::Delta) -> Option<Delta> {
    let (kind, text) = match delta.part {
        Part::Text(text) => (DeltaKind::Text, text),
        Part::Thinking(text) => (DeltaKind::Thinking, text),
        Part::InputJson(text) => (DeltaKind::Input, text),
        Part::Began | Part::Opened(_) | Part::Closed | Part::Stopped(_) | Part::Ended => {
            return None;
        }
    };
    (!text.is_empty()).then(|| Delta {
        kind,
        text,
        index: delta
            .index
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(0),
        parent: delta.parent_tool_use_id,
    })
}

pub(super) fn assistant(origin: Origin, text: String, thinking: bool, seq: u64, at: u64) -> Event {
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

pub(super) fn tool(call: ToolUse, seq: u64, at: u64) -> Event {
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

pub(super) fn tool_result(result: ToolResult, seq: u64, at: u64) -> Event {
    let mut text = result.text;
    if result.attachments > 0 {
        let number = result.attachments;
        let more = if number == 1 {
            "attachment"
        } else {
            "attachments"
        };
        text.push_str(&format!("\n[{number} {more} not shown]"));
    }
    Event::ToolResult {
        seq,
        at,
        uuid: result.origin.uuid,
        tool_use_id: result.tool_use_id.unwrap_or_default(),
        text,
        is_error: result.is_error,
        parent: parent(result.origin.speaker),
    }
}

pub(super) fn usage(result: &TurnResult, seq: u64, at: u64) -> Event {
    let micro = |dollars: f64| (dollars * 1e6).round();
    // Beyond what a float counts exactly nobody has spent yet.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be within the range"
    )]
    let cost = result
        .total_cost_usd
        .map(micro)
        .filter(|cost| (0.0..9e15).contains(cost))
        .map(|cost| cost as u64);
    Event::Usage {
        seq,
        at,
        subtype: result.subtype.clone().unwrap_or_default(),
        is_error: result.is_error,
        duration_ms: result.duration_ms,
        cost_micro_usd: cost,
        input_tokens: result.usage.input,
        output_tokens: result.usage.output,
        cache_read_tokens: result.usage.cache_read,
        cache_creation_tokens: result.usage.cache_creation,
    }
}

pub(super) fn retry(attempt: Option<u64>, status: Option<u64>, delay_ms: Option<u64>) -> String {
    let why = status
        .map(|status| format!(" with {status}"))
        .unwrap_or_default();
    let again = delay_ms
        .map(|ms| format!(" in {} s", ms.div_ceil(1000)))
        .unwrap_or_default();
    let number = attempt
        .map(|number| format!(", try {number}"))
        .unwrap_or_default();
    format!("The API refused{why}; it is asked again{again}{number}.")
}

/// The process that answers, as it says itself (2.1.329).
pub(super) fn pid(initialized: &RawValue) -> Option<u32> {
    let answer: Value = serde_json::from_str(initialized.get()).ok()?;
    u32::try_from(answer.get("pid")?.as_u64()?).ok()
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
