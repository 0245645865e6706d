//! One action at a time on one thing.

use std::{
    collections::HashSet,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use wire::{ProcessKey, SessionId};

/// What is being acted on right now.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    held: Arc<Mutex<HashSet<Thing>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Thing {
    Process(ProcessKey),
    Conversation(SessionId),
    Cleanup,
}

/// Holds a thing until it is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    thing: Thing,
    held: Arc<Mutex<HashSet<Thing>>>,
}

impl Claims {
    /// Takes the process, or returns `None` where another action has it.
    pub(super) fn process(&self, key: ProcessKey) -> Option<Claim> {
        self.take(Thing::Process(key))
    }

    /// Whether an action has the process.
    pub(super) fn has_process(&self, key: ProcessKey) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.contains(&Thing::Process(key))
    }

    /// Takes the conversation, or returns `None` where another action has it.
    pub(super) fn conversation(&self, id: SessionId) -> Option<Claim> {
        self.take(Thing::Conversation(id))
    }

    /// Takes the right to clean up, or returns `None` where a cleanup runs.
    pub(super) fn cleanup(&self) -> Option<Claim> {
        self.take(Thing::Cleanup)
    }

    fn take(&self, thing: Thing) -> Option<Claim> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.insert(thing.clone()).then(|| Claim {
            thing,
            held: Arc::clone(&self.held),
        })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.remove(&self.thing);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_free_again_when_its_claim_is_dropped() {
        let claims = Claims::default();
        let id: SessionId = "086ce0db".parse().unwrap();
        let first = claims.conversation(id.clone()).unwrap();
        assert!(claims.conversation(id.clone()).is_none());
        assert!(claims.cleanup().is_some());
        drop(first);
        assert!(claims.conversation(id).is_some());
    }
}
