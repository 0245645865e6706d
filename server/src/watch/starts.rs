//! Which processes are new and worth a look.
//!
//! Listing `/proc` costs a third of a microsecond a process, and most machines give out few pids a second. So the sweep
//! asks which pid was given out last and looks at those since, and lists everything only now and then. A pid that is not
//! Claude Code may become it (exec(2) changes no directory), so the young are asked again and again, the others slowly.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap, HashMap, HashSet},
    io,
    time::{Duration, Instant},
};

use rustix::io::Errno;

use super::execs::Told;
use crate::observe::proc::{
    ProcReader,
    glance::{Glance, pidfd},
};

#[derive(Debug)]
pub(super) struct Starts {
    known: HashMap<u32, Known>,
    /// When each is to be looked at again; an entry that disagrees with `known` is void.
    due: BinaryHeap<Reverse<(Instant, u32)>>,
    list_at: Instant,
    /// The pid that was given out last, as far as the sweep has come; `None` where that number is not to be had.
    last_pid: Option<u32>,
    /// Until then the number is not believed: a process was there that it did not tell of.
    doubted_until: Instant,
    /// Whether every start is told by somebody else.
    are_told: bool,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    seen_at: Instant,
    due_at: Instant,
    /// Whether it is known to be a process: the kernel numbers threads alike.
    leads: bool,
}

/// Between two lists of all processes.
const LIST_PERIOD: Duration = Duration::from_secs(10);
/// As long as it is likely that a process has yet to become what it was started for.
const YOUNG: Duration = Duration::from_secs(30);
/// Between two looks at an older one, at most.
const OLD_PERIOD: Duration = Duration::from_secs(30);
/// As `OLD_PERIOD`, where somebody else tells what each becomes.
const TOLD_PERIOD: Duration = Duration::from_secs(240);
/// Between two words about one that may be Claude Code and is not followed; doubled as it ages.
const REMINDER: Duration = Duration::from_secs(2);
/// More pids than this are listed rather than tried one by one.
const MAX_TRIED: u32 = 200;
const DOUBT: Duration = Duration::from_secs(600);

impl Starts {
    /// What runs already has been what it is for long, as far as is known.
    pub(super) fn new(proc: &ProcReader, now: Instant) -> io::Result<Self> {
        let last_pid = proc.is_ours().then(|| proc.last_pid()).flatten();
        let mut starts = Self {
            known: HashMap::new(),
            due: BinaryHeap::new(),
            list_at: now + LIST_PERIOD,
            last_pid,
            doubted_until: now,
            are_told: false,
        };
        let long_ago = now.checked_sub(YOUNG).unwrap_or(now);
        for pid in proc.pids()? {
            starts.meet(pid, now, true);
            if let Some(known) = starts.known.get_mut(&pid) {
                known.seen_at = long_ago;
            }
        }
        Ok(starts)
    }

    /// Heeds what is told of starts, and returns the pids that are worth a look.
    pub(super) fn heed(&mut self, told: Told, proc: &ProcReader, now: Instant) -> Vec<u32> {
        match told {
            Told::Begun | Told::Ended => {
                self.are_told = told == Told::Begun;
                // What began between the two was seen by neither.
                self.list_at = now;
                Vec::new()
            }
            Told::Executed(pids) => {
                let pids: BTreeSet<u32> = pids.into_iter().collect();
                let is_news = |pid: &u32| {
                    self.meet(*pid, now, true);
                    self.look(*pid, proc, now, |_| false)
                };
                pids.into_iter().filter(is_news).collect()
            }
        }
    }

    /// Forgets a process that has ended: its pid may be another's by now.
    pub(super) fn forget(&mut self, pid: u32) {
        self.known.remove(&pid);
    }

    /// Returns the pids that are worth a look.
    pub(super) fn sweep(
        &mut self,
        proc: &ProcReader,
        now: Instant,
        follows: impl Fn(u32) -> bool,
    ) -> io::Result<Vec<u32>> {
        if now >= self.list_at || (!self.are_told && !self.try_new_pids(proc, now)) {
            self.list(proc, now)?;
        }
        let mut started = Vec::new();
        let mut due = Vec::new();
        while let Some(&Reverse((at, pid))) = self.due.peek()
            && at <= now
        {
            self.due.pop();
            if self.known.get(&pid).is_some_and(|known| known.due_at == at) {
                due.push(pid);
            }
        }
        for pid in due {
            if self.look(pid, proc, now, &follows) {
                started.push(pid);
            }
        }
        Ok(started)
    }

    /// Meets the pids that were given out since the last sweep; false where they are unknown or too many.
    fn try_new_pids(&mut self, proc: &ProcReader, now: Instant) -> bool {
        let Some(before) = self.last_pid else {
            return false;
        };
        let Some(last) = proc.last_pid() else {
            return false;
        };
        let count = match last.checked_sub(before) {
            Some(count) if count <= MAX_TRIED && now >= self.doubted_until => count,
            // They began anew from the lowest number, or are many.
            Some(_) | None => return false,
        };
        self.last_pid = Some(last);
        for pid in last - count + 1..=last {
            self.meet(pid, now, false);
        }
        true
    }

    fn list(&mut self, proc: &ProcReader, now: Instant) -> io::Result<()> {
        let before = self.last_pid;
        let last = before.and_then(|_| proc.last_pid());
        let pids = proc.pids()?;
        let last_after = before.and_then(|_| proc.last_pid());
        for &pid in &pids {
            if !self.known.contains_key(&pid) {
                self.meet(pid, now, true);
                if !self.are_told && is_outside(pid, before, last_after) {
                    self.doubted_until = now + DOUBT;
                }
            } else if is_between(pid, before, last) {
                // Given to another process since.
                self.meet(pid, now, true);
            }
        }
        let pids: HashSet<u32> = pids.into_iter().collect();
        self.known
            .retain(|pid, known| pids.contains(pid) || known.seen_at == now);
        let known = &self.known;
        let is_valid =
            |(at, pid): &(Instant, u32)| known.get(pid).map(|known| known.due_at) == Some(*at);
        self.due.retain(|Reverse(due)| is_valid(due));
        self.last_pid = last;
        self.list_at = now + LIST_PERIOD;
        Ok(())
    }

    fn meet(&mut self, pid: u32, now: Instant, leads: bool) {
        let known = Known {
            seen_at: now,
            due_at: now,
            leads,
        };
        self.known.insert(pid, known);
        self.due.push(Reverse((now, pid)));
    }

    /// Looks at a pid, decides when to do so again, and says whether it is worth more than a look.
    fn look(
        &mut self,
        pid: u32,
        proc: &ProcReader,
        now: Instant,
        follows: impl Fn(u32) -> bool,
    ) -> bool {
        let Some(known) = self.known.get_mut(&pid) else {
            return false;
        };
        let age = now.saturating_duration_since(known.seen_at);
        let glance = proc.glance(pid);
        if glance != Glance::Gone && !known.leads {
            known.leads = leads(pid);
            if !known.leads {
                self.known.remove(&pid);
                return false;
            }
        }
        // Not all at once.
        let period = if self.are_told {
            TOLD_PERIOD
        } else {
            OLD_PERIOD
        };
        let (is_news, wait) = match glance {
            // A pid is given out before its process can be seen.
            Glance::Gone if age.is_zero() => (false, Duration::ZERO),
            Glance::Gone => {
                self.known.remove(&pid);
                return false;
            }
            Glance::Other if age < YOUNG && !self.are_told => (false, Duration::ZERO),
            Glance::Other => (false, period * (48 + pid % 16) / 64),
            Glance::MayBeClaude => (!follows(pid), age.clamp(REMINDER, OLD_PERIOD)),
        };
        // Never in this same moment again.
        known.due_at = now + wait.max(Duration::from_nanos(1));
        self.due.push(Reverse((known.due_at, pid)));
        is_news
    }
}

/// Whether a number is that of a process, and not of one of its threads.
fn leads(pid: u32) -> bool {
    // pidfd_open(2): a thread's number is invalid, or (6.9) found nowhere.
    !matches!(pidfd(pid), Err(Errno::INVAL | Errno::NOENT | Errno::SRCH))
}

/// Whether a pid was given out after `before`, up to `last`; the numbers begin anew at their end.
fn is_between(pid: u32, before: Option<u32>, last: Option<u32>) -> bool {
    match (before, last) {
        (Some(before), Some(last)) if before <= last => before < pid && pid <= last,
        (Some(before), Some(last)) => before < pid || pid <= last,
        _ => false,
    }
}

fn is_outside(pid: u32, before: Option<u32>, last: Option<u32>) -> bool {
    before.is_some() && last.is_some() && !is_between(pid, before, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_processes_begin_anew_at_their_end() {
        let check = |pid, before, last| is_between(pid, Some(before), Some(last));
        assert!(check(8, 7, 9) && check(9, 7, 9));
        assert!(!check(7, 7, 9) && !check(10, 7, 9));
        assert!(check(32_000, 31_999, 300) && check(300, 31_999, 300));
        assert!(!check(301, 31_999, 300) && !check(31_999, 31_999, 300));
        assert!(!check(7, 7, 7));
        // Where the number is not told, no process is one that it should have told of.
        assert!(!is_outside(7, None, None) && !is_between(7, None, None));
        assert!(is_outside(3, Some(7), Some(9)));
    }
}
