//! Looks at the processes that a tree is made of, and keeps what people want to know of them before they end.
//!
//! What is a member and what is spared stands in the core.

use std::{collections::HashMap, io};

use session_core::{
    id::{ProcessKey, UnixMillis},
    process::{Process, stat::StatLine},
    registry::ProcStart,
    tree::{
        Tree, Witness,
        claim::Claim,
        spare::{Guard, Spare},
    },
};

use super::{proc::ProcReader, registry::RegistryReader};

/// A look that can be taken again and again.
#[derive(Debug)]
pub struct Surveyor<'a> {
    proc: &'a ProcReader,
    guard: Guard,
    /// What was seen to descend from the root at an earlier time, and when.
    seen: Vec<(ProcessKey, UnixMillis)>,
    /// A process may register as a session at any time.
    registries: Vec<RegistryReader>,
    /// `None` where nobody wants to know.
    facts: Option<HashMap<ProcessKey, Facts>>,
    page_bytes: u64,
}

/// What a process was when it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its arguments separated by spaces, its name where it has none.
    pub command: String,
    pub rss_bytes: u64,
    /// `None` where it is not ours to read.
    pub private_bytes: Option<u64>,
}

impl<'a> Surveyor<'a> {
    pub fn new(
        proc: &'a ProcReader,
        guard: Guard,
        registries: Vec<RegistryReader>,
        seen: Vec<(ProcessKey, UnixMillis)>,
    ) -> Self {
        let mut surveyor = Self {
            seen,
            facts: Some(HashMap::new()),
            ..Self::bare(proc, guard, registries)
        };
        let root = surveyor.guard.root;
        if let Some(stat) = proc.stat(root.pid).filter(|stat| stat.key == root) {
            surveyor.note(&stat);
        }
        surveyor
    }

    /// A look for members alone: commands and memory are not asked for.
    pub fn bare(proc: &'a ProcReader, guard: Guard, registries: Vec<RegistryReader>) -> Self {
        Self {
            proc,
            guard,
            seen: Vec::new(),
            registries,
            facts: None,
            page_bytes: rustix::param::page_size() as u64,
        }
    }

    /// Looks at the process table; returns how many members were found.
    pub fn survey(&mut self, tree: &mut Tree) -> io::Result<usize> {
        let table = self.proc.table()?;
        let seen = self.seen.clone();
        Ok(tree.grow(&table, &seen, self))
    }

    /// What a process was when it was found; nothing for one that was not.
    pub fn facts(&self, key: ProcessKey) -> Facts {
        let facts = self.facts.as_ref().and_then(|facts| facts.get(&key));
        facts.cloned().unwrap_or_default()
    }

    fn note(&mut self, stat: &StatLine) {
        if self.facts.is_some() {
            let look = self.look_at(stat);
            self.facts.get_or_insert_default().insert(stat.key, look);
        }
    }

    /// What a process is now.
    pub fn look_at(&self, stat: &StatLine) -> Facts {
        let command = self.proc.command(stat.key.pid);
        Facts {
            command: if command.is_empty() {
                stat.comm.clone()
            } else {
                command
            },
            rss_bytes: stat.rss_pages.saturating_mul(self.page_bytes),
            private_bytes: self.proc.private_bytes(stat.key.pid),
        }
    }
}

impl Surveyor<'_> {
    /// Whether a registry has this very process as a session.
    fn is_registered(&self, process: &Process) -> bool {
        let start = ProcStart::Ticks(process.key.start_ticks);
        self.registries.iter().any(|registry| {
            let record = registry.record(process.own_pid());
            record.is_some_and(|(record, owner)| {
                record.proc_start == start && (owner == process.uid || owner == 0)
            })
        })
    }
}

impl Witness for Surveyor<'_> {
    fn spare(&mut self, stat: &StatLine) -> Option<Spare> {
        let process = self
            .proc
            .process(stat.key.pid)
            .filter(|process| process.key == stat.key)?;
        let parent = self
            .proc
            .may_be_claude(process.ppid)
            .then(|| self.proc.process(process.ppid))
            .flatten();
        if process.key != self.guard.root && self.is_registered(&process) {
            self.guard.sessions.insert(process.key);
        }
        let why = self.guard.spare(&process, parent.as_ref())?;
        self.note(stat);
        Some(why)
    }

    fn confirm(&mut self, claim: &Claim) -> bool {
        let Some(process) = self.proc.stat(claim.key.pid) else {
            return false;
        };
        let holds = self
            .proc
            .stat(claim.witness.pid)
            .is_some_and(|witness| claim.holds(&process, &witness));
        if holds {
            self.note(&process);
        }
        holds
    }
}
