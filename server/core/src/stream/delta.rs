//! Pieces of an answer that is being written.

use super::Said;
use crate::members::Members;

/// One piece. They come in the order of the text, between its answer's [`Part::Began`] and [`Part::Ended`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delta {
    /// The call of the subagent that writes, `None` for the session itself.
    pub parent_tool_use_id: Option<String>,
    /// The API's id of the answer; older versions tell it in [`Part::Began`] only.
    pub message_id: Option<String>,
    /// The number of the block within the answer.
    pub index: Option<u64>,
    pub part: Part,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The answer begins.
    Began,
    /// A block begins.
    Opened(Opened),
    Text(String),
    Thinking(String),
    /// More of the JSON of a call's input.
    InputJson(String),
    /// A block ends.
    Closed,
    /// Why nothing more is said: `end_turn`, `tool_use`, `max_tokens`, ...
    Stopped(String),
    /// The answer ends.
    Ended,
}

/// What a block is going to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    Text,
    Thinking,
    ToolUse {
        id: Option<String>,
        name: Option<String>,
    },
    Other,
}

pub(super) fn read(line: &Members<'_>) -> Said {
    let event = line.object("event").unwrap_or_default();
    let kind = event.text("type");
    let part = match kind.as_deref() {
        Some("message_start") => Some(Part::Began),
        Some("content_block_start") => {
            Some(Part::Opened(opened(event.object("content_block").as_ref())))
        }
        Some("content_block_delta") => event.object("delta").as_ref().and_then(piece),
        Some("content_block_stop") => Some(Part::Closed),
        Some("message_delta") => event
            .object("delta")
            .and_then(|delta| delta.text("stop_reason"))
            .map(Part::Stopped),
        Some("message_stop") => Some(Part::Ended),
        Some(_) | None => None,
    };
    let Some(part) = part else {
        return Said::Other {
            kind: line.text("type"),
            subtype: kind,
        };
    };
    let message = event.object("message");
    Said::Delta(Delta {
        parent_tool_use_id: line.text("parent_tool_use_id"),
        message_id: line.text("api_message_id").or_else(|| message?.text("id")),
        index: event.number("index"),
        part,
    })
}

fn opened(block: Option<&Members<'_>>) -> Opened {
    let kind = block.and_then(|block| block.text("type"));
    match kind.as_deref() {
        Some("text") => Opened::Text,
        Some("thinking") => Opened::Thinking,
        Some("tool_use" | "server_tool_use" | "mcp_tool_use") => Opened::ToolUse {
            id: block.and_then(|block| block.text("id")),
            name: block.and_then(|block| block.text("name")),
        },
        Some(_) | None => Opened::Other,
    }
}

fn piece(delta: &Members<'_>) -> Option<Part> {
    match delta.text("type").as_deref()? {
        "text_delta" => delta.text("text").map(Part::Text),
        "thinking_delta" => delta.text("thinking").map(Part::Thinking),
        "input_json_delta" => delta.text("partial_json").map(Part::InputJson),
        _ => None,
    }
}
