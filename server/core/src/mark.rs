//! The marks beside a state: a silence that has lasted too long.

use std::time::Duration;

use crate::verdict::State;

/// How long a session may be silent before that is worth a mark.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub stuck_after: Duration,
    pub abandoned_after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    None,
    /// Works without progress.
    Stuck,
    /// At the prompt, untouched.
    Abandoned,
}

/// What a working session has to show besides what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// The process of a tool call lives, or something computes: silence is no proof of a hang.
    Active,
    /// Nothing of that.
    Still,
    /// It was not looked for.
    Unseen,
}

/// Marks a silence: the time since the session last wrote, or changed its registry file.
pub fn mark(state: State, silence: Duration, life: Life, patience: Patience) -> Mark {
    match state {
        State::Working if silence >= patience.stuck_after && life == Life::Still => Mark::Stuck,
        State::Idle | State::Shell if silence >= patience.abandoned_after => Mark::Abandoned,
        State::Working
        | State::Idle
        | State::Starting
        | State::WaitingPermission
        | State::WaitingInput
        | State::WaitingDialog
        | State::Shell
        | State::Stopped
        | State::Unknown => Mark::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_marked_only_where_it_means_something() {
        let patience = Patience {
            stuck_after: Duration::from_secs(10),
            abandoned_after: Duration::from_secs(20),
        };
        let at = |state, seconds, life| mark(state, Duration::from_secs(seconds), life, patience);
        assert_eq!(at(State::Working, 9, Life::Still), Mark::None);
        assert_eq!(at(State::Working, 10, Life::Still), Mark::Stuck);
        assert_eq!(at(State::Working, 10, Life::Active), Mark::None);
        assert_eq!(at(State::Working, 10, Life::Unseen), Mark::None);
        assert_eq!(at(State::Idle, 19, Life::Still), Mark::None);
        assert_eq!(at(State::Idle, 20, Life::Active), Mark::Abandoned);
        assert_eq!(at(State::WaitingPermission, 999, Life::Still), Mark::None);
        assert_eq!(at(State::Shell, 999, Life::Active), Mark::Abandoned);
    }
}
