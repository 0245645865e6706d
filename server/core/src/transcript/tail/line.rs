//! One line of a transcript, as far as it tells about the turn.

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    id::UnixMillis,
    lenient::{Flag, Loose, Text},
    transcript::line::{self, Content},
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Line {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) subtype: Text,
    timestamp: Text,
    /// The conversation's id, also in a subagent's line.
    pub(super) session_id: Text,
    /// Written by a subagent.
    pub(super) is_sidechain: Flag,
    pub(super) is_meta: Flag,
    pub(super) is_compact_summary: Flag,
    pub(super) is_visible_in_transcript_only: Flag,
    pub(super) is_api_error_message: Flag,
    /// Where a prompt came from; absent before 2.1.
    pub(super) prompt_source: Text,
    pub(super) message: Loose<Message>,
    pub(super) compact_metadata: Loose<CompactMetadata>,
    pub(super) attachment: Loose<Attachment>,
    pub(super) tool_use_result: Loose<ToolUseResult>,
    /// Of a queue: `enqueue`, `dequeue`, `remove`, `popAll`.
    pub(super) operation: Text,
    /// Of a queued prompt.
    pub(super) content: Text,
    /// Of `turn_duration`, from 2.1 on; absent where there are none.
    pub(super) pending_background_agent_count: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    pub(super) id: Text,
    pub(super) stop_reason: Text,
    pub(super) content: Content<Block>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Block {
    #[serde(rename = "type")]
    pub(super) kind: Text,
    pub(super) text: Text,
    /// Of a call.
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) input: Option<Box<RawValue>>,
    /// Of a result: the call's id.
    pub(super) tool_use_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CompactMetadata {
    /// `manual` or `auto`.
    pub(super) trigger: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Attachment {
    #[serde(rename = "type")]
    pub(super) kind: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ToolUseResult {
    /// The agent was started and the call did not wait for it.
    pub(super) is_async: Flag,
    pub(super) agent_id: Text,
    /// Of a shell.
    pub(super) background_task_id: Text,
}

impl Line {
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        line::parse(bytes)
    }

    /// Returns when it was written, `None` where it does not say, or says a time before 1970.
    pub(super) fn at(&self) -> Option<UnixMillis> {
        let time = DateTime::parse_from_rfc3339(self.timestamp.0.as_deref()?).ok()?;
        u64::try_from(time.timestamp_millis()).ok().map(UnixMillis)
    }
}
