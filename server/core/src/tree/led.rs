//! Kernel sessions and process groups that members of a tree lead or led.

use std::collections::{BTreeMap, HashSet};

use super::{Member, table::Table};
use crate::{id::ProcessKey, process::stat::StatLine};

/// What a process that leads it gave its own pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Number {
    Session(u32),
    Group(u32),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Leader {
    pub(super) key: ProcessKey,
    /// Something that is spared was seen in it.
    pub(super) is_shared: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Leads(BTreeMap<Number, Leader>);

impl Number {
    pub(super) fn has(self, stat: &StatLine) -> bool {
        match self {
            Self::Session(number) => stat.session == number,
            Self::Group(number) => stat.group == number,
        }
    }
}

impl Leads {
    pub(super) fn all(&self) -> Vec<(Number, Leader)> {
        self.0
            .iter()
            .map(|(number, leader)| (*number, *leader))
            .collect()
    }

    /// Notes that something that is spared is in it, for good.
    pub(super) fn share(&mut self, number: Number) {
        if let Some(leader) = self.0.get_mut(&number) {
            leader.is_shared = true;
        }
    }

    /// Notes which kernel sessions and process groups members lead. What the root only belongs to is no proof: it shares
    /// that with the shell that it was started from. A kernel session that it leads has nobody in it but what descends
    /// from it; its process group has the other half of a pipeline (`claude | tee log`).
    pub(super) fn note(&mut self, members: &[Member], root: ProcessKey, table: &Table) {
        for &Member { key, .. } in members {
            let Some(stat) = table.get(key.pid).filter(|stat| stat.key == key) else {
                continue;
            };
            let leader = Leader {
                key,
                is_shared: false,
            };
            if stat.session == key.pid {
                self.0.entry(Number::Session(key.pid)).or_insert(leader);
            }
            if stat.group == key.pid && key != root {
                self.0.entry(Number::Group(key.pid)).or_insert(leader);
            }
        }
    }

    /// Forgets sessions and groups of which no member is left: the kernel may give the number to another process. As long
    /// as one is in it, it does not (`alloc_pid` skips numbers in use as a session's or a group's).
    pub(super) fn forget_vacant(&mut self, table: &Table, members: &HashSet<ProcessKey>) {
        self.0.retain(|number, _| {
            table
                .iter()
                .any(|stat| number.has(stat) && members.contains(&stat.key))
        });
    }
}
