//! What a story weighs: the memory of a page is never given back.
//!
//! Knows how long the texts are. Does not know what else an item takes, which is little beside a long one.

use serde_json::Value;

use super::item::{Item, Step, ToolCall, What};

/// Bytes of text that are kept of a whole story.
pub(super) const MOST: usize = 64_000_000;
/// Steps of one subagent that are kept, the newest.
pub(super) const STEPS: usize = 500;
/// Characters of a result that are kept: twice what is ever shown, as line breaks of two characters are shown as one.
const RESULT: usize = 40_002;

pub(super) fn of_item(item: &Item) -> usize {
    of(&item.what)
}

pub(super) fn of(what: &What) -> usize {
    match what {
        What::Prompt { text }
        | What::Answer { text }
        | What::Thought { text }
        | What::Changed { text }
        | What::Note { text, .. } => text.len(),
        What::Call(call) => of_call(call),
        What::Turn(_) => 0,
        What::Exit { stderr, .. } => stderr.len(),
    }
}

fn of_call(call: &ToolCall) -> usize {
    let result = call.result.as_ref().map_or(0, |result| result.text.len());
    let steps = call.steps.iter().map(of_step);
    of_value(&call.input) + result + steps.sum::<usize>()
}

pub(super) fn of_step(step: &Step) -> usize {
    match step {
        Step::Said(text) => text.len(),
        Step::Called { input, .. } => of_value(input),
    }
}

fn of_value(value: &Value) -> usize {
    const ITSELF: usize = size_of::<Value>();
    ITSELF
        + match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => text.len(),
            Value::Array(all) => all.iter().map(of_value).sum(),
            Value::Object(all) => all
                .iter()
                .map(|(name, value)| name.len() + of_value(value))
                .sum(),
        }
}

/// Returns as much of a result as can ever be shown.
pub(super) fn cut(text: String) -> String {
    match text.char_indices().nth(RESULT) {
        // Blanks before it are not shown.
        Some(_) => text.trim_start().chars().take(RESULT).collect(),
        None => text,
    }
}
