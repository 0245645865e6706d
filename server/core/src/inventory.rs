//! From one look at the machine to the list of sessions on it.
//!
//! Knows which record belongs to which process and what proves it. Reads nothing by itself.

use std::{collections::HashMap, path::PathBuf};

use crate::{
    evidence::{Evidence, More},
    id::{ProcessKey, SessionId, UnixMillis},
    process::{Likeness, Namespace, Process, RunState},
    registry::{PidDomain, ProcStart, Record},
    verdict::{Verdict, judge},
};

/// One look at the machine.
#[derive(Clone, Debug)]
pub struct Sample {
    pub taken_at: UnixMillis,
    /// When the machine booted; start ticks count from here.
    pub booted_at: UnixMillis,
    pub ticks_per_second: u64,
    pub domain: PidDomain,
    /// Every process that may be a session, and every one that a registry file names.
    pub processes: Vec<Process>,
    pub records: Vec<Filed<Record>>,
    /// `<pid>.<hash>.key` files.
    pub key_files: Vec<Filed<KeyFile>>,
}

/// Something found in the registry of `home`, an index into the homes of whoever looked.
#[derive(Clone, Debug)]
pub struct Filed<T> {
    pub home: usize,
    pub path: PathBuf,
    /// The uid that owns the file.
    pub owner: u32,
    pub what: T,
}

#[derive(Clone, Copy, Debug)]
pub struct KeyFile {
    pub pid: u32,
    pub modified: UnixMillis,
}

/// A process that holds, or is about to hold, a conversation.
#[derive(Clone, Debug)]
pub struct Session {
    pub process: Process,
    pub record: Option<Filed<Record>>,
    pub proof: Proof,
    /// A `<pid>.<hash>.key` file at least as young as the process: it has got as far as its first dialog.
    pub has_key_file: bool,
    pub started_at: UnixMillis,
    /// When it was looked at.
    pub seen_at: UnixMillis,
}

/// What makes a process a session, in falling order of strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A registry file with its start time.
    Registered,
    /// Its executable.
    Executable,
    /// Its name and arguments only.
    Inferred,
}

impl Session {
    pub fn key(&self) -> ProcessKey {
        self.process.key
    }

    pub fn session_id(&self) -> Option<&SessionId> {
        self.record.as_ref()?.what.session_id.as_ref()
    }

    /// Everything that a verdict on it can rest on.
    pub fn evidence<'a>(&'a self, more: &'a More<'a>) -> Evidence<'a> {
        Evidence {
            process: &self.process,
            record: self.record.as_ref().map(|record| &record.what),
            has_key_file: self.has_key_file,
            started_at: self.started_at,
            now: self.seen_at,
            more,
        }
    }

    /// Judges it by process and registry alone.
    pub fn plain_verdict(&self) -> Verdict {
        judge(&self.evidence(&More::NOTHING))
    }

    /// Whether this process has the conversation open, or was started to open it.
    pub fn holds(&self, id: &SessionId) -> bool {
        match self.session_id() {
            Some(open) => open == id,
            None => self.process.names_session(id.as_str()),
        }
    }

    /// The directory it works in: the kernel's word, else the registry's.
    pub fn cwd(&self) -> Option<&str> {
        let recorded = || self.record.as_ref()?.what.cwd.as_deref();
        self.process.cwd.as_deref().or_else(recorded)
    }

    /// The latest of registry change and process start.
    pub fn touched_at(&self) -> UnixMillis {
        let written = self
            .record
            .as_ref()
            .and_then(|record| record.what.updated_at);
        written.map_or(self.started_at, |written| written.max(self.started_at))
    }
}

impl Sample {
    /// Unix milliseconds at which a process started.
    pub fn started_at(&self, key: ProcessKey) -> UnixMillis {
        let ms = key.start_ticks.saturating_mul(1000) / self.ticks_per_second.max(1);
        UnixMillis(self.booted_at.0.saturating_add(ms))
    }

    /// Lists the sessions, longest-running first.
    pub fn sessions(&self) -> Vec<Session> {
        let mut records = HashMap::<u32, Vec<&Filed<Record>>>::new();
        for record in &self.records {
            records.entry(record.what.pid).or_default().push(record);
        }
        let mut sessions: Vec<_> = self
            .processes
            .iter()
            // A zombie keeps its /proc entry until it is reaped, so "the directory exists" is not "it runs".
            .filter(|process| process.run_state != RunState::Dead)
            .filter_map(|process| {
                let candidates = records
                    .get(&process.own_pid())
                    .map_or(&[][..], Vec::as_slice);
                self.recognise(process, candidates)
            })
            .collect();
        sessions.sort_by_key(|session| (session.key().start_ticks, session.key().pid));
        sessions
    }

    fn recognise(&self, process: &Process, candidates: &[&Filed<Record>]) -> Option<Session> {
        let likeness = process.likeness();
        let record = candidates
            .iter()
            // A session writes its own file. Another user's says nothing, or root could be led to act on a
            // process that somebody merely claims to be a session.
            .filter(|record| record.owner == process.uid || record.owner == 0)
            .filter(|record| match &process.namespace {
                Namespace::Ours => record.what.is_of(&self.domain),
                // Start ticks count from the machine's boot in every namespace but a time namespace.
                Namespace::Other { link, .. } => {
                    record.what.is_in(link) && likeness != Likeness::None
                }
            })
            .filter(|record| match record.what.proc_start {
                ProcStart::Ticks(ticks) => ticks == process.key.start_ticks,
                // It proves nothing, so the process has to look like Claude Code by itself.
                ProcStart::Unreadable => likeness != Likeness::None,
            })
            // The same pid in two homes: the younger file is about the present process.
            .max_by_key(|record| record.what.started_at);
        let proved =
            record.is_some_and(|record| matches!(record.what.proc_start, ProcStart::Ticks(_)));
        let proof = match likeness {
            _ if proved => Proof::Registered,
            Likeness::Executable => Proof::Executable,
            Likeness::Inferred => Proof::Inferred,
            Likeness::None => return None,
        };
        let is_copy = |parent: &Process| process.is_copy_of(parent);
        if record.is_none() && self.processes.iter().any(is_copy) {
            return None;
        }
        // The daemon is registered like a session, and is none (2.1.329).
        if record.is_some_and(|record| record.what.kind.as_deref() == Some("daemon")) {
            return None;
        }
        let started_at = self.started_at(process.key);
        Some(Session {
            process: process.clone(),
            record: record.map(|&record| record.clone()),
            proof,
            has_key_file: self.has_key_file(process.own_pid(), started_at),
            started_at,
            seen_at: self.taken_at,
        })
    }

    /// A key file older than the process was left by an earlier owner of the pid.
    fn has_key_file(&self, pid: u32, started_at: UnixMillis) -> bool {
        // Start times are rounded down to a tick, file times are not.
        let earliest = UnixMillis(started_at.0.saturating_sub(1_000));
        self.key_files
            .iter()
            .any(|file| file.what.pid == pid && file.what.modified >= earliest)
    }
}

#[cfg(test)]
mod tests;
