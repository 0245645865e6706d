//! What clients want of a session: lines for it, and a reply to each.

use session_core::stream::say;
use wire::{Code, DriveOutcome, Event};

use super::{
    super::protocol::Do,
    Effect, SENT, Talk, approvals, refused,
    requests::{ANSWER_MS, FIRST_WORD_MS, Request, STOP_MS},
};

impl Talk {
    /// Takes a command; exactly one reply to its number follows, at once or later. `uuid` is for a message that has none.
    pub(in crate::hold) fn command(
        &mut self,
        number: u64,
        what: Do,
        uuid: String,
        at: u64,
    ) -> Vec<Effect> {
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
            Do::Interrupt if !self.is_busy() && self.approvals.is_empty() => {
                vec![self.done(number, DriveOutcome::Idle)]
            }
            Do::Interrupt => {
                let id = self.request(Request::Interrupt(number), at, ANSWER_MS);
                vec![Effect::Say(say::interrupt(&id))]
            }
            Do::Cancel => {
                self.cancelling.push(number);
                if !self.is_busy() && self.approvals.is_empty() {
                    return self.close();
                }
                // What waits for the end of the turn would begin another one. Nobody waits for the answers.
                let mut effects: Vec<Effect> = self
                    .queue
                    .ids()
                    .map(|uuid| Effect::Say(say::take_back(&format!("sm-back-{uuid}"), uuid)))
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
                let request = Request::PermissionMode(number, permission_mode.clone());
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
        if self.sent.len() >= SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(uuid.clone());
        if self.before.contains(&uuid) {
            // Claude Code drops a message that it knows, and says nothing to it; one that it does not know begins a turn.
            let reply = self.reply(DriveOutcome::AlreadySent, Some(uuid.clone()));
            return vec![
                Effect::Say(say::message(text, Some(&uuid))),
                Effect::Reply(number, reply),
            ];
        }
        let outcome = match self.is_busy() {
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
        // At once, and not when Claude Code says so: between the two the turn that runs may end.
        self.queue.add(uuid.clone());
        if !self.in_turn {
            self.expect_turn(at, FIRST_WORD_MS);
        }
        let mut effects = vec![user];
        effects.extend(self.news(at));
        effects.push(Effect::Say(line));
        effects.push(Effect::Reply(number, self.reply(outcome, Some(uuid))));
        effects
    }
}
