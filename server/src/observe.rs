//! Looks at the machine and returns plain data; decides nothing.

pub mod hooks;
pub mod open_files;
pub mod proc;
pub mod registry;
pub mod tools;
pub mod transcript;
pub mod tree;
pub mod users;

use std::{
    collections::{BTreeSet, HashSet},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use session_core::{
    descent::Ended,
    id::{ProcessKey, UnixMillis},
    inventory::{Filed, Sample},
    process::{Likeness, Process},
    registry::{PidDomain, ProcStart, Record},
};

use self::{
    proc::ProcReader,
    registry::{Entry, EntryKind, RegistryReader},
};
use crate::beneath;

/// Where to look.
#[derive(Debug)]
pub struct Observer {
    proc: ProcReader,
    homes: Vec<Home>,
    domain: PidDomain,
    uid: u32,
    ticks_per_second: u64,
    /// Unix milliseconds; see `booted_at`.
    booted_at: AtomicU64,
}

/// A place where Claude Code keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The home directory; the config directory where `CLAUDE_CONFIG_DIR` named it.
    pub dir: PathBuf,
    pub config_dir: PathBuf,
    pub origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Configured,
    /// Named by the environment of a live session: listed, never cleaned up.
    Found,
}

impl Home {
    /// The user whose files they are: the owner of the config directory, of the home where there is none yet.
    pub fn owner(&self) -> io::Result<u32> {
        if self.leads_astray() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        match beneath::owner(&self.config_dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => beneath::owner(&self.dir),
            owner => owner,
        }
    }

    /// Whether the config directory is somebody else's than the home. Only root can have arranged that in a
    /// home of root's; in any other it is a link by which one user would have another's files read, changed
    /// or run.
    fn leads_astray(&self) -> bool {
        let owner = |path: &Path| Some(std::fs::metadata(path).ok()?.uid());
        match (owner(&self.dir), owner(&self.config_dir)) {
            (Some(home), Some(config)) => home != 0 && home != config,
            // What is not there leads nowhere.
            _ => false,
        }
    }

    fn is_at(&self, canonical: &Path) -> bool {
        self.config_dir
            .canonicalize()
            .is_ok_and(|config_dir| config_dir == canonical)
    }
}

/// A sample and what its home indices mean.
#[derive(Clone, Debug)]
pub struct Look {
    pub sample: Sample,
    /// Configured homes first.
    pub homes: Vec<Home>,
}

impl Observer {
    /// `proc` is `/proc`, `machine_id` the content of `/etc/machine-id`, empty where it can't be read.
    pub fn new(proc: ProcReader, homes: Vec<Home>, machine_id: &str) -> Self {
        Self {
            domain: PidDomain::new(machine_id.trim(), proc.pid_namespace()),
            proc,
            homes,
            uid: rustix::process::geteuid().as_raw(),
            ticks_per_second: rustix::param::clock_ticks_per_second(),
            booted_at: AtomicU64::new(0),
        }
    }

    pub fn proc(&self) -> &ProcReader {
        &self.proc
    }

    pub fn ticks_per_second(&self) -> u64 {
        self.ticks_per_second
    }

    /// Unix milliseconds at which a process started, by the boot time of the latest look.
    pub fn started_at(&self, key: ProcessKey) -> UnixMillis {
        let ms = key.start_ticks.saturating_mul(1000) / self.ticks_per_second.max(1);
        UnixMillis(self.booted_at.load(Ordering::Relaxed).saturating_add(ms))
    }

    pub fn domain(&self) -> &PidDomain {
        &self.domain
    }

    /// The owners of the configured homes: the users whom we look after, besides our own.
    pub fn home_owners(&self) -> Vec<u32> {
        self.homes
            .iter()
            .filter_map(|home| home.owner().ok())
            .collect()
    }

    /// Looks at the whole machine. Blocks: `cmdline` and `environ` wait for the other process's memory lock.
    pub fn look(&self, now: UnixMillis) -> io::Result<Look> {
        self.look_at(now, &self.proc.pids()?)
    }

    /// Looks at these processes, and at the parents of those that may be sessions.
    pub fn look_at(&self, now: UnixMillis, pids: &[u32]) -> io::Result<Look> {
        let candidates = pids.iter().filter(|&&pid| self.proc.may_be_claude(pid));
        let mut processes: Vec<_> = candidates
            .filter_map(|&pid| self.proc.process(pid))
            .collect();
        let parents: BTreeSet<u32> = processes
            .iter()
            .map(|process| process.ppid)
            .filter(|ppid| !pids.contains(ppid) && self.proc.may_be_claude(*ppid))
            .collect();
        // What a process is may be told by its parent only.
        processes.extend(parents.iter().filter_map(|&pid| self.proc.process(pid)));
        // A registry file of a process that has ended tells nothing here, and there may be hundreds.
        let mut wanted: HashSet<u32> = processes.iter().map(Process::own_pid).collect();
        wanted.extend(pids);
        let mut homes = self.homes.clone();
        homes.retain(|home| !home.leads_astray());
        let mut finds = Finds::default();
        for (index, home) in homes.iter().enumerate() {
            finds.add(
                index,
                RegistryReader::at(&home.config_dir).entries(|pid| wanted.contains(&pid)),
            );
        }
        for process in &processes {
            if finds.prove(process) || process.likeness() == Likeness::None {
                continue;
            }
            if let Some(home) = self.find_home(process)
                && homes.iter().all(|known| !known.is_at(&home.config_dir))
            {
                finds.add(
                    homes.len(),
                    RegistryReader::at(&home.config_dir).entries(|pid| wanted.contains(&pid)),
                );
                homes.push(home);
            }
        }
        // Whatever else a registry names: an installation that is not known by its executable.
        let read: HashSet<u32> = processes.iter().map(|process| process.key.pid).collect();
        let named = pids
            .iter()
            .filter(|&&pid| !read.contains(&pid) && finds.names(pid));
        processes.extend(
            named
                .filter_map(|&pid| self.proc.process(pid))
                .collect::<Vec<_>>(),
        );
        let sample = Sample {
            taken_at: now,
            booted_at: self.booted_at(now)?,
            ticks_per_second: self.ticks_per_second,
            domain: self.domain.clone(),
            processes,
            records: finds.records,
            key_files: finds.key_files,
        };
        Ok(Look { sample, homes })
    }

    /// The registries of the configured homes.
    pub fn registries(&self) -> Vec<RegistryReader> {
        let homes = self.homes.iter().filter(|home| !home.leads_astray());
        homes
            .map(|home| RegistryReader::at(&home.config_dir))
            .collect()
    }

    /// The sessions of the configured homes that have ended and left their registry files; of those whose pid is wanted.
    pub fn ended(&self, wanted: impl Fn(u32) -> bool) -> Vec<Ended> {
        let booted_at = self.booted_at.load(Ordering::Relaxed);
        let homes = self.homes.iter().filter(|home| !home.leads_astray());
        let entries =
            homes.filter_map(|home| RegistryReader::at(&home.config_dir).entries(&wanted).ok());
        let ended = entries.flatten().filter_map(|entry| {
            let EntryKind::Record {
                parsed: Ok(record), ..
            } = entry.what
            else {
                return None;
            };
            let ProcStart::Ticks(start_ticks) = record.proc_start else {
                return None;
            };
            let written_at = record.updated_at.unwrap_or(entry.modified);
            let last_seen_at = written_at.min(entry.modified);
            let ms = last_seen_at.0.saturating_sub(booted_at);
            record.is_of(&self.domain).then_some(Ended {
                key: ProcessKey {
                    pid: record.pid,
                    start_ticks,
                },
                until_ticks: ms.saturating_mul(self.ticks_per_second) / 1000,
                uid: entry.owner,
                conversation: record.session_id,
                cwd: record.cwd,
                last_seen_at,
            })
        });
        ended.collect()
    }

    /// The config directory that a process was started with, unless somebody else owns it: root must not
    /// be led into other people's directories by an environment that anybody can write.
    fn find_home(&self, process: &Process) -> Option<Home> {
        let cared_for = || self.uid == 0 && self.home_owners().contains(&process.uid);
        if process.uid != self.uid && !cared_for() {
            return None;
        }
        let pid = process.key.pid;
        let variable = |name| self.proc.variable(pid, name).map(PathBuf::from);
        let (dir, config_dir) = match variable("CLAUDE_CONFIG_DIR") {
            Some(config_dir) => (None, config_dir),
            None => variable("HOME").map(|home| (Some(home.clone()), home.join(".claude")))?,
        };
        if !config_dir.is_absolute() {
            return None;
        }
        // The same directory under one name, so that it is not taken for two homes.
        let config_dir = config_dir.canonicalize().ok()?;
        let owner = beneath::owner(&config_dir).ok()?;
        (owner == process.uid && self.proc.shares(pid, &config_dir)).then(|| Home {
            dir: dir.unwrap_or_else(|| config_dir.clone()),
            config_dir,
            origin: Origin::Found,
        })
    }

    /// Unix milliseconds of the boot. The difference of two clocks read one after the other jitters by some
    /// milliseconds, and every start time with it, so it is kept until the wall clock is really set.
    fn booted_at(&self, now: UnixMillis) -> io::Result<UnixMillis> {
        let measured = now.0.saturating_sub(self.proc.uptime_ms()?);
        let kept = self.booted_at.load(Ordering::Relaxed);
        if measured.abs_diff(kept) <= 1_000 {
            return Ok(UnixMillis(kept));
        }
        self.booted_at.store(measured, Ordering::Relaxed);
        Ok(UnixMillis(measured))
    }
}

/// What the registries have, sorted by what it is.
#[derive(Default)]
struct Finds {
    records: Vec<Filed<Record>>,
    key_files: Vec<Filed<session_core::inventory::KeyFile>>,
}

impl Finds {
    fn add(&mut self, home: usize, entries: io::Result<Vec<Entry>>) {
        // A registry that is not ours to read tells nothing; the processes are listed all the same.
        for entry in entries.unwrap_or_default() {
            let key_file = entry.as_key_file();
            let Entry { path, owner, .. } = entry;
            if let Some(what) = key_file {
                self.key_files.push(Filed {
                    home,
                    path,
                    owner,
                    what,
                });
            } else if let EntryKind::Record {
                parsed: Ok(what), ..
            } = entry.what
            {
                self.records.push(Filed {
                    home,
                    path,
                    owner,
                    what: *what,
                });
            }
        }
    }

    fn prove(&self, process: &Process) -> bool {
        let start = ProcStart::Ticks(process.key.start_ticks);
        self.records
            .iter()
            .any(|record| record.what.pid == process.own_pid() && record.what.proc_start == start)
    }

    fn names(&self, pid: u32) -> bool {
        self.records.iter().any(|record| record.what.pid == pid)
    }
}
