//! The parts of a story: prompts, answers, calls with all that belongs to them, and turns.
//!
//! Knows what is kept of each. Does not know from which events it comes.

use serde_json::Value;
use wire::{DecidedBy, DecisionOutcome, DeltaKind, NoteCode};

use super::weight;

/// One part of the story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// The number of the event that began it.
    pub(crate) seq: u64,
    /// Unix milliseconds by the server's clock.
    pub(crate) at: u64,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Prompt {
        text: String,
    },
    Answer {
        text: String,
    },
    Thought {
        text: String,
    },
    Call(ToolCall),
    Turn(Turn),
    /// The model or the permission mode is another one from here on.
    Changed {
        text: String,
    },
    Note {
        code: NoteCode,
        text: String,
    },
    Exit {
        code: Option<i32>,
        signal: Option<i32>,
        cancelled: bool,
        stderr: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolCall {
    /// Empty for a request whose call is not known.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) input: Value,
    pub(crate) asked: Option<Asked>,
    pub(crate) result: Option<Outcome>,
    /// What its subagent did, oldest first.
    pub(crate) steps: Vec<Step>,
}

/// How far the question whether it may has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(super) request: String,
    pub(crate) decided: Option<Decided>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) outcome: DecisionOutcome,
    pub(crate) by: DecidedBy,
    pub(crate) reason: Option<String>,
    pub(crate) rule: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) text: String,
    pub(crate) is_error: bool,
}

/// One thing that a subagent said or called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Said(String),
    Called {
        id: String,
        name: String,
        input: Value,
        /// `None` while it is under way.
        is_error: Option<bool>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) subtype: String,
    pub(crate) is_error: bool,
    pub(crate) duration_ms: Option<u64>,
    /// Of this turn alone, `None` where that is not known.
    pub(crate) cost_micro_usd: Option<u64>,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) cache_read_tokens: Option<u64>,
    pub(crate) cache_creation_tokens: Option<u64>,
}

/// A part of an answer that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) kind: DeltaKind,
    pub(crate) index: u32,
    pub(crate) text: String,
}

impl ToolCall {
    pub(super) fn new(id: String, name: String, input: Value) -> Self {
        Self {
            id,
            name,
            input,
            asked: None,
            result: None,
            steps: Vec::new(),
        }
    }

    /// Takes in what its subagent did, and returns how many bytes that has.
    pub(super) fn step(&mut self, step: Step) -> usize {
        let bytes = weight::of_step(&step);
        let surplus = (self.steps.len() + 1).saturating_sub(weight::STEPS);
        self.steps.drain(..surplus);
        self.steps.push(step);
        bytes
    }

    /// A person is asked.
    pub(crate) fn waits(&self) -> bool {
        let open = self
            .asked
            .as_ref()
            .is_some_and(|asked| asked.decided.is_none());
        open && self.result.is_none()
    }
}
