//! Where the walk down a tree stops, whatever is proved about what lies below.

use std::collections::HashSet;

use crate::{
    id::ProcessKey,
    process::{Likeness, Process},
};

/// Why a process is left alone with all that descends from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spare {
    /// A session of its own, what it runs in, or a part of Claude Code that serves several.
    OtherSession,
    /// Others may be in the terminals that it keeps.
    TerminalServer,
    OtherUser,
    /// This server, or what it descends from; or what holds a session.
    Protected,
}

/// What a decision to spare rests on, besides the process itself.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The root of the tree and its owner.
    pub root: ProcessKey,
    pub uid: u32,
    /// All sessions that are known, the root included.
    pub sessions: HashSet<ProcessKey>,
    /// The server and the processes that it descends from.
    pub lineage: Vec<u32>,
}

impl Guard {
    /// Decides on a process; `parent` is its parent where that may be Claude Code.
    pub fn spare(&self, process: &Process, parent: Option<&Process>) -> Option<Spare> {
        if process.key == self.root {
            return None;
        }
        if process.key.pid == 1 || self.lineage.contains(&process.key.pid) {
            return Some(Spare::Protected);
        }
        if process.uid != self.uid {
            return Some(Spare::OtherUser);
        }
        if self.sessions.contains(&process.key) || process.is_shared_part() {
            return Some(Spare::OtherSession);
        }
        // Somebody may have started it from within a session; it keeps another one.
        if process.is_holder() {
            return Some(Spare::Protected);
        }
        if process.is_terminal_server() {
            return Some(Spare::TerminalServer);
        }
        // Claude Code starts its tools as copies of itself.
        let is_copy = parent.is_some_and(|parent| process.is_copy_of(parent));
        match process.likeness() {
            Likeness::Executable | Likeness::Inferred if !is_copy => Some(Spare::OtherSession),
            Likeness::Executable | Likeness::Inferred | Likeness::None => None,
        }
    }
}
