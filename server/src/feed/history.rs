//! The states that clients have been sent lately, each under the name by which a client that comes back names it.
//!
//! Knows which states are remembered. Does not know why a client was away.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use crate::feed::Snapshot;

/// What has been sent by this run of the server.
#[derive(Debug)]
pub struct History {
    /// Tells this run from every other: each counts its states from 1.
    epoch: String,
    sent: Mutex<BTreeMap<u64, Arc<Snapshot>>>,
}

/// States that are remembered. They share the rows that are the same in them.
const REMEMBERED: usize = 64;

impl History {
    /// Nothing has been sent yet.
    pub fn new() -> Self {
        // The standard library's keys are random and differ in every process.
        let epoch = RandomState::new().hash_one(std::process::id());
        Self {
            epoch: format!("{epoch:016x}"),
            sent: Mutex::default(),
        }
    }

    /// Remembers a state that a client is about to be sent, in place of the oldest where there are many, and returns
    /// its name.
    pub fn remember(&self, sent: &Arc<Snapshot>) -> String {
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(sent.rev, Arc::clone(sent));
        while all.len() > REMEMBERED {
            all.pop_first();
        }
        format!("{}-{}", self.epoch, sent.rev)
    }

    /// Returns the state of this name; `None` for another run's and for one that has been forgotten.
    pub fn find(&self, name: &str) -> Option<Arc<Snapshot>> {
        let (epoch, rev) = name.split_once('-')?;
        let rev: u64 = rev.parse().ok().filter(|_| epoch == self.epoch)?;
        let all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&rev).cloned()
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use session_core::id::UnixMillis;

    use super::*;

    fn state(rev: u64) -> Arc<Snapshot> {
        Arc::new(Snapshot {
            rev,
            at: UnixMillis(rev),
            ..Snapshot::none()
        })
    }

    #[test]
    fn the_latest_states_are_found_by_their_names() {
        let history = History::new();
        let names: Vec<_> = (1..=70).map(|rev| history.remember(&state(rev))).collect();
        let found = |name: &String| history.find(name).map(|state| state.rev);
        assert_eq!(found(&names[69]), Some(70));
        assert_eq!(found(&names[6]), Some(7));
        assert_eq!(found(&names[5]), None);
        // A client that falls behind does not push out what a quick one needs.
        history.remember(&state(1));
        assert_eq!(found(&names[69]), Some(70));
        assert_eq!(found(&names[6]), Some(7));
    }

    #[test]
    fn another_runs_names_mean_nothing() {
        let (history, other) = (History::new(), History::new());
        let name = history.remember(&state(1));
        other.remember(&state(1));
        assert!(history.find(&name).is_some());
        assert!(other.find(&name).is_none());
        for wrong in [
            "",
            "-",
            "1",
            "-1",
            "x-1",
            &format!("{name}0"),
            &format!("{name} "),
        ] {
            assert!(history.find(wrong).is_none(), "{wrong:?}");
        }
    }
}
