//! The messages that were handed over to a session and have not begun yet.
//!
//! Claude Code tells of each how far it has come (2.1.329), a few milliseconds after it was handed over; older versions tell
//! nothing but that a turn begins (2.1.197, 2.0.30). Does not know time: whoever hands a message over also gives it up where
//! nothing becomes of it, as of one that Claude Code knows by its id and drops.

use session_core::stream::Lifecycle;

/// Messages in the order in which they were handed over.
#[derive(Debug, Default)]
pub(super) struct Queue {
    ids: Vec<String>,
    /// This version says how far messages have come.
    is_told: bool,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    pub(super) fn add(&mut self, id: String) {
        if !self.ids.contains(&id) {
            self.ids.push(id);
        }
    }

    /// Takes what Claude Code says of a message.
    pub(super) fn hear(&mut self, id: String, state: Lifecycle) {
        self.is_told = true;
        match state {
            Lifecycle::Queued => self.add(id),
            // One that is read between two calls of the model begins and is completed within the turn that runs.
            Lifecycle::Started | Lifecycle::Completed | Lifecycle::Cancelled | Lifecycle::Other => {
                self.ids.retain(|it| *it != id);
            }
        }
    }

    /// A turn begins, of which a version that says no more tells nothing but this: it is that of the oldest message.
    pub(super) fn turn_begins(&mut self) {
        // Several may go into one turn (2.1.197), or each have its own (2.0.30).
        if !self.is_told && !self.ids.is_empty() {
            self.ids.remove(0);
        }
    }

    /// Nothing becomes of them.
    pub(super) fn give_up(&mut self) {
        self.ids.clear();
    }
}
