//! Which session wants a person, and the order in which sessions are shown, so that page and terminal agree.

use crate::{Session, State};

impl State {
    /// Whether the session goes on only after a person has answered.
    pub fn waits(self) -> bool {
        matches!(
            self,
            Self::WaitingPermission | Self::WaitingInput | Self::WaitingDialog
        )
    }
}

impl Session {
    /// Whether a person is wanted: the session waits, or has ended its answer with a question. One that has been
    /// left alone with its question for long does not ask for attention for ever.
    pub fn needs_you(&self) -> bool {
        self.state.waits() || self.asks && !self.abandoned
    }

    /// Sorts those first that wait for a person, the longest wait first; then those that ask something at their
    /// prompt, what is wrong, what works and what rests, each by age, so that rows stay where they are.
    pub fn order(&self) -> impl Ord + use<> {
        let wait = self
            .state_since
            .filter(|_| self.state.waits())
            .unwrap_or(u64::MAX);
        (self.rank(), wait, self.started_at, self.pid)
    }

    fn rank(&self) -> u8 {
        match self.state {
            State::WaitingPermission | State::WaitingInput | State::WaitingDialog => 0,
            _ if self.needs_you() => 1,
            State::Stopped => 2,
            State::Working if self.stuck => 2,
            State::Working => 3,
            State::Starting => 4,
            State::Shell => 5,
            State::Idle => 6,
            State::Unknown => 7,
            State::Exited => 8,
        }
    }
}
