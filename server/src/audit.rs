//! Who did what through this server, and what came of it: lines that are only ever added to.
//!
//! Knows the files and their lines. Does not know what an action is, and has no words of its own for one. What can't be
//! written is said to whoever acted, and keeps nobody from acting.

mod file;
mod line;
mod page;

use std::{io, time::Instant};

use wire::{Audit, AuditTarget, Caller, Page, Verb};

use self::{
    file::Appender,
    line::{Begun, Ended, Line},
};
use crate::{clock::now, state_dir::StateDir};

/// The log of one user. Several servers may write to it.
#[derive(Clone, Debug)]
pub struct AuditLog {
    dir: StateDir,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub verb: Verb,
    pub by: Caller,
    /// `None` where it is not about one session.
    pub target: Option<AuditTarget>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// For programs: `exited`, or the code of a refusal.
    pub word: String,
    /// For people.
    pub detail: Option<String>,
}

/// An action that is under way. One that is dropped has no outcome in the log, as one that our end has cut short.
#[derive(Debug)]
pub struct Record {
    log: AuditLog,
    begun: Begun,
    /// `None` where its beginning could not be written.
    id: Option<u64>,
    since: Instant,
}

impl AuditLog {
    /// The log in a directory that may not be there yet.
    pub fn at(dir: StateDir) -> Self {
        Self { dir }
    }

    /// Notes what is about to be done, before any of it is.
    pub fn begin(&self, deed: Deed, plan: Option<String>) -> Record {
        let begun = Begun::new(deed, plan, now());
        let id = self.append(|id| vec![Line::Begun(begun.clone().numbered(id))]);
        Record {
            log: self.clone(),
            // It is tried once more at the end; only then somebody is told.
            id: id
                .inspect_err(|error| tracing::debug!(%error, "no beginning in the audit log"))
                .ok(),
            begun,
            since: Instant::now(),
        }
    }

    /// Notes what came to its end as soon as it was asked for. Returns a sentence for whoever asked where that can't be
    /// written.
    pub fn note(&self, deed: Deed, outcome: Outcome) -> Option<String> {
        let record = Record {
            log: self.clone(),
            begun: Begun::new(deed, None, now()),
            id: None,
            since: Instant::now(),
        };
        record.end(outcome)
    }

    /// Reads a part of the log, newest first.
    pub fn page(&self, page: Page) -> io::Result<Audit> {
        match self.dir.find()? {
            Some(directory) => page::read(&directory, page),
            None => Ok(page::empty()),
        }
    }

    fn append(&self, lines: impl FnOnce(u64) -> Vec<Line>) -> io::Result<u64> {
        Appender::open(&self.dir.open()?)?.append(lines)
    }
}

impl Record {
    /// Notes what came of it. Returns a sentence for whoever asked where that can't be written.
    pub fn end(self, outcome: Outcome) -> Option<String> {
        let took = self.since.elapsed();
        let ended = |id| Line::Ended(Ended::new(id, &outcome, now(), took));
        let written = match self.id {
            Some(id) => self.log.append(|_| vec![ended(id)]),
            None => self.log.append(|id| {
                let begun = self.begun.clone().numbered(id);
                vec![Line::Begun(begun), ended(id)]
            }),
        };
        let error = written.err()?;
        let dir = self.log.dir.path();
        let dir = dir.display();
        tracing::warn!(%error, %dir, verb = ?self.begun.verb, outcome = outcome.word, "the audit log can't be written");
        Some(format!(
            "It is not in the audit log, which can't be written in {dir}: {error}."
        ))
    }
}
