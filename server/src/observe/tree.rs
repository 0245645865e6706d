//! Looks at the processes that a tree is made of, and keeps what people want to know of them before they end.
//!
//! What is a member and what is spared stands in the core.

use std::{collections::HashMap, io};

use session_core::{
    id::{ProcessKey, UnixMillis},
    process::stat::StatLine,
    tree::{
        Tree, Witness,
        claim::Claim,
        spare::{Guard, Spare},
    },
};

use super::proc::ProcReader;

/// A look that can be taken again and again.
#[derive(Debug)]
pub struct Surveyor<'a> {
    proc: &'a ProcReader,
    guard: Guard,
    /// What was seen to descend from the root at an earlier time, and when.
    seen: Vec<(ProcessKey, UnixMillis)>,
    facts: HashMap<ProcessKey, Facts>,
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
    pub fn new(proc: &'a ProcReader, guard: Guard, seen: Vec<(ProcessKey, UnixMillis)>) -> Self {
        let mut surveyor = Self {
            proc,
            seen,
            facts: HashMap::new(),
            page_bytes: rustix::param::page_size() as u64,
            guard,
        };
        let root = surveyor.guard.root;
        if let Some(stat) = proc.stat(root.pid).filter(|stat| stat.key == root) {
            surveyor.note(&stat);
        }
        surveyor
    }

    /// Looks at the process table; returns how many members were found.
    pub fn survey(&mut self, tree: &mut Tree) -> io::Result<usize> {
        let table = self.proc.table()?;
        let seen = self.seen.clone();
        Ok(tree.grow(&table, &seen, self))
    }

    /// What a process was when it was found; nothing for one that was not.
    pub fn facts(&self, key: ProcessKey) -> Facts {
        self.facts.get(&key).cloned().unwrap_or_default()
    }

    fn note(&mut self, stat: &StatLine) {
        let facts = self.look_at(stat);
        self.facts.insert(stat.key, facts);
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
