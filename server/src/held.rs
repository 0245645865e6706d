//! The sessions that we hold, as their holders tell of them. The holders are processes of their own and outlive this one.
//!
//! Knows who is held and what each says. Does not know what a session is told, nor how it is started.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use session_core::{evidence::Stream, id::ProcessKey};
use wire::{HolderKind, SessionId, Who};

use crate::hold::protocol::Now;

/// All of them.
#[derive(Debug, Default)]
pub struct Holders {
    /// By the name of the holder's directory: the conversation that it was started with.
    all: Mutex<HashMap<SessionId, Held>>,
}

/// One session at one moment.
#[derive(Clone, Debug)]
pub struct Held {
    pub kind: HolderKind,
    pub process: ProcessKey,
    pub stream: Stream,
    pub now: Now,
}

impl Holders {
    /// How a process is held, `None` where it is not.
    pub fn of(&self, process: ProcessKey) -> Option<Held> {
        let all = self.all();
        all.values().find(|held| held.process == process).cloned()
    }

    /// The directory of the holder of a session.
    pub fn find(&self, who: &Who) -> Option<(SessionId, Held)> {
        let is_meant = |held: &Held| match who {
            Who::Session(id) => held.now.session_id == *id,
            Who::Pid(pid) => held.now.key.pid == *pid,
        };
        let all = self.all();
        let (dir, held) = all.iter().find(|(_, held)| is_meant(held))?;
        Some((dir.clone(), held.clone()))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<SessionId, Held>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
