//! What is being done to a process, and what it is called meanwhile.
//!
//! Knows what was asked from this page. What the server says of it, also of what others asked, is in `Live::acting`.

use wire::{Act, ProcessKey};

use crate::model::Model;

/// What can be done to a session, or to what one left running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Kill,
    Interrupt,
    Pause,
    Continue,
    Reap,
}

impl Deed {
    /// How the wire names it; a leftover is ended as a session is.
    pub(crate) fn act(self) -> Act {
        match self {
            Self::Kill | Self::Reap => Act::Kill,
            Self::Interrupt => Act::Interrupt,
            Self::Pause => Act::Pause,
            Self::Continue => Act::Continue,
        }
    }
}

/// A deed that has no answer yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Doing {
    pub(crate) deed: Deed,
    /// What its target was called when it was confirmed.
    pub(crate) name: String,
}

impl Model {
    /// Whether something is being done to it, by whomever.
    pub(crate) fn is_busy(&self, key: ProcessKey) -> bool {
        self.doing.contains(&key) || self.live.acting.iter().any(|one| one.key == key)
    }
}
