//! What a session said and was told, numbered, as its log keeps it and as clients follow it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Ask, SessionId, State};

/// One event of a session. `seq` grows by one from event to event of a session that we hold, over rotations and restarts. Of one that
/// we do not hold it is a place in the transcript: it grows, with gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Event {
    /// What the session is doing from now on, and what it runs with.
    Status {
        seq: u64,
        /// Unix milliseconds, as of every event.
        at: u64,
        state: State,
        /// The model that answers, `None` while that is not told.
        model: Option<String>,
        /// `default`, `acceptEdits`, `plan`, ... in Claude Code's words.
        permission_mode: Option<String>,
    },
    /// A prompt.
    User {
        seq: u64,
        at: u64,
        /// Of the transcript's line, `None` where it has none.
        uuid: Option<String>,
        text: String,
    },
    /// A part of an answer.
    Assistant {
        seq: u64,
        at: u64,
        uuid: Option<String>,
        /// The parts of one answer of the model share it.
        message_id: Option<String>,
        text: String,
        /// What the model thought before it answered.
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        thinking: bool,
        /// The call of the subagent that says it.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        parent: Option<String>,
    },
    /// A tool is called.
    Tool {
        seq: u64,
        at: u64,
        uuid: Option<String>,
        message_id: Option<String>,
        tool_use_id: String,
        /// `Bash`, `Edit`, `mcp__server__tool`, ...
        name: String,
        input: Value,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        parent: Option<String>,
    },
    ToolResult {
        seq: u64,
        at: u64,
        uuid: Option<String>,
        tool_use_id: String,
        text: String,
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        parent: Option<String>,
    },
    /// A person or a rule is asked.
    Approval {
        seq: u64,
        at: u64,
        request_id: String,
        tool_use_id: Option<String>,
        tool: String,
        input: Value,
        ask: Ask,
    },
    /// What was answered to it. There is exactly one of each approval that is not open any more.
    Decision {
        seq: u64,
        at: u64,
        request_id: String,
        outcome: DecisionOutcome,
        by: DecidedBy,
        /// What the model is told where it is denied.
        reason: Option<String>,
        /// The rule that decided.
        rule: Option<String>,
    },
    /// A turn has ended.
    Usage {
        seq: u64,
        at: u64,
        /// `success`, `error_during_execution`, ... in Claude Code's words.
        subtype: String,
        is_error: bool,
        duration_ms: Option<u64>,
        /// What the session has cost until now, millionths of a US dollar.
        cost_micro_usd: Option<u64>,
        input_tokens: Option<u64>,
        output_tokens: Option<u64>,
        cache_read_tokens: Option<u64>,
        cache_creation_tokens: Option<u64>,
    },
    /// What a person should know and the session did not say.
    Note {
        seq: u64,
        at: u64,
        code: NoteCode,
        text: String,
    },
    /// The process has ended.
    Exit {
        seq: u64,
        at: u64,
        /// `None` where a signal ended it, or nobody was there to see it.
        code: Option<i32>,
        signal: Option<i32>,
        /// Somebody asked for the end.
        cancelled: bool,
        /// The end of what it wrote to its standard error, empty where it wrote nothing.
        stderr: String,
    },
}

impl Event {
    pub fn seq(&self) -> u64 {
        match self {
            Self::Status { seq, .. }
            | Self::User { seq, .. }
            | Self::Assistant { seq, .. }
            | Self::Tool { seq, .. }
            | Self::ToolResult { seq, .. }
            | Self::Approval { seq, .. }
            | Self::Decision { seq, .. }
            | Self::Usage { seq, .. }
            | Self::Note { seq, .. }
            | Self::Exit { seq, .. } => *seq,
        }
    }
}

/// What was decided on an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionOutcome {
    Allow,
    Deny,
    /// Nobody's answer is wanted any more: the turn was interrupted, the session has ended, or its own terminal was used.
    Withdrawn,
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    Person,
    Rule,
    /// The time for an answer was over.
    Timeout,
    /// The session itself.
    Session,
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteCode {
    /// A turn was interrupted.
    Interrupted,
    /// The conversation was compacted.
    Compacted,
    /// What follows is another conversation, after `/clear`.
    Cleared,
    /// Events before the next one are not kept any more.
    Dropped,
    /// Something could not be read or was cut.
    Incomplete,
    /// The log can't be written at the moment; nothing is lost while the session waits.
    LogStalled,
    /// What held the session has ended without a word.
    HolderLost,
    /// A message waits for the end of the turn.
    Queued,
    /// What the session wrote and is not in its protocol.
    Output,
    #[serde(other)]
    Other,
}

/// A piece of what is being written right now. It is not kept: the event that follows has all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delta {
    pub kind: DeltaKind,
    /// Appended to what came before of the same part.
    pub text: String,
    /// The place of the part in the answer.
    pub index: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeltaKind {
    Text,
    Thinking,
    /// The input of a tool, a piece of JSON.
    Input,
    #[serde(other)]
    Unknown,
}

/// The answer to `GET /sessions/:id/output?soft=1`: some of the events after the one that was named, the oldest first. Whoever asks
/// again after the last of them has all of them once there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutputPart {
    /// Always true.
    pub ok: bool,
    pub session_id: SessionId,
    /// As of `Output::Events`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub numbering: Option<Numbering>,
    pub events: Vec<Event>,
}

/// The name of a list of events with numbers of its own: `log:<id>` or `transcript:<id>`. What a session says may go on in another
/// list, when it is taken up by somebody else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Numbering(String);

impl Numbering {
    /// Of the log that was begun with this session.
    pub fn of_log(id: &SessionId) -> Self {
        Self(format!("log:{id}"))
    }

    /// Of places in the transcript of this session.
    pub fn of_transcript(id: &SessionId) -> Self {
        Self(format!("transcript:{id}"))
    }
}

/// What follows one session: one message of `GET /sessions/:id/output?follow=1` (the data of an event of the same name), and of `/ws`
/// after `Said::Follow`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Output {
    /// Events in order, none twice, none left out.
    Events {
        session_id: SessionId,
        /// The list that the numbers are of; the same number in another one is another event. `None` from older servers.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        numbering: Option<Numbering>,
        events: Vec<Event>,
    },
    Delta {
        session_id: SessionId,
        delta: Delta,
    },
    /// All that there was has been sent; what follows is live.
    Caught {
        session_id: SessionId,
        /// The newest event's, 0 where there is none.
        seq: u64,
        /// As of `Events`.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        numbering: Option<Numbering>,
    },
    /// There will be no more.
    End {
        session_id: SessionId,
        /// Why, where it is no exit that the events tell of.
        reason: Option<String>,
    },
}
