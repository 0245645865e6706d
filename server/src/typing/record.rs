//! What Claude Code's registry says of the session in a terminal: the one thing that tells what it does.

use std::{cell::Cell, path::PathBuf};

use session_core::registry::{ProcStart, Record};
use wire::ProcessKey;

use crate::{
    observe::{proc::ProcReader, registry::RegistryReader},
    present,
};

/// The record of one session, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Registered {
    /// `None` where it is not known which directory Claude Code uses.
    reader: Option<RegistryReader>,
    /// What runs in the terminal: Claude Code, or what has started it (npm's wrapper).
    root: ProcessKey,
    /// The session's own process, once it has registered.
    process: Cell<Option<ProcessKey>>,
}

/// What a session does, as far as it matters to what is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    /// It waits at its prompt.
    Idle,
    /// What is typed at its prompt waits for the end of the turn.
    Busy,
    /// It asks something: what is typed would answer it.
    Asking,
    /// Another program has its terminal, such as the editor that it opens for a long message.
    Away,
    /// No registry names it: it is starting, or of a version that has none (2.0.30). Its screen alone tells.
    Untold,
    /// It is not known: the registry says something that we don't understand.
    Unknown,
}

impl Registered {
    pub(crate) fn new(config_dir: Option<PathBuf>, root: ProcessKey) -> Self {
        Self {
            reader: config_dir.map(|dir| RegistryReader::at(&dir)),
            root,
            process: Cell::new(None),
        }
    }

    /// The session's process and its record; `None` where it has not registered.
    pub(crate) fn record(&self) -> Option<(ProcessKey, Record)> {
        let reader = self.reader.as_ref()?;
        let known = self.process.get().unwrap_or(self.root);
        if let Some(record) = own(reader, known) {
            self.process.set(Some(known));
            return Some((known, record));
        }
        if self.process.get().is_some() {
            return None;
        }
        let proc = ProcReader::at("/proc").ok()?;
        let below = proc.descendants(self.root.pid.get());
        let mut keys = below.iter().filter_map(|stat| present::key(stat.key));
        let (key, record) = keys.find_map(|key| Some((key, own(reader, key)?)))?;
        self.process.set(Some(key));
        Some((key, record))
    }

    pub(crate) fn doing(&self) -> Doing {
        let Some((key, record)) = self.record() else {
            return Doing::Untold;
        };
        if has_lent_its_terminal(key.pid.get()) {
            return Doing::Away;
        }
        match record.status.as_deref() {
            Some("idle") => Doing::Idle,
            Some("busy" | "shell") => Doing::Busy,
            Some("waiting") => Doing::Asking,
            Some(_) | None => Doing::Unknown,
        }
    }
}

/// Whether a program below it reads the same terminal. The registry does not tell of it (2.1.329).
fn has_lent_its_terminal(pid: u32) -> bool {
    let lent = || {
        let proc = ProcReader::at("/proc").ok()?;
        let own = proc.stdin(pid)?;
        let below = proc.descendants(pid);
        // MCP servers have its terminal as well, and read pipes. What is in the background reads nothing.
        let mut reading = below
            .iter()
            .filter(|stat| stat.terminal != 0 && !stat.is_in_background());
        let exe = |pid| proc.process(pid)?.exe;
        // A child that has not become another program yet (fork(2)) still has all of ours.
        Some(reading.any(|stat| {
            let pid_below = stat.key.pid;
            proc.stdin(pid_below).as_ref() == Some(&own) && exe(pid_below) != exe(pid)
        }))
    };
    lent() == Some(true)
}

/// The record of a process; that of an earlier one with the same number is not its own.
fn own(reader: &RegistryReader, key: ProcessKey) -> Option<Record> {
    let (record, owner) = reader.record(key.pid.get())?;
    let is_own = match record.proc_start {
        ProcStart::Ticks(ticks) => ticks == key.start_ticks,
        ProcStart::Unreadable => true,
    };
    (is_own && owner == rustix::process::geteuid().as_raw()).then_some(record)
}
