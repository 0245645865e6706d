//! The live sessions: the latest list, its order and its age.

use wire::{Pid, ProcessKey, Session, State};

use crate::model::answer::{Rows, Trouble};

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A newer request is under way: the answer was dropped.
    Superseded,
    /// There is a new list; `left` says whether a process of the old one is missing.
    New {
        left: bool,
    },
    Failed,
}

/// A request that has not been answered for so many milliseconds does not hold up the next one: `rpc` has no
/// deadline of its own.
const PATIENCE_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Those that wait for a person first.
    pub(crate) sessions: Vec<Session>,
    /// How many rows could not be read.
    pub(crate) newer: usize,
    /// Our own time at the latest good answer, `None` before the first.
    pub(crate) seen_at: Option<u64>,
    /// Our own time now, as far as the page has been told.
    pub(crate) now: u64,
    /// How far the server's clock is ahead of ours, in milliseconds: the browser may sit on another machine.
    ahead_ms: i64,
    /// Why the latest attempt failed.
    pub(crate) trouble: Option<Trouble>,
    /// The number of the latest request.
    asked: u32,
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
        self.asked = self.asked.wrapping_add(1);
        self.asked
    }

    /// Takes an answer in, unless a newer request is under way.
    pub(crate) fn take(
        &mut self,
        number: u32,
        answer: Result<Rows<Session>, Trouble>,
        now: u64,
    ) -> Taken {
        if number != self.asked {
            return Taken::Superseded;
        }
        self.waiting_since = None;
        match answer {
            Ok(Rows { mut rows, newer }) => {
                rows.sort_by_key(order);
                // Each row stands for one process; a server that names one twice must not break the list.
                rows.dedup_by_key(|row| row.key);
                let left = self
                    .sessions
                    .iter()
                    .any(|old| rows.iter().all(|row| row.key != old.key));
                self.ahead_ms = ahead(&rows, now);
                self.sessions = rows;
                self.newer = newer;
                self.seen_at = Some(now);
                self.trouble = None;
                Taken::New { left }
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                Taken::Failed
            }
        }
    }

    pub(crate) fn find(&self, key: ProcessKey) -> Option<&Session> {
        self.sessions.iter().find(|session| session.key == key)
    }

    /// The server's time at the latest good answer: what the ages in the list count to.
    pub(crate) fn server_now(&self) -> u64 {
        self.seen_at
            .unwrap_or(self.now)
            .saturating_add_signed(self.ahead_ms)
    }
}

/// Those that wait for a person, the longest wait first; then what is wrong, what works and what rests, each
/// by age, so that rows stay where they are.
fn order(session: &Session) -> (u8, u64, u64, Pid) {
    let wait = session
        .state_since
        .filter(|_| waits(session.state))
        .unwrap_or(u64::MAX);
    let rank = match session.state {
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog => 0,
        State::Stopped => 1,
        State::Working if session.stuck => 1,
        State::Working => 2,
        State::Starting => 3,
        State::Shell => 4,
        State::Idle => 5,
        State::Unknown => 6,
        State::Exited => 7,
    };
    (rank, wait, session.started_at, session.pid)
}

/// Whether the session goes on only after a person has answered.
pub(crate) fn waits(state: State) -> bool {
    matches!(
        state,
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog
    )
}

/// Each row says when its process started and for how long it had run: together the server's present.
fn ahead(rows: &[Session], now: u64) -> i64 {
    const TOLERANCE_MS: u64 = 3000;
    let server_now = rows
        .iter()
        .map(|row| {
            row.started_at
                .saturating_add(row.elapsed_sec.saturating_mul(1000))
        })
        .max();
    match server_now {
        Some(server_now) if server_now.abs_diff(now) > TOLERANCE_MS => {
            i64::try_from(i128::from(server_now) - i128::from(now)).unwrap_or(0)
        }
        Some(_) | None => 0,
    }
}
