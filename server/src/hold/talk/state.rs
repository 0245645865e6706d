//! What the session is doing: when a turn begins and ends, and when that is told.

use wire::{Event, State};

use super::{
    Effect, Talk,
    requests::{NEXT_MS, NEXT_UNTOLD_MS, QUIET, TURN},
};

impl Talk {
    pub(super) fn turn_begins(&mut self) {
        self.in_turn = true;
        self.waiting.remove(QUIET);
        self.waiting.remove(TURN);
    }

    pub(super) fn turn_ends(&mut self, at: u64) {
        self.in_turn = false;
        self.waiting.remove(QUIET);
        let patience = match self.queue.is_told() {
            true => NEXT_MS,
            false => NEXT_UNTOLD_MS,
        };
        self.expect_turn(at, patience);
    }

    /// Whether it does something, or was told to.
    pub(super) fn is_busy(&self) -> bool {
        self.in_turn || !self.queue.is_empty()
    }

    /// The state that follows from all that is known.
    fn state(&self) -> State {
        match self.approvals.open().next() {
            _ if !self.is_ready => State::Starting,
            Some(approval) if matches!(approval.ask, wire::Ask::Question { .. }) => {
                State::WaitingInput
            }
            Some(_) => State::WaitingPermission,
            None if self.is_busy() => State::Working,
            None => State::Idle,
        }
    }

    /// A status event where state, model or mode is another one than was told last.
    pub(super) fn news(&mut self, at: u64) -> Option<Effect> {
        let (model, mode) = (&self.now.model, &self.now.permission_mode);
        let is_told = self.told.as_ref().is_some_and(|(state, its, other)| {
            *state == self.state() && its == model && other == mode
        });
        (!is_told).then(|| self.status(at))
    }

    pub(super) fn status(&mut self, at: u64) -> Effect {
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
}
