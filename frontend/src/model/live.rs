//! The live sessions: the latest list, its order and its age.

use wire::{Acting, ProcessKey, Session};

use crate::model::answer::{Rows, Trouble};

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A newer request is under way, or the list arrives by itself: the answer was dropped.
    Superseded,
    /// There is a new list.
    New(Moved),
    Failed,
}

/// How a new list is different from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// A process is not there any more.
    pub(crate) left: bool,
    /// One is there that was not.
    pub(crate) came: bool,
}

/// Rows that arrived by themselves: all there are, or those that have changed.
#[derive(Clone, Debug)]
pub(crate) struct News {
    /// The server's clock, Unix milliseconds.
    pub(crate) at: u64,
    /// Each with its key; `None` for a row that can't be read.
    pub(crate) rows: Vec<(String, Option<Session>)>,
    pub(crate) gone: Vec<String>,
    /// All actions that are under way, whoever asked for them.
    pub(crate) acting: Vec<Acting>,
    /// Grows with every request that comes or goes.
    pub(crate) approvals_rev: u64,
}

/// A request that has not been answered for so many milliseconds does not hold up the next one: `rpc` has no
/// deadline of its own.
const PATIENCE_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Those that wait for a person first.
    pub(crate) sessions: Vec<Session>,
    /// The actions that are under way, as far as they are told: only what arrives by itself tells of them.
    pub(crate) acting: Vec<Acting>,
    /// The keys of rows that could not be read, empty where not even those could.
    pub(crate) newer: Vec<String>,
    /// Our own time at which the list was last known to be right, `None` before the first one.
    pub(crate) seen_at: Option<u64>,
    /// Our own time now, as far as the page has been told.
    pub(crate) now: u64,
    /// How far the server's clock is ahead of ours, in milliseconds: the browser may sit on another machine.
    ahead_ms: i64,
    /// Why the latest attempt failed.
    pub(crate) trouble: Option<Trouble>,
    /// The number of the latest request.
    asked: u32,
    /// Our own time of the latest request.
    asked_at: u64,
    /// Our own time at which a request was sent that has no answer yet.
    pub(crate) waiting_since: Option<u64>,
}

impl Live {
    /// Returns the number of a new request, or `None` while one is under way.
    pub(crate) fn ask(&mut self, now: u64) -> Option<u32> {
        if self
            .waiting_since
            .is_some_and(|since| now.saturating_sub(since) < PATIENCE_MS)
        {
            return None;
        }
        Some(self.insist(now))
    }

    /// Returns the number of a new request, whose answer replaces that of one under way.
    pub(crate) fn insist(&mut self, now: u64) -> u32 {
        self.waiting_since = Some(now);
        self.asked_at = now;
        self.supersede();
        self.asked
    }

    /// Milliseconds since it was last asked for.
    pub(crate) fn rested_ms(&self, now: u64) -> u64 {
        now.saturating_sub(self.asked_at)
    }

    /// Takes an answer in, unless a newer request is under way.
    pub(crate) fn take(
        &mut self,
        number: u32,
        answer: Result<Rows<Session>, Trouble>,
        now: u64,
    ) -> Taken {
        if number != self.asked || self.waiting_since.is_none() {
            return Taken::Superseded;
        }
        self.waiting_since = None;
        match answer {
            Ok(Rows { mut rows, newer }) => {
                if let Some(server_now) = told_by(&rows) {
                    self.set_clock(server_now, now, 3000);
                }
                rows.sort_by_key(Session::order);
                // Each row stands for one process; a server that names one twice must not break the list.
                rows.dedup_by_key(|row| row.key);
                let moved = self.moved(&self.sessions, &rows);
                self.sessions = rows;
                self.acting.clear();
                self.newer = vec![String::new(); newer];
                self.seen_at = Some(now);
                self.trouble = None;
                Taken::New(moved)
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                Taken::Failed
            }
        }
    }

    /// Takes a whole list in that arrived by itself.
    pub(crate) fn replace(&mut self, news: News, now: u64) -> Moved {
        let before = std::mem::take(&mut self.sessions);
        self.newer.clear();
        self.set_clock(news.at, now, 1000);
        self.acting = news.acting;
        self.merge(news.rows);
        let moved = self.moved(&before, &self.sessions);
        self.arrived(now);
        moved
    }

    /// Takes in what has changed since.
    pub(crate) fn change(&mut self, news: News, now: u64) -> Moved {
        let News {
            at,
            rows,
            gone,
            acting,
            approvals_rev: _,
        } = news;
        self.acting = acting;
        self.set_clock(at, now, 1000);
        let before = self.sessions.len();
        self.newer.retain(|key| !gone.contains(key));
        for key in gone {
            self.forget(&key);
        }
        let left = self.sessions.len() < before;
        let came = self.merge(rows);
        self.arrived(now);
        Moved { left, came }
    }

    /// Puts rows in, each in the place of what was known of its process; returns whether one is new.
    fn merge(&mut self, rows: Vec<(String, Option<Session>)>) -> bool {
        let mut came = false;
        for (key, row) in rows {
            self.newer.retain(|other| *other != key);
            match row {
                Some(session) => {
                    let old = self.sessions.iter_mut().find(|old| old.key == session.key);
                    came |= old.is_none();
                    match old {
                        Some(old) => *old = session,
                        None => self.sessions.push(session),
                    }
                }
                // What the row said before does not hold any more.
                None => {
                    self.forget(&key);
                    self.newer.push(key);
                }
            }
        }
        came
    }

    fn forget(&mut self, key: &str) {
        if let Ok(key) = key.parse::<ProcessKey>() {
            self.sessions.retain(|session| session.key != key);
        }
    }

    fn moved(&self, before: &[Session], after: &[Session]) -> Moved {
        let lacks = |all: &[Session], key| all.iter().all(|session| session.key != key);
        // Before the first list nobody was known to be there or not.
        let known = self.seen_at.is_some();
        Moved {
            left: known && before.iter().any(|old| lacks(after, old.key)),
            came: known && after.iter().any(|new| lacks(before, new.key)),
        }
    }

    /// The list is the server's newest: what was asked for before says nothing more.
    fn arrived(&mut self, now: u64) {
        self.sessions.sort_by_key(Session::order);
        self.supersede();
        self.waiting_since = None;
        self.seen_at = Some(now);
        self.trouble = None;
    }

    /// An answer that is under way is dropped when it comes.
    fn supersede(&mut self) {
        self.asked = self.asked.wrapping_add(1);
    }

    /// `tolerance` is how wrong, in milliseconds, `server_now` may be by itself: below that the clocks stay as they
    /// are, or every age on the page would waver.
    fn set_clock(&mut self, server_now: u64, now: u64, tolerance: u64) {
        if server_now.abs_diff(now.saturating_add_signed(self.ahead_ms)) > tolerance {
            self.ahead_ms =
                i64::try_from(i128::from(server_now) - i128::from(now)).unwrap_or_default();
        }
    }

    pub(crate) fn find(&self, key: ProcessKey) -> Option<&Session> {
        self.sessions.iter().find(|session| session.key == key)
    }

    /// How many sessions need a person.
    pub(crate) fn needing(&self) -> usize {
        self.sessions.iter().filter(|one| one.needs_you()).count()
    }

    /// The server's time at which the list was last known to be right: what the ages in it count to.
    pub(crate) fn server_now(&self) -> u64 {
        self.seen_at
            .unwrap_or(self.now)
            .saturating_add_signed(self.ahead_ms)
    }
}

/// Each row says when its process started and for how long it had run: together the server's present.
fn told_by(rows: &[Session]) -> Option<u64> {
    rows.iter()
        .map(|row| {
            row.started_at
                .saturating_add(row.elapsed_sec.saturating_mul(1000))
        })
        .max()
}
