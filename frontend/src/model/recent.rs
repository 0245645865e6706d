//! The conversations that transcripts remember, and what came of resuming them.

use wire::{ErrorBody, RecentSession, Resumed, Scope, SessionId};

use crate::model::{
    answer::{Rows, Trouble},
    by_key::ByKey,
};

/// Rows shown before anyone asks for more.
pub(crate) const PAGE: usize = 10;

#[derive(Debug)]
pub(crate) struct Recent {
    /// Newest first; `None` before the first answer.
    pub(crate) sessions: Option<Vec<RecentSession>>,
    pub(crate) newer: usize,
    pub(crate) trouble: Option<Trouble>,
    /// How far back it looks.
    pub(crate) days: u32,
    /// How many rows are shown.
    pub(crate) limit: usize,
    pub(crate) resumes: ByKey<SessionId, Resume>,
    asked: u32,
    /// Our own time of the latest request.
    asked_at: u64,
    /// Our own time from which on it is to be asked again.
    due_at: Option<u64>,
}

/// How far a resume has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    Running,
    /// `listed` once the process has stood in the list.
    Done {
        resumed: Resumed,
        listed: bool,
    },
    /// Not taken up again; `live` is the process that has it open, where one has.
    Failed {
        sentence: String,
        live: Option<Box<ErrorBody>>,
    },
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            sessions: None,
            newer: 0,
            trouble: None,
            days: Scope::DAYS,
            limit: PAGE,
            resumes: ByKey::new(),
            asked: 0,
            asked_at: 0,
            due_at: None,
        }
    }
}

impl Recent {
    /// Returns the number of a new request.
    pub(crate) fn ask(&mut self, now: u64) -> u32 {
        self.asked_at = now;
        self.due_at = None;
        self.asked = self.asked.wrapping_add(1);
        self.asked
    }

    /// There is something new to read; it need not be sooner than `gap` milliseconds after the last time.
    pub(crate) fn want(&mut self, now: u64, gap: u64) {
        let at = now.max(self.asked_at.saturating_add(gap));
        self.due_at = Some(self.due_at.map_or(at, |due| due.min(at)));
    }

    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }

    /// Takes an answer in, unless a newer request is under way.
    pub(crate) fn take(&mut self, number: u32, answer: Result<Rows<RecentSession>, Trouble>) {
        if number != self.asked {
            return;
        }
        match answer {
            Ok(Rows { rows, newer }) => {
                self.sessions = Some(rows);
                self.newer = newer;
                self.trouble = None;
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }
}
