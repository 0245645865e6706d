//! The processes that are followed: when each ends, and whether it is stopped.
//!
//! An end has an event, the process's descriptor. Stopping and continuing have none (only a parent is told), so each
//! process's `stat` is read again in the sweep. Does not know what a process is.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    os::fd::OwnedFd,
};

use rustix::event::epoll::{self, EventData, EventFlags};
use session_core::{
    id::ProcessKey,
    process::{RunState, stat::StatLine},
};

use super::Events;
use crate::observe::proc::{
    ProcReader,
    glance::{OpenStat, pidfd},
};

#[derive(Debug)]
pub(super) struct Processes {
    followed: BTreeMap<ProcessKey, Followed>,
    /// Whose descriptor a token of epoll stands for.
    tokens: HashMap<u64, ProcessKey>,
    next_token: u64,
    /// Whether a system call means the same by a pid as the tree does.
    is_ours: bool,
    /// Processes for which descriptors are kept; beyond, the sweep sees what it can.
    most: usize,
}

#[derive(Debug)]
enum Followed {
    Held(Held),
    /// It has ended, which was told, and whoever follows it does not know yet.
    Ended,
}

#[derive(Debug)]
struct Held {
    token: u64,
    /// `None` where the tree is not ours, or descriptors have run out: the sweep sees the end.
    pidfd: Option<OwnedFd>,
    /// `None` where descriptors have run out.
    stat: Option<OpenStat>,
    /// `None` before the first sweep.
    is_stopped: Option<bool>,
}

/// Two descriptors a process, out of a quarter of those that we may have: whoever asks needs some too.
fn most_held() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit / 8).unwrap_or(usize::MAX)
    })
}

impl Processes {
    pub(super) fn new(proc: &ProcReader, first_token: u64) -> Self {
        Self {
            followed: BTreeMap::new(),
            tokens: HashMap::new(),
            next_token: first_token,
            is_ours: proc.is_ours(),
            most: most_held(),
        }
    }

    /// Follows these and no others.
    pub(super) fn follow(
        &mut self,
        wanted: &BTreeSet<ProcessKey>,
        proc: &ProcReader,
        epoll: &OwnedFd,
        events: &mut Events,
    ) {
        let unwanted: Vec<_> = self.followed.keys().copied().collect();
        for key in unwanted {
            if !wanted.contains(&key)
                && let Some(Followed::Held(held)) = self.followed.remove(&key)
            {
                self.let_go(held, epoll);
            }
        }
        for key in wanted {
            if !self.followed.contains_key(key) {
                self.hold(*key, proc, epoll, events);
            }
        }
    }

    pub(super) fn follows(&self, pid: u32) -> bool {
        self.followed
            .iter()
            .any(|(key, followed)| key.pid == pid && matches!(followed, Followed::Held(_)))
    }

    /// Notes the end of the process whose descriptor became readable.
    pub(super) fn ended(&mut self, token: u64, epoll: &OwnedFd, events: &mut Events) {
        if let Some(&key) = self.tokens.get(&token) {
            self.end(key, epoll, events);
        }
    }

    /// Reads each one's state.
    pub(super) fn sweep(&mut self, proc: &ProcReader, epoll: &OwnedFd, events: &mut Events) {
        let mut ended = Vec::new();
        let mut loads = Vec::new();
        for (key, followed) in &mut self.followed {
            let Followed::Held(held) = followed else {
                continue;
            };
            let stat = match held.read(*key, proc) {
                Some(stat) if !held.is_over(&stat) => stat,
                // Out of descriptors, it can't be read, and is there all the same.
                None if held.stat.is_none() && proc.answers(key.pid) => continue,
                Some(_) | None => {
                    ended.push(*key);
                    continue;
                }
            };
            loads.push((*key, stat.cpu_ticks));
            let is_stopped = stat.run_state == RunState::Stopped;
            // Before the first sweep it may have been either.
            if held.is_stopped != Some(is_stopped) && (held.is_stopped.is_some() || is_stopped) {
                events.stopped_or_continued.push(*key);
            }
            held.is_stopped = Some(is_stopped);
        }
        events.loads = loads;
        for key in ended {
            self.end(key, epoll, events);
        }
    }

    fn hold(&mut self, key: ProcessKey, proc: &ProcReader, epoll: &OwnedFd, events: &mut Events) {
        let token = self.next_token;
        self.next_token += 1;
        // The descriptor first: whoever owns the pid afterwards, it goes on naming today's owner. Where there is
        // none, the sweep tells whether the process is there.
        let may_hold = self.tokens.len() < self.most;
        let pidfd = if self.is_ours && may_hold {
            pidfd(key.pid).ok()
        } else {
            None
        };
        let stat = match proc.open_stat(key) {
            Ok(Some(stat)) => may_hold.then_some(stat),
            // Out of descriptors: the sweep tells whether it is there.
            Err(_) if proc.answers(key.pid) => None,
            Ok(None) | Err(_) => {
                self.followed.insert(key, Followed::Ended);
                events.end(key);
                return;
            }
        };
        let pidfd = pidfd.filter(|pidfd| {
            epoll::add(epoll, pidfd, EventData::new_u64(token), EventFlags::IN).is_ok()
        });
        if pidfd.is_some() {
            self.tokens.insert(token, key);
        }
        let held = Held {
            token,
            pidfd,
            stat,
            is_stopped: None,
        };
        self.followed.insert(key, Followed::Held(held));
    }

    fn end(&mut self, key: ProcessKey, epoll: &OwnedFd, events: &mut Events) {
        if let Some(Followed::Held(held)) = self.followed.insert(key, Followed::Ended) {
            self.let_go(held, epoll);
            events.end(key);
        }
    }

    fn let_go(&mut self, held: Held, epoll: &OwnedFd) {
        self.tokens.remove(&held.token);
        if let Some(pidfd) = held.pidfd {
            // Closing alone is not enough: a child that another thread is about to start may still have it.
            epoll::delete(epoll, &pidfd).ok();
        }
    }
}

impl Held {
    fn read(&self, key: ProcessKey, proc: &ProcReader) -> Option<StatLine> {
        let stat = match &self.stat {
            Some(stat) => stat.read(),
            None => proc.stat(key.pid),
        };
        stat.filter(|stat| stat.key == key)
    }

    /// A main thread that has ended says nothing of the others, and the descriptor does.
    fn is_over(&self, stat: &StatLine) -> bool {
        self.pidfd.is_none() && stat.run_state == RunState::Dead
    }
}
