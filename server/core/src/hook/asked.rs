//! What the session asks a person, as far as hooks know: they tell of every question and of most answers.

use serde_json::{Value, value::RawValue};

use super::{Event, MAX_TEXT, Report, cut};
use crate::{id::UnixMillis, lenient, members::Members};

/// A permission that was asked for and, as far as the hooks know, not yet given or refused. A question (`AskUserQuestion`) and
/// a plan (`ExitPlanMode`) are asked in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub at: UnixMillis,
    pub agent: Option<String>,
    pub tool: String,
    /// The tool's input as JSON text of at most `MAX_INPUT` bytes; `None` where there was none or it could not be shortened to that.
    pub input: Option<String>,
    /// Long texts and lists within the input end early.
    pub shortened: bool,
}

/// The longest input of a tool that is kept.
pub const MAX_INPUT: usize = 16 << 10;
/// Agents whose questions are kept.
const MAX_ASKED: usize = 8;

/// Returns what is asked after an event, in the order of asking.
pub(super) fn after(
    event: Event,
    at: UnixMillis,
    agent: Option<&str>,
    fields: &Members<'_>,
    previous: Option<&Report>,
) -> Vec<Asked> {
    let mut asked: Vec<Asked> = previous
        .into_iter()
        .flat_map(|previous| previous.asked.iter().chain(&previous.asked_next))
        .cloned()
        .collect();
    let tool = fields.text("tool_name");
    let theirs = |asked: &Asked| asked.agent.as_deref() == agent;
    match event {
        // An agent's tools run one after the other: a new question means that its last one was answered, also by a refusal,
        // which fires no hook.
        Event::PermissionRequest => {
            let answered =
                previous.is_some_and(|previous| previous.at > at && previous.event.answers());
            let newer = asked.iter().any(|asked| theirs(asked) && asked.at > at);
            if let Some(tool) = tool
                && !answered
                && !newer
            {
                asked.retain(|asked| !theirs(asked));
                asked.push(Asked::new(
                    at,
                    agent,
                    &tool,
                    fields.raw("tool_input").map(RawValue::get),
                ));
                asked.sort_by_key(|asked| asked.at);
                asked.truncate(MAX_ASKED);
            }
        }
        // By name and not by input: an answer is added to the input, and a person may edit it. Tools that only read run side
        // by side, so another tool's end answers nothing.
        Event::PostToolUse | Event::PostToolUseFailure => {
            asked.retain(|asked| {
                !theirs(asked) || Some(&asked.tool) != tool.as_ref() || asked.at > at
            });
        }
        // An agent in the background may go on asking.
        Event::Stop | Event::StopFailure => {
            asked.retain(|asked| !theirs(asked) || asked.at > at);
        }
        Event::SessionStart | Event::UserPromptSubmit | Event::SessionEnd => {
            asked.retain(|asked| asked.at > at);
        }
        Event::Notification => {}
    }
    asked
}

impl Event {
    /// Whether nothing that the conversation itself asked before this is still open.
    fn answers(self) -> bool {
        match self {
            Self::SessionStart
            | Self::UserPromptSubmit
            | Self::Stop
            | Self::StopFailure
            | Self::SessionEnd => true,
            Self::PermissionRequest
            | Self::PostToolUse
            | Self::PostToolUseFailure
            | Self::Notification => false,
        }
    }
}

impl Asked {
    fn new(at: UnixMillis, agent: Option<&str>, tool: &str, input: Option<&str>) -> Self {
        let (input, shortened) = match input {
            Some(input) if input.len() <= MAX_INPUT => (Some(input.to_owned()), false),
            Some(input) => (shortened(input), true),
            None => (None, false),
        };
        Self {
            at,
            agent: agent.map(str::to_owned),
            tool: cut(tool, MAX_TEXT),
            input,
            shortened,
        }
    }
}

/// The same JSON with its long texts and lists cut; `None` where even that is too long.
fn shortened(input: &str) -> Option<String> {
    let value: Value = lenient::read(input.as_bytes()).ok()?;
    [(2048, 32), (128, 4)]
        .into_iter()
        .find_map(|(text, items)| {
            let mut value = value.clone();
            shorten(&mut value, text, items);
            Some(value.to_string()).filter(|input| input.len() <= MAX_INPUT)
        })
}

fn shorten(value: &mut Value, text: usize, items: usize) {
    match value {
        Value::String(string) => *string = cut(string, text),
        Value::Array(list) => {
            list.truncate(items);
            list.iter_mut()
                .for_each(|value| shorten(value, text, items));
        }
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| shorten(value, text, items)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
