//! The live list as one value that many clients follow.
//!
//! Knows what makes a row another row and how to tell a client what is new to it. Does not know where rows come from
//! or how a client is reached. A client that reads slowly skips states by itself: there is no queue.

pub mod follower;
pub mod history;

use std::{collections::HashMap, sync::Arc};

use session_core::id::UnixMillis;
use tokio::sync::watch;
use wire::{Acting, Frame, ProcessKey};

use crate::present;

/// The list at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Counts the states of the list since the server's start; 0 before the first look.
    pub rev: u64,
    /// When it became so; 0 while nobody looks.
    pub at: UnixMillis,
    /// Longest-running first. A row that is the same in two snapshots is one value in both.
    rows: Vec<Arc<wire::Session>>,
    /// The actions that are under way.
    acting: Vec<Acting>,
    /// Grows with every approval that comes or goes.
    approvals_rev: u64,
}

/// One client's view of the list. The watching behind it goes on while any client holds one.
#[derive(Debug)]
pub struct Subscription {
    latest: watch::Receiver<Arc<Snapshot>>,
    /// The list was kept fresh at some time since.
    was_fresh: bool,
}

/// Memory that grew or shrank by less than this is no news, in bytes.
const MEMORY_NEWS: u64 = 8 << 20;

/// Activity that is later by less than this is no news, in milliseconds: a session that streams its answer writes
/// many times a second.
const ACTIVITY_NEWS: u64 = 1_000;

impl Snapshot {
    /// The list before the first look.
    pub fn none() -> Self {
        Self {
            rev: 0,
            at: UnixMillis(0),
            rows: Vec::new(),
            acting: Vec::new(),
            approvals_rev: 0,
        }
    }

    /// Returns the list with these rows, `None` where they say nothing new.
    #[must_use]
    pub fn with(&self, rows: Vec<wire::Session>, at: UnixMillis) -> Option<Self> {
        let known: HashMap<ProcessKey, &Arc<wire::Session>> =
            self.rows.iter().map(|row| (row.key, row)).collect();
        let rows: Vec<_> = rows
            .into_iter()
            .map(|row| match known.get(&row.key) {
                Some(old) if is_same(old, &row) => Arc::clone(old),
                Some(_) | None => Arc::new(row),
            })
            .collect();
        let unchanged = self.rev > 0
            && rows.len() == self.rows.len()
            && rows
                .iter()
                .zip(&self.rows)
                .all(|(new, old)| Arc::ptr_eq(new, old));
        if unchanged && self.is_fresh() {
            return None;
        }
        Some(Self {
            rev: self.rev + u64::from(!unchanged),
            at,
            rows,
            acting: self.acting.clone(),
            approvals_rev: self.approvals_rev,
        })
    }

    /// The list while these actions are under way.
    #[must_use]
    pub fn with_acting(&self, acting: Vec<Acting>) -> Self {
        Self {
            // Before the first look there is no list to be told of.
            rev: self.rev + u64::from(self.rev > 0),
            acting,
            ..self.clone()
        }
    }

    /// The list once an approval has come or gone.
    #[must_use]
    pub fn with_other_approvals(&self) -> Self {
        Self {
            rev: self.rev + u64::from(self.rev > 0),
            approvals_rev: self.approvals_rev + 1,
            ..self.clone()
        }
    }

    /// The list once nobody looks any more: what it says may be old.
    #[must_use]
    pub fn rested(&self) -> Self {
        Self {
            at: UnixMillis(0),
            ..self.clone()
        }
    }

    /// Whether somebody looks, so that it is true.
    pub fn is_fresh(&self) -> bool {
        self.rev > 0 && self.at.0 > 0
    }

    pub fn rows(&self) -> &[Arc<wire::Session>] {
        &self.rows
    }

    /// The whole list as a message.
    pub fn frame(&self, now: UnixMillis) -> Frame {
        Frame::Snapshot {
            rev: self.rev,
            at: now.0,
            sessions: self.rows.iter().map(|row| aged(row, now)).collect(),
            acting: self.acting.clone(),
            approvals_rev: self.approvals_rev,
        }
    }

    /// What is new for a client that was last sent `sent`.
    pub fn changes_since(&self, sent: &Self, now: UnixMillis) -> Frame {
        let was: HashMap<ProcessKey, &Arc<wire::Session>> =
            sent.rows.iter().map(|row| (row.key, row)).collect();
        let is_new = |row: &&Arc<wire::Session>| {
            was.get(&row.key)
                .is_none_or(|before| !Arc::ptr_eq(before, row))
        };
        let gone = sent
            .rows
            .iter()
            .filter(|old| self.rows.iter().all(|row| row.key != old.key));
        Frame::Changes {
            rev: self.rev,
            at: now.0,
            changed: self
                .rows
                .iter()
                .filter(is_new)
                .map(|row| aged(row, now))
                .collect(),
            gone: gone.map(|row| row.key).collect(),
            acting: self.acting.clone(),
            approvals_rev: self.approvals_rev,
        }
    }
}

impl Subscription {
    pub fn new(latest: watch::Receiver<Arc<Snapshot>>) -> Self {
        Self {
            latest,
            was_fresh: false,
        }
    }

    /// Waits for the first look and returns the list. `None` once the server ends.
    pub async fn first(&mut self) -> Option<Arc<Snapshot>> {
        let is_fresh = |latest: &Arc<Snapshot>| latest.is_fresh();
        let first = Arc::clone(&*self.latest.wait_for(is_fresh).await.ok()?);
        self.was_fresh = true;
        Some(first)
    }

    /// Waits until the list is another one than `sent` and returns the newest. `None` once the server ends, or where the
    /// list is not kept fresh any more: whoever goes on showing it would show what may be false.
    pub async fn after(&mut self, sent: &Snapshot) -> Option<Arc<Snapshot>> {
        loop {
            let latest = Arc::clone(&self.latest.borrow_and_update());
            if latest.is_fresh() {
                self.was_fresh = true;
                if latest.rev != sent.rev {
                    return Some(latest);
                }
            } else if self.was_fresh {
                return None;
            }
            self.latest.changed().await.ok()?;
        }
    }
}

/// The row as it is now: a row is kept for as long as only its age changes.
fn aged(row: &wire::Session, now: UnixMillis) -> wire::Session {
    let mut row = row.clone();
    (row.elapsed_sec, row.elapsed) = present::elapsed_since(UnixMillis(row.started_at), now);
    row
}

/// Whether a client that has `old` needs not be told of `new`.
fn is_same(old: &wire::Session, new: &wire::Session) -> bool {
    let mut settled = new.clone();
    settled.elapsed.clone_from(&old.elapsed);
    settled.elapsed_sec = old.elapsed_sec;
    settled.wchan.clone_from(&old.wchan);
    if old.rss_bytes.abs_diff(new.rss_bytes) < MEMORY_NEWS {
        settled.rss_bytes = old.rss_bytes;
    }
    if old.last_activity_at.abs_diff(new.last_activity_at) < ACTIVITY_NEWS {
        settled.last_activity_at = old.last_activity_at;
    }
    settled == *old
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(pid: u32) -> wire::Session {
        let mut golden: wire::Session =
            serde_json::from_str(include_str!("../../wire/tests/golden/session.json")).unwrap();
        golden.pid = wire::Pid::new(pid).unwrap();
        golden.key = wire::ProcessKey {
            pid: golden.pid,
            start_ticks: 5,
        };
        golden
    }

    fn told(frame: &Frame) -> (u64, Vec<u32>, Vec<u32>) {
        match frame {
            Frame::Changes {
                rev, changed, gone, ..
            } => (
                *rev,
                changed.iter().map(|row| row.pid.get()).collect(),
                gone.iter().map(|key| key.pid.get()).collect(),
            ),
            Frame::Hello { .. }
            | Frame::Snapshot { .. }
            | Frame::Output { .. }
            | Frame::Screen { .. } => panic!("{frame:?}"),
        }
    }

    #[test]
    fn the_first_look_is_news_even_where_nothing_runs() {
        let first = Snapshot::none().with(Vec::new(), UnixMillis(1)).unwrap();
        assert_eq!(first.rev, 1);
        assert!(first.with(Vec::new(), UnixMillis(2)).is_none());
    }

    #[test]
    fn after_a_rest_an_unchanged_list_keeps_its_number() {
        let first = Snapshot::none().with(vec![row(1)], UnixMillis(1)).unwrap();
        let rested = first.rested();
        assert!(!rested.is_fresh());
        let again = rested.with(vec![row(1)], UnixMillis(9)).unwrap();
        assert_eq!((again.rev, again.at), (1, UnixMillis(9)));
        let other = rested.with(vec![row(2)], UnixMillis(9)).unwrap();
        assert_eq!(other.rev, 2);
    }

    #[tokio::test]
    async fn a_list_that_is_not_kept_any_more_is_not_followed_on() {
        let first = Snapshot::none().with(vec![row(1)], UnixMillis(1)).unwrap();
        let (sender, receiver) = watch::channel(Arc::new(first.rested()));
        // Whoever comes before it is kept waits.
        let mut early = Subscription::new(receiver.clone());
        let mut waits = Box::pin(early.after(&first));
        let is_ready = std::future::poll_fn(|context| {
            std::task::Poll::Ready(waits.as_mut().poll(context).is_ready())
        });
        assert!(!is_ready.await);
        drop(waits);
        sender.send_replace(Arc::new(first.clone()));
        let mut follower = Subscription::new(receiver);
        let seen = follower.first().await.unwrap();
        sender.send_replace(Arc::new(first.rested()));
        assert!(follower.after(&seen).await.is_none());
    }

    #[test]
    fn a_client_is_told_what_is_new_to_it_and_nothing_else() {
        let now = UnixMillis(9);
        let first = Snapshot::none().with(vec![row(1), row(2)], now).unwrap();
        let mut changed = row(2);
        changed.state = wire::State::Idle;
        let second = first.with(vec![row(1), changed.clone()], now).unwrap();
        assert_eq!(
            told(&second.changes_since(&first, now)),
            (2, vec![2], vec![])
        );
        let third = second.with(vec![changed, row(3)], now).unwrap();
        assert_eq!(
            told(&third.changes_since(&second, now)),
            (3, vec![3], vec![1])
        );
        // Whoever slept through the second state is told of the third all the same.
        assert_eq!(
            told(&third.changes_since(&first, now)),
            (3, vec![2, 3], vec![1])
        );
    }

    #[test]
    fn age_and_a_little_memory_are_no_news() {
        let now = UnixMillis(9);
        let first = Snapshot::none().with(vec![row(1)], now).unwrap();
        let mut older = row(1);
        older.elapsed_sec += 100;
        older.elapsed = "5m".to_owned();
        older.wchan = "0".to_owned();
        older.rss_bytes += 4096;
        older.last_activity_at += 999;
        assert!(first.with(vec![older.clone()], now).is_none());
        older.rss_bytes += MEMORY_NEWS;
        assert!(first.with(vec![older], now).is_some());
    }

    #[test]
    fn a_new_client_sees_the_present_age() {
        let row = row(1);
        let now = UnixMillis(row.started_at + 61_000);
        let first = Snapshot::none().with(vec![row], UnixMillis(1)).unwrap();
        let Frame::Snapshot { sessions, .. } = first.frame(now) else {
            panic!("not a snapshot");
        };
        assert_eq!(
            (sessions[0].elapsed_sec, sessions[0].elapsed.as_str()),
            (61, "1m 1s")
        );
    }
}
