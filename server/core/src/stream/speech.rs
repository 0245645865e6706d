//! Lines of the conversation itself: what stands under the user's name, and what the model answers.
//!
//! The stream and the transcript write them alike, up to a few names of members, so that both are read here.

use chrono::DateTime;
use serde_json::value::RawValue;

use super::{Answered, Origin, Said, Speaker, ToolResult, ToolUse, Words, turn::Usage};
use crate::{
    id::UnixMillis,
    members::{self, Members},
    transcript::own_words,
};

/// The model of what Claude Code answers itself.
const NO_MODEL: &str = "<synthetic>";

/// What a message is made of.
enum Content<'a> {
    Text(String),
    Blocks(Vec<Members<'a>>),
}

pub(crate) fn user(line: &Members<'_>) -> Vec<Said> {
    let origin = Origin::of(line, None);
    let message = line.object("message").unwrap_or_default();
    let mut said = Vec::new();
    let mut texts = Vec::new();
    let mut attachments = 0;
    match Content::of(&message, "content") {
        Some(Content::Text(text)) => texts.push(text),
        Some(Content::Blocks(blocks)) => {
            for block in blocks {
                match block.text("type").as_deref() {
                    Some("text") => texts.extend(block.text("text")),
                    Some("tool_result") => said.push(tool_result(&block, &origin)),
                    Some("image" | "document") => attachments += 1,
                    Some(_) | None => {}
                }
            }
        }
        None => {}
    }
    if !texts.is_empty() || attachments > 0 {
        let text = joined(&texts);
        said.push(Said::User {
            words: words(line, &origin, &text),
            origin,
            text,
            attachments,
            is_replay: line.is("isReplay"),
        });
    }
    whole(said, line)
}

/// What a person said while a turn ran and the turn took up, as the transcript writes it down: under the message's own id.
pub(crate) fn queued(line: &Members<'_>) -> Option<Said> {
    let attachment = line.object("attachment")?;
    let texts = match Content::of(&attachment, "prompt")? {
        Content::Text(text) => vec![text],
        Content::Blocks(blocks) => {
            let blocks = blocks.iter();
            blocks.filter_map(|block| block.text("text")).collect()
        }
    };
    let mut origin = Origin::of(line, None);
    if let Some(uuid) = attachment.text("source_uuid") {
        origin.uuid = Some(uuid);
    }
    let text = joined(&texts);
    Some(Said::User {
        words: words(line, &origin, &text),
        origin,
        text,
        attachments: 0,
        is_replay: false,
    })
}

/// What a local command printed, as the transcript of a terminal writes it down.
pub(crate) fn printed(line: &Members<'_>) -> Option<Said> {
    Some(Said::User {
        origin: Origin::of(line, None),
        text: line.text("content")?,
        words: Words::Program,
        attachments: 0,
        is_replay: false,
    })
}

pub(crate) fn assistant(line: &Members<'_>) -> Vec<Said> {
    let message = line.object("message").unwrap_or_default();
    let origin = Origin::of(line, message.text("id"));
    let model = message.text("model");
    let answer = answered(line, model.as_deref());
    let mut said = Vec::new();
    match Content::of(&message, "content") {
        Some(Content::Text(text)) => said.push(Said::Text {
            origin: origin.clone(),
            text,
            answer,
        }),
        Some(Content::Blocks(blocks)) => {
            let blocks = blocks.iter();
            said.extend(blocks.filter_map(|block| spoken(block, &origin, answer)));
        }
        None => {}
    }
    let stop_reason = message.text("stop_reason");
    if stop_reason.is_some() && matches!(answer, Answered::Whole | Answered::BrokenOff) {
        said.push(Said::Spent {
            origin,
            model,
            stop_reason,
            usage: Usage::of(message.object("usage")),
        });
    }
    whole(said, line)
}

/// A line without anything in it that we know is still a line.
fn whole(said: Vec<Said>, line: &Members<'_>) -> Vec<Said> {
    if said.is_empty() {
        return vec![Said::other(line)];
    }
    said
}

fn spoken(block: &Members<'_>, origin: &Origin, answer: Answered) -> Option<Said> {
    let origin = origin.clone();
    Some(match block.text("type").as_deref()? {
        "text" => Said::Text {
            origin,
            text: block.text("text")?,
            answer,
        },
        "thinking" => Said::Thinking {
            origin,
            text: block.text("thinking")?,
        },
        "tool_use" | "server_tool_use" | "mcp_tool_use" => Said::ToolUse(ToolUse {
            origin,
            id: block.text("id")?,
            name: block.text("name")?,
            input: block.raw_or_null("input"),
        }),
        other => Said::Other {
            kind: Some("assistant".to_owned()),
            subtype: Some(other.to_owned()),
        },
    })
}

fn tool_result(block: &Members<'_>, origin: &Origin) -> Said {
    let mut texts = Vec::new();
    let mut attachments = 0;
    match Content::of(block, "content") {
        Some(Content::Text(text)) => texts.push(text),
        Some(Content::Blocks(blocks)) => {
            for block in blocks {
                match block.text("text") {
                    Some(text) => texts.push(text),
                    None => attachments += 1,
                }
            }
        }
        None => {}
    }
    Said::ToolResult(ToolResult {
        origin: origin.clone(),
        tool_use_id: block.text("tool_use_id"),
        text: joined(&texts),
        attachments,
        is_error: block.is("is_error"),
    })
}

fn words(line: &Members<'_>, origin: &Origin, text: &str) -> Words {
    let begins = text.trim_start();
    // A hidden line that came from outside was still said by somebody.
    let hidden = line.is("isMeta") && line.raw("promptSource").is_none();
    let added = [
        "isSynthetic",
        "isCompactSummary",
        "isVisibleInTranscriptOnly",
    ];
    if own_words::is_interruption(begins) {
        Words::Interruption
    } else if hidden || added.iter().any(|name| line.is(name)) || own_words::is_own(begins) {
        Words::Program
    } else {
        match origin.speaker {
            Speaker::Session => Words::Person,
            Speaker::Subagent { .. } => Words::Task,
        }
    }
}

fn answered(line: &Members<'_>, model: Option<&str>) -> Answered {
    if line.is("is_api_error_message") || line.is("isApiErrorMessage") {
        Answered::Failure
    } else if line.is("aborted") || line.is("isAbortedMidStream") {
        Answered::BrokenOff
    } else if model == Some(NO_MODEL) {
        Answered::Notice
    } else {
        Answered::Whole
    }
}

/// The texts as one, each beginning on a line of its own.
fn joined(texts: &[String]) -> String {
    let mut whole = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
    for text in texts {
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push('\n');
        }
        whole.push_str(text);
    }
    whole
}

impl<'a> Content<'a> {
    fn of(message: &Members<'a>, name: &str) -> Option<Self> {
        let content: &'a RawValue = message.raw(name)?;
        Some(match content.get().as_bytes().first()? {
            b'"' => Self::Text(members::text(content)?),
            b'[' => Self::Blocks(message.objects(name)),
            _ => return None,
        })
    }
}

impl Origin {
    fn of(line: &Members<'_>, message_id: Option<String>) -> Self {
        Self {
            uuid: line.text("uuid"),
            message_id,
            speaker: Speaker::of(line),
            at: time(line),
        }
    }
}

impl Speaker {
    fn of(line: &Members<'_>) -> Self {
        let call = line.text("parent_tool_use_id");
        let agent = line.text("agent_id").or_else(|| line.text("agentId"));
        if call.is_some() || agent.is_some() || line.is("isSidechain") {
            Self::Subagent { call, agent }
        } else {
            Self::Session
        }
    }
}

/// When the line was written, `None` where it does not say, or says a time before 1970.
pub(crate) fn time(line: &Members<'_>) -> Option<UnixMillis> {
    let time = DateTime::parse_from_rfc3339(&line.text("timestamp")?).ok()?;
    u64::try_from(time.timestamp_millis()).ok().map(UnixMillis)
}
