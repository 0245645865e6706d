//! What the end of a transcript says about the running turn: whose move it is, and which calls wait for results.
//!
//! Lines come in as they were written, the oldest first, and the first of them may be any. Knows which lines begin, carry
//! on and end a turn. Does not know whether a process still works on it: a call without a result may run, wait for
//! a person, or have died with its process.

pub mod background;
mod line;
mod queue;
mod user;

use serde_json::value::RawValue;

use super::{line::Content, text};
use crate::{
    ask::Ask,
    id::{SessionId, UnixMillis},
};
use background::Background;
use line::{Line, Message};
use queue::Taken;
use user::Said;

/// Claude calls a handful of tools at once; of more, the newest are kept.
const OPEN_LIMIT: usize = 64;
const ID_LIMIT: usize = 200;
/// In UTF-16 units, from the text's end: a question stands there.
const TEXT_LIMIT: usize = 4_000;

/// Where a turn stands, by the newest line that tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// No message was met.
    #[default]
    Silent,
    /// A prompt, or the last result, is newest: it is the model's move.
    Model,
    /// Calls wait for their results.
    Tools,
    /// The answer is finished.
    Done,
    /// The person broke it off.
    Interrupted,
    /// An error of the API ended it.
    Failed,
}

impl Turn {
    /// Returns whether the turn goes on, as far as the transcript can tell.
    pub fn is_running(self) -> bool {
        match self {
            Self::Model | Self::Tools => true,
            Self::Silent | Self::Done | Self::Interrupted | Self::Failed => false,
        }
    }
}

/// A call without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenTool {
    pub id: String,
    pub name: String,
    /// What the call asks if it has to; its subject is the tool's main input.
    pub ask: Ask,
    /// When the call was written down.
    pub at: Option<UnixMillis>,
}

impl OpenTool {
    /// Returns whether a subagent works on it, whose own calls stand in a transcript of its own.
    pub fn starts_agent(&self) -> bool {
        matches!(self.name.as_str(), "Agent" | "Task")
    }
}

/// Folds lines, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// It is a subagent's, of this conversation.
    subagent_of: Option<SessionId>,
    turn: Turn,
    open: Vec<OpenTool>,
    background: Background,
    at: Option<UnixMillis>,
    began: Option<UnixMillis>,
    ended: Option<UnixMillis>,
    /// What a prompt that was taken from the queue has begun and that its own line has not confirmed yet.
    taken: Option<Taken>,
    last_text: Option<String>,
    question: Option<Ask>,
    /// The answer ended without saying so: versions before 2.1 wrote no reason, so a call may still follow.
    unstated: bool,
    /// The id of the newest answer.
    message: Option<String>,
    /// More was met than results, so earlier lines would change little.
    anchored: bool,
}

impl Tail {
    pub fn new() -> Self {
        Self::default()
    }

    /// Of a subagent's transcript: it tells about the subagent's turn.
    pub fn of_subagent(conversation: SessionId) -> Self {
        Self {
            subagent_of: Some(conversation),
            ..Self::default()
        }
    }

    /// Takes in one line, which must be newer than every line before. A torn or foreign one counts for nothing, and so
    /// does one of somebody else: a subagent's in a conversation's transcript, another conversation's in a subagent's.
    pub fn line(&mut self, bytes: &[u8]) {
        let Some(line) = Line::parse(bytes) else {
            return;
        };
        if !self.is_writer_of(&line) {
            return;
        }
        let at = line.at();
        self.background.line(&line, at);
        let turn = match line.kind.0.as_deref() {
            Some("user") => self.take_user(line, at),
            Some("assistant") => Some(self.take_assistant(line, at)),
            Some("system") => self.take_system(&line),
            Some("attachment") => self.after_attachment(&line),
            Some("queue-operation") => {
                self.take_queued(&line, at);
                None
            }
            Some(_) | None => None,
        };
        if let Some(turn) = turn {
            self.set(turn, at);
        }
    }

    pub fn turn(&self) -> Turn {
        self.turn
    }

    /// Returns the calls without a result, the oldest first.
    pub fn open(&self) -> &[OpenTool] {
        &self.open
    }

    /// Returns what was started in the background and not heard of since.
    pub fn background(&self) -> &Background {
        &self.background
    }

    /// Returns when the newest line that counted was written.
    pub fn at(&self) -> Option<UnixMillis> {
        self.at
    }

    /// Returns when a running turn began or one that has ended ended, `None` where that was not met.
    pub fn since(&self) -> Option<UnixMillis> {
        if self.turn.is_running() {
            self.began
        } else {
            self.ended
        }
    }

    /// Returns the end of the newest text that Claude wrote in this turn.
    pub fn last_text(&self) -> Option<&str> {
        self.last_text.as_deref()
    }

    /// Returns the question in plain text that a finished answer ends with.
    pub fn question(&self) -> Option<&Ask> {
        self.question.as_ref().filter(|_| self.turn == Turn::Done)
    }

    /// Returns whether the answer only seems finished: it ends in text, but no line says why it ended.
    pub fn is_unstated(&self) -> bool {
        self.unstated && self.turn == Turn::Done
    }

    /// Returns whether it is known where the turn stands; results alone do not tell whether others are awaited.
    pub fn is_anchored(&self) -> bool {
        self.anchored
    }

    fn is_writer_of(&mut self, line: &Line) -> bool {
        let Some(conversation) = &self.subagent_of else {
            return !line.is_sidechain.0;
        };
        let is_ours = line.session_id.0.as_deref() == Some(conversation.as_str());
        // Of another conversation's subagent, earlier lines tell nothing either.
        self.anchored |= line.is_sidechain.0 && !is_ours;
        line.is_sidechain.0 && is_ours
    }

    fn set(&mut self, turn: Turn, at: Option<UnixMillis>) {
        if turn.is_running() {
            self.ended = None;
        } else if self.turn.is_running() || self.turn == Turn::Silent {
            self.ended = at;
        }
        if turn != Turn::Tools {
            self.open.clear();
        }
        self.turn = turn;
        self.at = at.or(self.at);
        self.taken = None;
    }

    fn take_user(&mut self, line: Line, at: Option<UnixMillis>) -> Option<Turn> {
        match user::said(line) {
            // 2.1.197 wrote the first prompt of a file behind the answer to it.
            Said::Prompt if self.began.is_none() && at.is_some() && at < self.at => {
                self.began = at;
                None
            }
            Said::Prompt => {
                self.anchored = true;
                self.began = at;
                self.message = None;
                self.last_text = None;
                self.question = None;
                self.open.clear();
                Some(Turn::Model)
            }
            Said::Results(ids) => {
                self.open
                    .retain(|tool| !ids.iter().any(|id| text::cut(id, ID_LIMIT) == tool.id));
                match self.turn {
                    // Of a call that was broken off.
                    Turn::Done | Turn::Interrupted | Turn::Failed => None,
                    Turn::Silent | Turn::Model | Turn::Tools => Some(self.running()),
                }
            }
            Said::Interruption => {
                self.anchored = true;
                Some(Turn::Interrupted)
            }
            Said::Nothing => {
                self.put_back();
                None
            }
        }
    }

    fn take_assistant(&mut self, line: Line, at: Option<UnixMillis>) -> Turn {
        let failed = line.is_api_error_message.0;
        let Message {
            id,
            stop_reason,
            content,
        } = line.message.0;
        self.anchored = true;
        let id = id.0.map(|id| text::cut(&id, ID_LIMIT).to_owned());
        if id.is_none() || id != self.message {
            // The API gives no further answer before every call has its result.
            self.open.clear();
            self.question = None;
            self.message = id;
        }
        let mut text = false;
        match content {
            Content::Text(words) => text = self.take_text(&words),
            Content::Blocks(blocks) => {
                for block in blocks {
                    let block = block.0;
                    match block.kind.0.as_deref() {
                        Some("text") => {
                            text = self.take_text(block.text.0.as_deref().unwrap_or_default());
                        }
                        Some("tool_use") => {
                            self.call(block, at);
                            text = false;
                        }
                        Some(_) | None => {}
                    }
                }
            }
            Content::Other => {}
        }
        self.unstated = stop_reason.0.is_none();
        if failed {
            return Turn::Failed;
        }
        match stop_reason.0.as_deref() {
            // The calls of this answer are in lines of their own.
            Some("tool_use" | "pause_turn") => self.running(),
            // `end_turn`, `stop_sequence`, `max_tokens`, `refusal`, and what may be added: it says no more.
            Some(_) if self.open.is_empty() => Turn::Done,
            None if self.open.is_empty() && text => Turn::Done,
            Some(_) | None => self.running(),
        }
    }

    fn take_text(&mut self, words: &str) -> bool {
        let words = words.trim();
        if words.is_empty() {
            return false;
        }
        self.question = Ask::in_text(words);
        self.last_text = Some(text::end(words, TEXT_LIMIT).to_owned());
        true
    }

    fn call(&mut self, block: line::Block, at: Option<UnixMillis>) {
        let (Some(id), Some(name)) = (block.id.0, block.name.0) else {
            return;
        };
        let id = text::cut(&id, ID_LIMIT);
        if self.open.iter().any(|tool| tool.id == id) {
            return;
        }
        if self.open.len() == OPEN_LIMIT {
            self.open.remove(0);
        }
        let input = block.input.unwrap_or_else(|| RawValue::NULL.to_owned());
        self.question = None;
        self.open.push(OpenTool {
            id: id.to_owned(),
            ask: Ask::of_tool(&name, &input),
            name: text::cut(&name, ID_LIMIT).to_owned(),
            at,
        });
    }

    fn take_system(&mut self, line: &Line) -> Option<Turn> {
        let ended = match self.turn {
            Turn::Interrupted | Turn::Failed => self.turn,
            Turn::Silent | Turn::Model | Turn::Tools | Turn::Done => Turn::Done,
        };
        match line.subtype.0.as_deref()? {
            "turn_duration" => {
                self.anchored = true;
                self.unstated = false;
                Some(ended)
            }
            // Where nobody asked for it, it is done in the middle of a turn, which then goes on.
            "compact_boundary" if line.compact_metadata.0.trigger.0.as_deref() == Some("auto") => {
                match self.turn {
                    Turn::Silent | Turn::Model | Turn::Tools => Some(Turn::Model),
                    Turn::Done | Turn::Interrupted | Turn::Failed => None,
                }
            }
            "compact_boundary" => {
                self.anchored = true;
                self.question = None;
                Some(Turn::Done)
            }
            _ => None,
        }
    }

    fn after_attachment(&self, line: &Line) -> Option<Turn> {
        let kind = line.attachment.0.kind.0.as_deref()?;
        let ends = matches!(kind, "max_turns_reached" | "hook_stopped_continuation");
        (ends && self.turn.is_running()).then_some(Turn::Done)
    }

    fn running(&self) -> Turn {
        if self.open.is_empty() {
            Turn::Model
        } else {
            Turn::Tools
        }
    }
}

#[cfg(test)]
mod tests;
