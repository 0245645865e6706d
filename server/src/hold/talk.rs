//! The conversation with a session over its standard input and output: what it says becomes events, what clients ask becomes
//! lines for it.
//!
//! Knows what belongs together over several lines. No I/O and no clock: time comes in, and what is to be done goes out as
//! effects, in their order. Does not know rules: whoever calls tells what they say.

mod approvals;
mod events;

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::value::RawValue;
use session_core::stream::{Answer, CanUseTool, Lifecycle, Said, Words, say};
use wire::{
    Approval, Code, DecidedBy, DecisionOutcome, Delta, DriveOutcome, Event, NoteCode, ProcessKey,
    State,
};

use self::approvals::Approvals;
use super::protocol::{Do, Now, Reply};
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
    /// Messages that were said to wait for the end of the turn (2.1.329 and later say so).
    queued: HashSet<String>,
    /// Requests of ours without an answer.
    waiting: HashMap<String, Waiting>,
    requests: u64,
    approvals: Approvals,
    /// The inputs of calls that may carry more than the request for them: a plan.
    plans: HashMap<String, Box<RawValue>>,
    /// The ids of messages that were handed over, oldest first.
    sent: VecDeque<String>,
    /// Commands that wait for the session's end.
    cancelling: Vec<u64>,
    is_closed: bool,
    /// State, model and mode of the last status event.
    told: Option<(State, Option<String>, Option<String>)>,
}

#[derive(Debug)]
struct Waiting {
    what: Request,
    /// Unix milliseconds.
    until: u64,
}

#[derive(Debug)]
enum Request {
    Initialize,
    Interrupt(u64),
    /// Asked for by us on the way to the end.
    Stop,
    Model(u64, String),
    PermissionMode(Option<u64>, String),
    Rename(u64, String),
}

/// An answer takes milliseconds; the first one waits for the start, which takes up to 1.5 s (2.0.30).
const FIRST_ANSWER_MS: u64 = 30_000;
const ANSWER_MS: u64 = 10_000;
/// An interrupted turn ends within 50 ms (2.1.329).
const STOP_MS: u64 = 3_000;

/// So many messages back a repeated one is known.
const SENT: usize = 1_000;

impl Talk {
    /// A session that has just been started; `now.seq` is the number of the last event of its log.
    pub(super) fn new(now: Now) -> Self {
        Self {
            now,
            is_ready: false,
            in_turn: false,
            queued: HashSet::new(),
            waiting: HashMap::new(),
            requests: 0,
            approvals: Approvals::default(),
            plans: HashMap::new(),
            sent: VecDeque::new(),
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
                self.in_turn = true;
                effects.extend(self.news(at));
            }
            Said::Status {
                status,
                permission_mode,
            } => {
                if permission_mode.is_some() {
                    self.now.permission_mode = permission_mode;
                }
                self.in_turn |= status.is_some();
                effects.extend(self.news(at));
            }
            Said::Lifecycle { uuid, state } => match state {
                Lifecycle::Queued => drop(self.queued.insert(uuid)),
                Lifecycle::Started => {
                    self.queued.remove(&uuid);
                    self.in_turn = true;
                    effects.extend(self.news(at));
                }
                Lifecycle::Completed | Lifecycle::Cancelled | Lifecycle::Other => {
                    self.queued.remove(&uuid);
                }
            },
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
                self.in_turn = false;
                effects.extend(self.said_event(Said::Result(result), at));
                effects.extend(self.news(at));
                if !self.cancelling.is_empty() {
                    effects.extend(self.close());
                }
            }
            Said::Cancelled { request_id } => {
                if let Some(id) = self.approvals.take_named(&request_id) {
                    self.approvals.remember(
                        id.clone(),
                        DecisionOutcome::Withdrawn,
                        DecidedBy::Session,
                    );
                    effects.push(self.decision(
                        id.as_str(),
                        DecisionOutcome::Withdrawn,
                        DecidedBy::Session,
                        None,
                        None,
                        at,
                    ));
                    effects.extend(self.news(at));
                }
            }
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

    /// Takes a request to use a tool, and what the rules say of it.
    pub(super) fn asked(&mut self, request: CanUseTool, ruled: Ruled, at: u64) -> Vec<Effect> {
        let called = request
            .tool_use_id
            .as_ref()
            .and_then(|id| self.plans.get(id));
        let seq = self.now.seq + 1;
        let (approval, event) =
            approvals::approval(&request, called.map(|raw| &**raw), &self.now, seq, at);
        self.now.seq = seq;
        let mut effects = vec![Effect::Event(event)];
        match ruled {
            Ruled::Ask => {
                self.approvals.add(approval, request);
                effects.extend(self.news(at));
            }
            Ruled::Allow { rule } => {
                self.approvals.remember(
                    approval.id.clone(),
                    DecisionOutcome::Allow,
                    DecidedBy::Rule,
                );
                let allow = say::allow(&request.request_id, &request.input, None);
                let (id, outcome) = (approval.id.as_str(), DecisionOutcome::Allow);
                effects.push(self.decision(id, outcome, DecidedBy::Rule, None, Some(rule), at));
                effects.push(Effect::Say(allow));
            }
            Ruled::Deny { rule, reason } => {
                self.approvals.remember(
                    approval.id.clone(),
                    DecisionOutcome::Deny,
                    DecidedBy::Rule,
                );
                let deny = say::deny(&request.request_id, &reason);
                let (id, outcome) = (approval.id.as_str(), DecisionOutcome::Deny);
                let reason = Some(reason);
                effects.push(self.decision(id, outcome, DecidedBy::Rule, reason, Some(rule), at));
                effects.push(Effect::Say(deny));
            }
        }
        effects
    }

    /// Takes a command; exactly one reply to its number follows, at once or later. `uuid` is for a message that has none.
    pub(super) fn command(&mut self, number: u64, what: Do, uuid: String, at: u64) -> Vec<Effect> {
        if !self.is_ready || self.is_closed || !self.cancelling.is_empty() {
            if let Do::Cancel = what {
                self.cancelling.push(number);
                // One that has not begun has nothing to keep.
                return match self.is_ready {
                    true => Vec::new(),
                    false => self.close(),
                };
            }
            return refused(
                number,
                Code::Ended,
                "The session is ending; start it again with resume.",
            );
        }
        match what {
            Do::Message { text, uuid: given } => {
                self.message(number, &text, given.unwrap_or(uuid), at)
            }
            Do::Interrupt if !self.in_turn && self.approvals.is_empty() => {
                vec![self.done(number, DriveOutcome::Idle)]
            }
            Do::Interrupt => {
                let id = self.request(Request::Interrupt(number), at, ANSWER_MS);
                vec![Effect::Say(say::interrupt(&id))]
            }
            Do::Cancel => {
                self.cancelling.push(number);
                if !self.in_turn && self.approvals.is_empty() {
                    return self.close();
                }
                // What waits for the end of the turn would begin another one. Nobody waits for the answers.
                let queued = std::mem::take(&mut self.queued).into_iter();
                let mut effects: Vec<Effect> = queued
                    .map(|uuid| Effect::Say(say::take_back(&format!("sm-back-{uuid}"), &uuid)))
                    .collect();
                let id = self.request(Request::Stop, at, STOP_MS);
                effects.push(Effect::Say(say::interrupt(&id)));
                effects
            }
            Do::Model { model } => {
                let id = self.request(Request::Model(number, model.clone()), at, ANSWER_MS);
                vec![Effect::Say(say::set_model(&id, Some(&model)))]
            }
            Do::PermissionMode { permission_mode } => {
                let request = Request::PermissionMode(Some(number), permission_mode.clone());
                let id = self.request(request, at, ANSWER_MS);
                vec![Effect::Say(say::set_permission_mode(&id, &permission_mode))]
            }
            Do::Rename { name } => {
                let id = self.request(Request::Rename(number, name.clone()), at, ANSWER_MS);
                vec![Effect::Say(say::rename(&id, &name))]
            }
            Do::Decide {
                id,
                decision,
                decided_by,
                reason,
                answers,
                permission_mode,
            } => {
                let answer = approvals::Answer {
                    decision,
                    by: decided_by,
                    reason,
                    answers,
                    permission_mode,
                };
                self.decide(number, &id, answer, at)
            }
            Do::Type { .. } | Do::Keys { .. } | Do::Resize { .. } => refused(
                number,
                Code::NotHeld,
                "The session has no terminal; send it a message.",
            ),
            Do::Unknown => refused(
                number,
                Code::BadRequest,
                "The session's holder is older than this server and does not know that; start the session again with resume.",
            ),
        }
    }

    /// Whether something has its time.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Gives up on what has had its time.
    pub(super) fn tick(&mut self, at: u64) -> Vec<Effect> {
        let late = self.waiting.extract_if(|_, waiting| waiting.until <= at);
        let late: Vec<Request> = late.map(|(_, waiting)| waiting.what).collect();
        let mut effects = Vec::new();
        for request in late {
            match request {
                Request::Initialize => effects.push(Effect::Hopeless(
                    "Claude Code does not answer; it may be too old to be held without a terminal"
                        .to_owned(),
                )),
                Request::Stop => effects.extend(self.close()),
                Request::Interrupt(number)
                | Request::Model(number, _)
                | Request::PermissionMode(Some(number), _)
                | Request::Rename(number, _) => effects.extend(refused(
                    number,
                    Code::Unresponsive,
                    "Claude Code does not answer; it may be too old for that, or stuck.",
                )),
                Request::PermissionMode(None, _) => {}
            }
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
        for (id, _) in self.approvals.take_all() {
            let (outcome, by) = (DecisionOutcome::Withdrawn, DecidedBy::Session);
            self.approvals.remember(id.clone(), outcome, by);
            effects.push(self.decision(id.as_str(), outcome, by, None, None, at));
        }
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
                | Request::PermissionMode(Some(number), _)
                | Request::Rename(number, _) => number,
                Request::Initialize | Request::Stop | Request::PermissionMode(None, _) => continue,
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

    fn message(&mut self, number: u64, text: &str, uuid: String, at: u64) -> Vec<Effect> {
        if text.trim().is_empty() {
            return refused(
                number,
                Code::BadRequest,
                "The message is empty; say something.",
            );
        }
        if self.sent.contains(&uuid) {
            let reply = self.reply(DriveOutcome::AlreadySent, Some(uuid));
            return vec![Effect::Reply(number, reply)];
        }
        if self.sent.len() == SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(uuid.clone());
        let outcome = match self.in_turn {
            true => DriveOutcome::Queued,
            false => DriveOutcome::Sent,
        };
        let line = say::message(text, Some(&uuid));
        let user = self.event(|seq| Event::User {
            seq,
            at,
            uuid: Some(uuid.clone()),
            text: text.to_owned(),
        });
        self.in_turn = true;
        let mut effects = vec![user];
        effects.extend(self.news(at));
        effects.push(Effect::Say(line));
        effects.push(Effect::Reply(number, self.reply(outcome, Some(uuid))));
        effects
    }

    fn decide(
        &mut self,
        number: u64,
        id: &wire::RequestId,
        answer: approvals::Answer,
        at: u64,
    ) -> Vec<Effect> {
        let lines = match self.approvals.decide(id, &answer) {
            Ok(lines) => lines,
            Err((code, sentence)) => return refused(number, code, sentence),
        };
        let mode = answer
            .permission_mode
            .filter(|_| answer.decision == DecisionOutcome::Allow);
        let mut effects = vec![
            self.decision(
                id.as_str(),
                answer.decision,
                answer.by,
                answer
                    .reason
                    .filter(|_| answer.decision == DecisionOutcome::Deny),
                None,
                at,
            ),
        ];
        effects.push(Effect::Say(lines));
        if let Some(mode) = mode {
            let request = Request::PermissionMode(None, mode.clone());
            let request = self.request(request, at, ANSWER_MS);
            effects.push(Effect::Say(say::set_permission_mode(&request, &mode)));
        }
        effects.extend(self.news(at));
        effects.push(Effect::Reply(
            number,
            Reply::Decided {
                outcome: answer.decision,
            },
        ));
        effects
    }

    fn answered(&mut self, answer: Answer, at: u64) -> Vec<Effect> {
        // What is not asked for is an answer of ours, given back, or the second of two.
        let Some(waiting) = self.waiting.remove(&answer.request_id) else {
            return Vec::new();
        };
        let result = match answer.result {
            Ok(result) => result,
            Err(error) => return self.declined(waiting.what, &error),
        };
        match waiting.what {
            Request::Initialize => {
                self.is_ready = true;
                let mut effects = vec![Effect::Ready(events::pid(&result))];
                effects.extend(self.news(at));
                effects
            }
            Request::Interrupt(number) => vec![self.done(number, DriveOutcome::Interrupted)],
            // The turn's end closes it; a session without a turn says no more.
            Request::Stop if self.in_turn => {
                self.waiting.insert(
                    answer.request_id,
                    Waiting {
                        what: Request::Stop,
                        until: waiting.until,
                    },
                );
                Vec::new()
            }
            Request::Stop => self.close(),
            Request::Model(number, model) => {
                self.now.model = Some(model);
                let news = self.news(at);
                let done = self.done(number, DriveOutcome::Changed);
                news.into_iter().chain([done]).collect()
            }
            Request::PermissionMode(number, mode) => {
                // The same by an older name (2.1.329).
                let mode = if mode == "manual" {
                    "default".to_owned()
                } else {
                    mode
                };
                self.now.permission_mode = Some(mode);
                let mut effects: Vec<Effect> = self.news(at).into_iter().collect();
                effects.extend(number.map(|number| self.done(number, DriveOutcome::Changed)));
                effects
            }
            Request::Rename(number, name) => {
                self.now.name = Some(name);
                vec![self.done(number, DriveOutcome::Changed)]
            }
        }
    }

    fn declined(&mut self, request: Request, error: &str) -> Vec<Effect> {
        let sentence = || format!("Claude Code refuses: {}.", error.trim_end_matches('.'));
        match request {
            Request::Initialize => vec![Effect::Hopeless(sentence())],
            Request::Stop => self.close(),
            Request::Interrupt(number)
            | Request::Model(number, _)
            | Request::PermissionMode(Some(number), _)
            | Request::Rename(number, _) => refused(number, Code::Refused, sentence()),
            Request::PermissionMode(None, _) => Vec::new(),
        }
    }

    fn close(&mut self) -> Vec<Effect> {
        if self.is_closed {
            return Vec::new();
        }
        self.is_closed = true;
        vec![Effect::Close]
    }

    fn request(&mut self, what: Request, at: u64, patience: u64) -> String {
        self.requests += 1;
        let id = format!("sm-{}", self.requests);
        let until = at + patience;
        self.waiting.insert(id.clone(), Waiting { what, until });
        id
    }

    /// The state that follows from all that is known.
    fn state(&self) -> State {
        match self.approvals.open().next() {
            _ if !self.is_ready => State::Starting,
            Some(approval) if matches!(approval.ask, wire::Ask::Question { .. }) => {
                State::WaitingInput
            }
            Some(_) => State::WaitingPermission,
            None if self.in_turn || !self.queued.is_empty() => State::Working,
            None => State::Idle,
        }
    }

    /// A status event where state, model or mode is another one than was told last.
    fn news(&mut self, at: u64) -> Option<Effect> {
        let (model, mode) = (&self.now.model, &self.now.permission_mode);
        let is_told = self.told.as_ref().is_some_and(|(state, its, other)| {
            *state == self.state() && its == model && other == mode
        });
        (!is_told).then(|| self.status(at))
    }

    fn status(&mut self, at: u64) -> Effect {
        let state = self.state();
        if state != self.now.state {
            self.now.since = at;
            self.now.state = state;
        }
        let (model, permission_mode) = (self.now.model.clone(), self.now.permission_mode.clone());
        self.told = Some((state, model.clone(), permission_mode.clone()));
        self.event(|seq| Event::Status {
            seq,
            at,
            state,
            model,
            permission_mode,
        })
    }

    fn decision(
        &mut self,
        request_id: &str,
        outcome: DecisionOutcome,
        by: DecidedBy,
        reason: Option<String>,
        rule: Option<String>,
        at: u64,
    ) -> Effect {
        self.event(|seq| Event::Decision {
            seq,
            at,
            request_id: request_id.to_owned(),
            outcome,
            by,
            reason,
            rule,
        })
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
