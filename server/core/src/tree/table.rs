//! One pass over the process table.

use std::collections::HashMap;

use crate::{id::ProcessKey, process::stat::StatLine};

/// Every process, as it was when the pass came by it: no two of them were read at the same moment.
#[derive(Clone, Debug, Default)]
pub struct Table {
    by_pid: HashMap<u32, StatLine>,
    children: HashMap<u32, Vec<u32>>,
}

impl Table {
    pub fn new(processes: impl IntoIterator<Item = StatLine>) -> Self {
        let mut table = Self::default();
        for stat in processes {
            let (pid, parent) = (stat.key.pid, stat.ppid);
            table.by_pid.insert(pid, stat);
            table.children.entry(parent).or_default().push(pid);
        }
        for children in table.children.values_mut() {
            children.sort_unstable();
        }
        table
    }

    pub fn get(&self, pid: u32) -> Option<&StatLine> {
        self.by_pid.get(&pid)
    }

    /// Whether this very process is in it and had not ended.
    pub fn runs(&self, key: ProcessKey) -> bool {
        self.get(key.pid)
            .is_some_and(|stat| stat.key == key && !stat.is_dead())
    }

    /// In no order.
    pub fn iter(&self) -> impl Iterator<Item = &StatLine> {
        self.by_pid.values()
    }

    /// In the order of their pids.
    pub fn children(&self, pid: u32) -> impl Iterator<Item = &StatLine> {
        let pids = self.children.get(&pid).map_or(&[][..], Vec::as_slice);
        pids.iter().filter_map(|pid| self.by_pid.get(pid))
    }
}

/// A process, its parent, and so on up to the first one; ends where a parent is not in the table.
pub(super) struct Chain<'a> {
    table: &'a Table,
    next: Option<&'a StatLine>,
    /// A table that was read over some time may have a circle in it.
    left: usize,
}

/// Deeper than any real chain of parents.
const DEEPEST: usize = 4096;

impl<'a> Chain<'a> {
    pub(super) fn up(table: &'a Table, from: &'a StatLine) -> Self {
        Self {
            table,
            next: Some(from),
            left: DEEPEST,
        }
    }
}

impl<'a> Iterator for Chain<'a> {
    type Item = &'a StatLine;

    fn next(&mut self) -> Option<&'a StatLine> {
        self.left = self.left.checked_sub(1)?;
        let at = self.next.take()?;
        self.next = self.table.get(at.ppid).filter(|_| at.ppid != at.key.pid);
        Some(at)
    }
}
