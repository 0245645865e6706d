//! Prompts that are taken from the queue.
//!
//! Knows that one may begin a turn before its own line is written. Does not know what it says.

use super::{Line, Tail, Turn};
use crate::id::UnixMillis;

/// Where things stood when a prompt was taken from the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    turn: Turn,
    began: Option<UnixMillis>,
    ended: Option<UnixMillis>,
}

impl Tail {
    /// 2.0.30 under the Agent SDK and with `-p` writes a prompt together with the first of the answer; until then only the
    /// queue tells that there is one.
    pub(super) fn take_queued(&mut self, line: &Line, at: Option<UnixMillis>) {
        if line.operation.0.as_deref() != Some("dequeue") || self.turn.is_running() {
            return;
        }
        let taken = Taken {
            turn: self.turn,
            began: self.began,
            ended: self.ended,
        };
        self.set(Turn::Model, at);
        // Of a file's first prompt, the line that comes late tells when it was (2.1.197).
        self.began = self.began.and(at);
        self.taken = Some(taken);
    }

    /// What was taken from the queue was a command that Claude Code answers by itself.
    pub(super) fn put_back(&mut self) {
        if let Some(taken) = self.taken.take() {
            self.turn = taken.turn;
            self.began = taken.began;
            self.ended = taken.ended;
        }
    }
}
