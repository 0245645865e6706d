//! What descends from a session, and what proves it.
//!
//! Knows parents, kernel sessions and process groups, and where the walk stops. Reads nothing: what a pass over the
//! process table suggests becomes a claim, and a claim counts once whoever looks has confirmed it.

pub mod claim;
pub mod ladder;
mod led;
pub mod spare;
pub mod table;

use std::collections::HashSet;

use self::{
    claim::{Claim, Descent},
    led::{Leads, Number},
    spare::Spare,
    table::{Chain, Table},
};
use crate::{
    id::{ProcessKey, UnixMillis},
    kill::Target,
    process::stat::StatLine,
};

/// The processes that are proved to descend from one, and what was found beside them. What was proved once stays proved,
/// whatever becomes of its parent.
#[derive(Clone, Debug)]
pub struct Tree {
    root: Target,
    members: Vec<Member>,
    known: HashSet<ProcessKey>,
    spared: Vec<(ProcessKey, Spare)>,
    /// Another session of Claude Code hangs below the root.
    shields: bool,
    /// Something was spared above what is a member already.
    is_stale: bool,
    /// Kernel sessions and process groups that proven descendants lead or led.
    leads: Leads,
    /// In a led session or group together with something that is spared: whose it is can't be told.
    doubtful: Vec<(ProcessKey, ProcessKey)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    pub key: ProcessKey,
    pub descent: Descent,
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
            shields: false,
            is_stale: false,
            leads: Leads::default(),
            doubtful: Vec::new(),
        }
    }

    /// The tree of nobody: nothing descends from it, and it only tells what is spared.
    pub fn rootless(uid: u32) -> Self {
        let nobody = ProcessKey {
            pid: 0,
            start_ticks: 0,
        };
        Self::of(Target::remembered(nobody, uid))
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

    /// Whether a session of its own was found below the root. Claude Code ends what its tools started when it is asked to
    /// end, such a session included (2.1.329): there it has to be ended unasked.
    pub fn shields(&self) -> bool {
        self.shields
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
        self.leads.forget_vacant(table, &self.known);
        let mut walked = 0;
        loop {
            walked = self.walk_down(walked, table, witness);
            self.leads.note(&self.members, self.root(), table);
            let added = self.take_groups(table, witness);
            if self.is_stale {
                self.give_up(table);
                walked = 0;
                continue;
            }
            // What stands in the table now says more than what was seen before.
            if !added && !self.recall(seen, table, witness) {
                break;
            }
        }
        self.members.len().saturating_sub(before)
    }

    /// Adds what was seen to descend from the root before; true where anything was.
    fn recall(
        &mut self,
        seen: &[(ProcessKey, UnixMillis)],
        table: &Table,
        witness: &mut impl Witness,
    ) -> bool {
        let mut added = false;
        for &(key, at) in seen {
            if let Some(stat) = table.get(key.pid).filter(|stat| stat.key == key) {
                added |= self.consider(stat, Claim::seen(key, at), table, witness);
            }
        }
        added
    }

    /// Tells which of these processes, that seem to belong to the root's session, may be told of as such: not members, and
    /// neither what is spared, which is noted, nor what descends from that.
    pub fn suspects(
        &mut self,
        table: &Table,
        signed: &[ProcessKey],
        witness: &mut impl Witness,
    ) -> Vec<ProcessKey> {
        let stats = signed.iter().filter_map(|key| table.get(key.pid));
        let stats: Vec<&StatLine> = stats.filter(|stat| signed.contains(&stat.key)).collect();
        for stat in &stats {
            self.spare(stat, table, witness);
        }
        stats
            .into_iter()
            .filter(|stat| !self.has(stat.key) && !self.is_spared(stat, table))
            .map(|stat| stat.key)
            .collect()
    }

    /// Gives up members that have become what is spared, and what descends from those: a process may begin to run another
    /// program at any time, and between fork(2) and execve(2) it looks like its parent.
    fn reconsider(&mut self, table: &Table, witness: &mut impl Witness) {
        let root = self.root();
        let others: Vec<ProcessKey> = self.members.iter().map(|member| member.key).collect();
        for key in others.into_iter().filter(|key| *key != root) {
            if let Some(stat) = table.get(key.pid).filter(|stat| stat.key == key) {
                self.is_stale |= self.spare(stat, table, witness);
            }
        }
        if self.is_stale {
            self.give_up(table);
        }
    }

    /// Takes what is spared, and what descends from that, out of the members.
    fn give_up(&mut self, table: &Table) {
        self.is_stale = false;
        let root = self.root();
        let is_spared = |at: &StatLine| self.spared.iter().any(|(key, _)| *key == at.key);
        let lost: HashSet<ProcessKey> = self
            .members
            .iter()
            .filter_map(|member| table.get(member.key.pid))
            .filter(|stat| {
                Chain::up(table, stat)
                    .take_while(|at| at.key != root)
                    .any(is_spared)
            })
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
        for (number, leader) in self.leads.all() {
            let inside: Vec<&StatLine> = table.iter().filter(|stat| number.has(stat)).collect();
            let strangers = inside.iter().filter(|stat| !self.has(stat.key));
            let strangers: Vec<&StatLine> = strangers.copied().collect();
            let mut is_shared = leader.is_shared;
            for stat in &inside {
                is_shared |= self.is_spared(stat, table)
                    || (!self.has(stat.key) && self.spare(stat, table, witness));
            }
            if is_shared {
                self.leads.share(number);
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
                let claim = match number {
                    Number::Session(_) => Claim::session(stat.key, leader.key, holder),
                    Number::Group(_) => Claim::group(stat.key, leader.key, holder),
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
            || self.spare(stat, table, witness)
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

    fn spare(&mut self, stat: &StatLine, table: &Table, witness: &mut impl Witness) -> bool {
        if self.spared.iter().any(|(key, _)| *key == stat.key) {
            return true;
        }
        let Some(why) = witness.spare(stat) else {
            return false;
        };
        self.spared.push((stat.key, why));
        if why == Spare::OtherSession {
            let root = self.root();
            self.shields |= Chain::up(table, stat).any(|at| at.key == root);
            self.spare_above(stat, table);
        }
        true
    }

    /// Spares the members in which another session runs, up to the root: a wrapper hands SIGTERM on (`timeout`, npx), may have
    /// the session end with it (PR_SET_PDEATHSIG), or keeps its terminal, whose end is a SIGHUP to all in it (`script`).
    fn spare_above(&mut self, stat: &StatLine, table: &Table) {
        let root = self.root();
        for at in Chain::up(table, stat).skip(1) {
            if at.key == root || !self.has(at.key) {
                break;
            }
            if self.spared.iter().all(|(key, _)| *key != at.key) {
                self.spared.push((at.key, Spare::OtherSession));
                self.is_stale = true;
            }
        }
    }

    /// Whether it is spared, or descends from what is.
    pub fn is_spared(&self, stat: &StatLine, table: &Table) -> bool {
        let is_spared = |at: &StatLine| self.spared.iter().any(|(key, _)| *key == at.key);
        Chain::up(table, stat)
            // Above a member nothing matters.
            .take_while(|at| at.key == stat.key || !self.has(at.key))
            .any(is_spared)
    }
}

#[cfg(test)]
mod tests;
