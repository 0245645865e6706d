//! What descends from a session, and what proves it.
//!
//! Knows parents, kernel sessions and process groups, and where the walk stops. Reads nothing: what a pass over the
//! process table suggests becomes a claim, and a claim counts once whoever looks has confirmed it.

mod claim;
pub mod ladder;
pub mod spare;
mod table;

use std::collections::{BTreeMap, HashSet};

pub use self::{
    claim::{Claim, Descent},
    table::Table,
};
use self::{spare::Spare, table::Chain};
use crate::{
    id::{ProcessKey, UnixMillis},
    kill::Target,
    process::StatLine,
};

/// The processes that are proved to descend from one, and what was found beside them. What was proved once stays proved,
/// whatever becomes of its parent.
#[derive(Clone, Debug)]
pub struct Tree {
    root: Target,
    members: Vec<Member>,
    known: HashSet<ProcessKey>,
    spared: Vec<(ProcessKey, Spare)>,
    /// Kernel sessions and process groups that proven descendants lead or led, by number.
    led: BTreeMap<Led, Leader>,
    /// In a led session or group together with something that is spared: whose it is can't be told.
    doubtful: Vec<(ProcessKey, ProcessKey)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub key: ProcessKey,
    pub descent: Descent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Led {
    Session(u32),
    Group(u32),
}

#[derive(Clone, Copy, Debug)]
struct Leader {
    key: ProcessKey,
    /// Something that is spared was seen in it.
    is_shared: bool,
}

/// Whoever looks at the processes that a tree is made of.
pub trait Witness {
    /// Tells why a process is to be left alone with all that descends from it; `None` where it is not.
    fn spare(&mut self, process: &StatLine) -> Option<Spare>;

    /// Reads the claim's process and then its witness once more, and tells whether the claim holds (`Claim::holds`).
    fn confirm(&mut self, claim: &Claim) -> bool;
}

impl Tree {
    /// The tree of a process that may be signalled, as yet without descendants.
    pub fn of(root: Target) -> Self {
        Self {
            root,
            members: vec![Member {
                key: root.key(),
                descent: Descent::Root,
            }],
            known: HashSet::from([root.key()]),
            spared: Vec::new(),
            led: BTreeMap::new(),
            doubtful: Vec::new(),
        }
    }

    pub fn root(&self) -> ProcessKey {
        self.root.key()
    }

    /// The root first, then in the order in which they were proved.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What may be signalled as a member.
    pub fn target(&self, member: Member) -> Target {
        self.root.descendant(member.key)
    }

    /// What the walk stopped at.
    pub fn spared(&self) -> &[(ProcessKey, Spare)] {
        &self.spared
    }

    /// What shares a kernel session or process group with a descendant that led it, and can't be proved because
    /// something that is spared does too. Each with that leader.
    pub fn doubtful(&self) -> &[(ProcessKey, ProcessKey)] {
        &self.doubtful
    }

    pub fn has(&self, key: ProcessKey) -> bool {
        self.known.contains(&key)
    }

    /// Takes one pass over the process table in, adds what it proves and gives up what is to be spared. `seen`: processes that were seen to descend from
    /// the root at an earlier time. Returns how many were added.
    pub fn grow(
        &mut self,
        table: &Table,
        seen: &[(ProcessKey, UnixMillis)],
        witness: &mut impl Witness,
    ) -> usize {
        self.reconsider(table, witness);
        let before = self.members.len();
        // What holds a number was proved by an earlier pass; what is added now does not count for that.
        self.forget_vacant(table);
        for &(key, at) in seen {
            let claim = Claim::seen(key, at);
            let free = |stat: &&StatLine| stat.key == key;
            if let Some(stat) = table.get(key.pid).filter(free) {
                self.consider(stat, claim, table, witness);
            }
        }
        let mut walked = 0;
        loop {
            walked = self.walk_down(walked, table, witness);
            self.note_leaders(table);
            if !self.take_groups(table, witness) {
                break;
            }
        }
        self.members.len().saturating_sub(before)
    }

    /// Gives up members that have become what is spared, and what descends from those: a process may begin to run another
    /// program at any time, and between fork(2) and execve(2) it looks like its parent.
    fn reconsider(&mut self, table: &Table, witness: &mut impl Witness) {
        let root = self.root();
        let running = |key: &ProcessKey| table.get(key.pid).filter(|stat| stat.key == *key);
        let others: Vec<ProcessKey> = self.members.iter().map(|member| member.key).collect();
        let mut changed = false;
        for stat in others
            .iter()
            .filter(|key| **key != root)
            .filter_map(running)
        {
            changed |= self.spare(stat, witness);
        }
        if !changed {
            return;
        }
        let is_lost = |stat: &StatLine| {
            Chain::up(table, stat)
                .take_while(|at| at.key != root)
                .any(|at| self.spared.iter().any(|(key, _)| *key == at.key))
        };
        let lost: HashSet<ProcessKey> = others
            .iter()
            .filter_map(running)
            .filter(|stat| stat.key != root && is_lost(stat))
            .map(|stat| stat.key)
            .collect();
        self.members.retain(|member| !lost.contains(&member.key));
        self.known.retain(|key| !lost.contains(key));
    }

    /// Adds the children of members from the one at `from` on, theirs, and so on.
    fn walk_down(&mut self, from: usize, table: &Table, witness: &mut impl Witness) -> usize {
        let mut next = from;
        while let Some(parent) = self.members.get(next).map(|member| member.key) {
            next += 1;
            // Another process may have the number by now.
            if table.get(parent.pid).is_none_or(|stat| stat.key != parent) {
                continue;
            }
            for child in table.children(parent.pid) {
                self.consider(child, Claim::child(child.key, parent), table, witness);
            }
        }
        next
    }

    /// Adds what is in a kernel session or process group that a proven descendant leads or led; true where anything was.
    fn take_groups(&mut self, table: &Table, witness: &mut impl Witness) -> bool {
        let mut added = false;
        let led: Vec<(Led, Leader)> = self.led.iter().map(|(led, by)| (*led, *by)).collect();
        for (led, leader) in led {
            let inside: Vec<&StatLine> = table.iter().filter(|stat| led.has(stat)).collect();
            let strangers = inside.iter().filter(|stat| !self.has(stat.key));
            let strangers: Vec<&StatLine> = strangers.copied().collect();
            let mut is_shared = leader.is_shared;
            for stat in &inside {
                is_shared |= self.is_spared(stat, table)
                    || (!self.has(stat.key) && self.spare(stat, witness));
            }
            if is_shared {
                self.led.insert(
                    led,
                    Leader {
                        is_shared,
                        ..leader
                    },
                );
                for stat in strangers {
                    let noted = self.doubtful.iter().any(|(key, _)| *key == stat.key);
                    if !noted && !self.is_spared(stat, table) {
                        self.doubtful.push((stat.key, leader.key));
                    }
                }
                continue;
            }
            // Whoever proves that the number has not changed hands.
            let holder = inside.iter().find(|stat| self.has(stat.key));
            let Some(holder) = holder.map(|stat| stat.key) else {
                continue;
            };
            for stat in strangers {
                let claim = match led {
                    Led::Session(_) => Claim::session(stat.key, leader.key, holder),
                    Led::Group(_) => Claim::group(stat.key, leader.key, holder),
                };
                added |= self.consider(stat, claim, table, witness);
            }
        }
        added
    }

    /// Adds a process if its claim holds and nothing speaks against it.
    fn consider(
        &mut self,
        stat: &StatLine,
        claim: Claim,
        table: &Table,
        witness: &mut impl Witness,
    ) -> bool {
        if stat.is_dead()
            || self.has(stat.key)
            || self.is_spared(stat, table)
            || self.spare(stat, witness)
            || !witness.confirm(&claim)
        {
            return false;
        }
        self.known.insert(stat.key);
        self.doubtful.retain(|(key, _)| *key != stat.key);
        self.members.push(Member {
            key: stat.key,
            descent: claim.descent,
        });
        true
    }

    fn spare(&mut self, stat: &StatLine, witness: &mut impl Witness) -> bool {
        if self.spared.iter().any(|(key, _)| *key == stat.key) {
            return true;
        }
        let why = witness.spare(stat);
        self.spared.extend(why.map(|why| (stat.key, why)));
        why.is_some()
    }

    /// Whether it is spared, or descends from what is.
    pub fn is_spared(&self, stat: &StatLine, table: &Table) -> bool {
        let is_spared = |at: &StatLine| self.spared.iter().any(|(key, _)| *key == at.key);
        Chain::up(table, stat)
            // Above a member nothing matters.
            .take_while(|at| at.key == stat.key || !self.has(at.key))
            .any(is_spared)
    }

    /// Notes which kernel sessions and process groups members lead. Those of the root are no proof: it shares them with
    /// the shell that it was started from, and with whatever else that started.
    fn note_leaders(&mut self, table: &Table) {
        let root = self.root();
        for &Member { key, .. } in self.members.iter().filter(|member| member.key != root) {
            let Some(stat) = table.get(key.pid).filter(|stat| stat.key == key) else {
                continue;
            };
            let leader = Leader {
                key,
                is_shared: false,
            };
            if stat.session == key.pid {
                self.led.entry(Led::Session(key.pid)).or_insert(leader);
            }
            if stat.group == key.pid {
                self.led.entry(Led::Group(key.pid)).or_insert(leader);
            }
        }
    }

    /// Forgets sessions and groups of which no member is left: the kernel may give the number to another process. As long
    /// as one is in it, it does not (`alloc_pid` skips numbers in use as a session's or a group's).
    fn forget_vacant(&mut self, table: &Table) {
        let known = &self.known;
        self.led.retain(|led, _| {
            table
                .iter()
                .any(|stat| led.has(stat) && known.contains(&stat.key))
        });
    }
}

impl Led {
    fn has(self, stat: &StatLine) -> bool {
        match self {
            Self::Session(number) => stat.session == number,
            Self::Group(number) => stat.group == number,
        }
    }
}

#[cfg(test)]
mod tests;
