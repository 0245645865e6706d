//! The conversation with a session over its standard input and output: what it says becomes events, what clients ask becomes
//! lines for it.
//!
//! Knows what belongs together over several lines. No I/O and no clock: time comes in, and what is to be done goes out as
//! effects, in their order. Does not know rules: whoever calls tells what they say.

mod approvals;
mod commands;
mod decisions;
mod events;
mod queue;
mod requests;
mod state;

use std::collections::{HashMap, VecDeque};

use serde_json::value::RawValue;
use session_core::stream::{Lifecycle, Said, Words, say};
use wire::{Approval, Code, Delta, DriveOutcome, Event, NoteCode, ProcessKey, State};

use self::{
    approvals::Approvals,
    queue::Queue,
    requests::{FIRST_ANSWER_MS, Request, Waiting, allowed, other_mode},
};
use super::protocol::{Now, Reply};
use crate::present;

/// What follows from something said.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// To be kept and told.
    Event(Event),
    /// To be told to whoever listens.
    Delta(Delta),
    /// A line for the session's standard input.
    Say(String),
    /// The answer to the command of this number.
    Reply(u64, Reply),
    /// The session has answered for the first time: it lives, and this is its process where it says so.
    Ready(Option<u32>),
    /// It can't be talked to.
    Hopeless(String),
    /// Close the session's standard input: it ends.
    Close,
}

/// What a rule says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ruled {
    Ask,
    Allow { rule: String },
    Deny { rule: String, reason: String },
}

/// One held session.
#[derive(Debug)]
pub(super) struct Talk {
    now: Now,
    is_ready: bool,
    in_turn: bool,
    queue: Queue,
    /// Requests of ours without an answer.
    waiting: HashMap<String, Waiting>,
    requests: u64,
    approvals: Approvals,
    /// The inputs of calls that may carry more than the request for them: a plan.
    plans: HashMap<String, Box<RawValue>>,
    /// The ids of messages that were handed over, oldest first.
    sent: VecDeque<String>,
    /// The same of earlier holders, which may have been killed before it was read.
    before: VecDeque<String>,
    /// Commands that wait for the session's end.
    cancelling: Vec<u64>,
    is_closed: bool,
    /// State, model and mode of the last status event.
    told: Option<(State, Option<String>, Option<String>)>,
}

/// So many messages back a repeated one is known.
pub(super) const SENT: usize = 1_000;

impl Talk {
    /// A session that has just been started; `now.seq` is the number of the last event of its log, and `before` are the ids of
    /// the messages in that.
    pub(super) fn new(now: Now, before: VecDeque<String>) -> Self {
        Self {
            now,
            is_ready: false,
            in_turn: false,
            queue: Queue::default(),
            waiting: HashMap::new(),
            requests: 0,
            approvals: Approvals::default(),
            plans: HashMap::new(),
            sent: VecDeque::new(),
            before,
            cancelling: Vec::new(),
            is_closed: false,
            told: None,
        }
    }

    /// What the session is doing.
    pub(super) fn now(&self) -> Now {
        let approvals = self.approvals.open().map(|open| Approval {
            session_id: self.now.session_id.clone(),
            title: self.now.name.clone(),
            ..open.clone()
        });
        Now {
            approvals: approvals.collect(),
            ..self.now.clone()
        }
    }

    /// The process has another key than the one that was started: a wrapper stands between.
    pub(super) fn is_process(&mut self, key: ProcessKey) {
        self.now.key = key;
    }

    /// Begins the conversation.
    pub(super) fn begin(&mut self, at: u64) -> Vec<Effect> {
        let status = self.status(at);
        let id = self.request(Request::Initialize, at, FIRST_ANSWER_MS);
        vec![status, Effect::Say(say::initialize(&id))]
    }

    /// Takes what the session said, all but a request to use a tool.
    pub(super) fn said(&mut self, said: Said, at: u64) -> Vec<Effect> {
        let mut effects = Vec::new();
        match said {
            Said::Init(init) => {
                if let Some(id) = init.session_id.and_then(|id| id.parse().ok()) {
                    self.now.session_id = id;
                }
                // A worktree is another directory than the one that it was started in.
                if let Some(cwd) = init.cwd {
                    self.now.cwd = cwd;
                }
                self.now.model = init.model.or(self.now.model.take());
                self.now.permission_mode = init.permission_mode.or(self.now.permission_mode.take());
                self.queue.turn_begins();
                self.turn_begins();
                effects.extend(self.news(at));
            }
            Said::Status {
                status,
                permission_mode,
            } => {
                if permission_mode.is_some() {
                    self.now.permission_mode = permission_mode;
                }
                if status.is_some() {
                    self.turn_begins();
                }
                effects.extend(self.news(at));
            }
            Said::Lifecycle { uuid, state } => {
                self.queue.hear(uuid, state);
                if state == Lifecycle::Started {
                    self.turn_begins();
                } else if !self.in_turn && !self.waiting.contains_key(requests::TURN) {
                    // One of Claude Code's own.
                    self.expect_turn(at, requests::FIRST_WORD_MS);
                }
                effects.extend(self.news(at));
            }
            Said::Delta(delta) => effects.extend(events::delta(delta).map(Effect::Delta)),
            // Prompts are noted when they are handed over, and some are given back.
            Said::User {
                words: Words::Person,
                ..
            }
            | Said::User {
                is_replay: true, ..
            } => {}
            said @ (Said::User { .. }
            | Said::Text { .. }
            | Said::Thinking { .. }
            | Said::ToolUse(_)
            | Said::ToolResult(_)
            | Said::Compacted { .. }
            | Said::Retry { .. }
            | Said::Reset
            | Said::NotJson(_)) => {
                self.keep_plan(&said);
                effects.extend(self.said_event(said, at));
            }
            Said::Title(title) => self.now.name = Some(title),
            Said::Result(result) => {
                for error in &result.errors {
                    effects.push(self.note(NoteCode::Output, error, at));
                }
                self.turn_ends(at);
                effects.extend(self.said_event(Said::Result(result), at));
                effects.extend(self.news(at));
                if !self.cancelling.is_empty() {
                    effects.extend(self.close());
                }
            }
            Said::Cancelled { request_id } => effects.extend(self.withdrawn(&request_id, at)),
            Said::Answer(answer) => effects.extend(self.answered(answer, at)),
            Said::Request {
                request_id,
                subtype,
            } => {
                let what = subtype.unwrap_or_default();
                let sentence = format!("{what:?} is not answered here");
                effects.push(Effect::Say(say::refuse(&request_id, &sentence)));
            }
            // Whoever takes the stream apart sees it before this is called.
            Said::CanUseTool(_) | Said::Spent { .. } | Said::Other { .. } => {}
        }
        effects
    }

    /// The process has ended.
    pub(super) fn exited(
        &mut self,
        (code, signal): (Option<i32>, Option<i32>),
        stderr: String,
        at: u64,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        effects.extend(self.all_withdrawn(at));
        self.now.state = State::Exited;
        self.now.since = at;
        let cancelled = !self.cancelling.is_empty();
        effects.push(self.event(|seq| Event::Exit {
            seq,
            at,
            code,
            signal,
            cancelled,
            stderr,
        }));
        for (_, waiting) in std::mem::take(&mut self.waiting) {
            let number = match waiting.what {
                Request::Interrupt(number)
                | Request::Model(number, _)
                | Request::PermissionMode(number, _)
                | Request::Rename(number, _) => number,
                Request::PlanMode(number, mode) => {
                    let why = "the session has ended";
                    // Nothing comes after the exit in the log.
                    effects.push(allowed(number, Some(other_mode(&mode, why))));
                    continue;
                }
                Request::Initialize | Request::Stop | Request::Quiet | Request::Turn => continue,
            };
            effects.extend(refused(number, Code::Ended, "The session has ended."));
        }
        for number in std::mem::take(&mut self.cancelling) {
            effects.push(self.done(number, DriveOutcome::Cancelled));
        }
        self.is_closed = true;
        effects
    }

    /// A note of ours.
    pub(super) fn note(&mut self, code: NoteCode, text: &str, at: u64) -> Effect {
        self.event(|seq| Event::Note {
            seq,
            at,
            code,
            text: text.to_owned(),
        })
    }

    fn close(&mut self) -> Vec<Effect> {
        if self.is_closed {
            return Vec::new();
        }
        self.is_closed = true;
        vec![Effect::Close]
    }

    /// What was said, as an event where it is one.
    fn said_event(&mut self, said: Said, at: u64) -> Option<Effect> {
        let event = present::said::event(said, self.now.seq + 1, at)?;
        self.now.seq += 1;
        Some(Effect::Event(event))
    }

    /// Keeps the input of a call that the request for it may leave out.
    fn keep_plan(&mut self, said: &Said) {
        if let Said::ToolUse(call) = said
            && call.name == "ExitPlanMode"
        {
            self.plans.insert(call.id.clone(), call.input.clone());
        }
        if let Said::ToolResult(result) = said
            && let Some(call) = &result.tool_use_id
        {
            self.plans.remove(call);
        }
    }

    fn event(&mut self, event: impl FnOnce(u64) -> Event) -> Effect {
        self.now.seq += 1;
        Effect::Event(event(self.now.seq))
    }

    fn done(&self, number: u64, outcome: DriveOutcome) -> Effect {
        Effect::Reply(number, self.reply(outcome, None))
    }

    fn reply(&self, outcome: DriveOutcome, uuid: Option<String>) -> Reply {
        Reply::Done {
            outcome,
            seq: self.now.seq,
            uuid,
            note: None,
        }
    }
}

fn refused(number: u64, code: Code, sentence: impl Into<String>) -> Vec<Effect> {
    let sentence = sentence.into();
    vec![Effect::Reply(number, Reply::Refused { code, sentence })]
}

#[cfg(test)]
mod tests;
