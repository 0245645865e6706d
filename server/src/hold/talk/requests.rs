//! What we ask of Claude Code over its input, and what comes of it: an answer, a refusal, or silence.

use session_core::stream::Answer;
use wire::{Code, DecisionOutcome, DriveOutcome, NoteCode};

use super::{super::protocol::Reply, Effect, Talk, events, refused};

/// A request without an answer.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) what: Request,
    /// Unix milliseconds.
    pub(super) until: u64,
}

/// What was asked for, with the number of the command that asked.
#[derive(Debug)]
pub(super) enum Request {
    Initialize,
    Interrupt(u64),
    /// Asked for by us on the way to the end.
    Stop,
    /// No request: the end of a turn that was interrupted.
    Quiet,
    /// No request: a turn that is to begin with what was handed over.
    Turn,
    Model(u64, String),
    PermissionMode(u64, String),
    /// The mode to go on in after a plan, which the command has allowed already.
    PlanMode(u64, String),
    Rename(u64, String),
}

/// An answer takes milliseconds; the first one waits for the start, which takes up to 1.5 s (2.0.30).
pub(super) const FIRST_ANSWER_MS: u64 = 30_000;
pub(super) const ANSWER_MS: u64 = 10_000;
/// An interrupted turn ends within 50 ms (2.1.329).
pub(super) const STOP_MS: u64 = 3_000;

/// A message begins within milliseconds, but hooks come first, each of which may take a minute.
pub(super) const FIRST_WORD_MS: u64 = 60_000;
/// After a turn the next message begins, and says so, within 30 ms (2.1.329).
pub(super) const NEXT_MS: u64 = 10_000;
/// The same of versions that don't tell when a message goes into the turn that runs: for so long a session that has read one
/// there seems to work. The next turn is said to begin within 100 ms (2.1.197, 2.0.30).
pub(super) const NEXT_UNTOLD_MS: u64 = 2_000;

/// In the place of a request's id.
pub(super) const QUIET: &str = "quiet";
pub(super) const TURN: &str = "turn";

impl Talk {
    /// Whether something has its time.
    pub(in crate::hold) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Gives up on what has had its time.
    pub(in crate::hold) fn tick(&mut self, at: u64) -> Vec<Effect> {
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
                // It has nothing to end: what we took for a turn was none, such as a message that it knew.
                Request::Quiet => {
                    self.in_turn = false;
                    self.queue.give_up();
                    self.waiting.remove(TURN);
                    effects.extend(self.news(at));
                }
                Request::Turn => {
                    self.queue.give_up();
                    effects.extend(self.news(at));
                }
                Request::Interrupt(number)
                | Request::Model(number, _)
                | Request::PermissionMode(number, _)
                | Request::Rename(number, _) => effects.extend(refused(
                    number,
                    Code::Unresponsive,
                    "Claude Code does not answer; it may be too old for that, or stuck.",
                )),
                Request::PlanMode(number, mode) => {
                    let why = "Claude Code does not answer";
                    effects.extend(self.plan_without_mode(number, &mode, why, at));
                }
            }
        }
        effects
    }

    pub(super) fn answered(&mut self, answer: Answer, at: u64) -> Vec<Effect> {
        // What is not asked for is an answer of ours, given back, or the second of two.
        let Some(waiting) = self.waiting.remove(&answer.request_id) else {
            return Vec::new();
        };
        let result = match answer.result {
            Ok(result) => result,
            Err(error) => return self.declined(waiting.what, &error, at),
        };
        match waiting.what {
            Request::Initialize => {
                self.is_ready = true;
                let mut effects = vec![Effect::Ready(events::pid(&result))];
                effects.extend(self.news(at));
                effects
            }
            Request::Interrupt(number) => {
                if self.is_busy() {
                    let until = at + STOP_MS;
                    let what = Request::Quiet;
                    self.waiting
                        .insert(QUIET.to_owned(), Waiting { what, until });
                }
                vec![self.done(number, DriveOutcome::Interrupted)]
            }
            Request::Quiet | Request::Turn => Vec::new(),
            // The turn's end closes it; a session without a turn says no more.
            Request::Stop if self.is_busy() => {
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
                let mut effects: Vec<Effect> = self.mode_is(mode, at).into_iter().collect();
                effects.push(self.done(number, DriveOutcome::Changed));
                effects
            }
            Request::PlanMode(number, mode) => {
                let mut effects: Vec<Effect> = self.mode_is(mode, at).into_iter().collect();
                effects.push(allowed(number, None));
                effects
            }
            Request::Rename(number, name) => {
                self.now.name = Some(name);
                vec![self.done(number, DriveOutcome::Changed)]
            }
        }
    }

    fn declined(&mut self, request: Request, error: &str, at: u64) -> Vec<Effect> {
        let error = error.trim_end_matches('.');
        let sentence = || format!("Claude Code refuses: {error}.");
        match request {
            Request::Initialize => vec![Effect::Hopeless(sentence())],
            Request::Stop => self.close(),
            Request::Interrupt(number)
            | Request::Model(number, _)
            | Request::PermissionMode(number, _)
            | Request::Rename(number, _) => refused(number, Code::Refused, sentence()),
            Request::PlanMode(number, mode) => {
                let why = format!("Claude Code refuses: {error}");
                self.plan_without_mode(number, &mode, &why, at)
            }
            Request::Quiet | Request::Turn => Vec::new(),
        }
    }

    fn mode_is(&mut self, mode: String, at: u64) -> Option<Effect> {
        // The same by an older name (2.1.329).
        let mode = if mode == "manual" {
            "default".to_owned()
        } else {
            mode
        };
        self.now.permission_mode = Some(mode);
        self.news(at)
    }

    /// The plan was allowed, and goes on in another mode than whoever allowed it has chosen: said to them, and in the log.
    fn plan_without_mode(&mut self, number: u64, mode: &str, why: &str, at: u64) -> Vec<Effect> {
        let text = other_mode(mode, why);
        vec![
            self.note(NoteCode::Other, &text, at),
            allowed(number, Some(text)),
        ]
    }

    /// Waits for the turn of what was handed over, where something was.
    pub(super) fn expect_turn(&mut self, at: u64, patience: u64) {
        if self.queue.is_empty() {
            return;
        }
        let (what, until) = (Request::Turn, at + patience);
        self.waiting
            .insert(TURN.to_owned(), Waiting { what, until });
    }

    pub(super) fn request(&mut self, what: Request, at: u64, patience: u64) -> String {
        self.requests += 1;
        let id = format!("sm-{}", self.requests);
        let until = at + patience;
        self.waiting.insert(id.clone(), Waiting { what, until });
        id
    }
}

/// The reply to whoever has allowed something.
pub(super) fn allowed(number: u64, note: Option<String>) -> Effect {
    let outcome = DecisionOutcome::Allow;
    Effect::Reply(number, Reply::Decided { outcome, note })
}

pub(super) fn other_mode(mode: &str, why: &str) -> String {
    format!(
        "The plan was allowed, but the permission mode did not become {mode} ({why}); look which it is, and change it."
    )
}
