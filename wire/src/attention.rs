//! Which session wants a person, and the order in which sessions are shown, so that page and terminal agree.

use crate::{Rule, Session, State};

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
    /// Whether a person is wanted: the session waits, shows a dialog before it begins, or has ended its answer with a
    /// question. One that has been left alone with its question for long does not ask for attention for ever.
    pub fn needs_you(&self) -> bool {
        self.state.waits() || self.is_at_first_dialog() || self.asks && !self.abandoned
    }

    /// Whether it asks something, such as to trust its directory, before it has a prompt.
    fn is_at_first_dialog(&self) -> bool {
        // A program's session shows none; what it has not been told yet leaves it as silent.
        let is_programs = self.entrypoint.as_deref();
        let is_programs = is_programs.is_some_and(|entrypoint| entrypoint.starts_with("sdk"));
        self.state == State::Starting && self.rule == Rule::FirstDialog && !is_programs
    }

    /// Sorts those first that wait for a person, the longest wait first; then those that ask something at their
    /// prompt or before it, what is wrong, what works and what rests, each by age, so that rows stay where they are.
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
