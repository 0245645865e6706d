//! The directory of one held session: its holder's socket, its lock and its log.
//!
//! The lock is the holder's for as long as it lives, so that nobody takes a session for held whose holder is gone, and a
//! conversation never has two.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Write as _},
    os::fd::{AsFd as _, AsRawFd as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, mkdirat, openat},
    io::Errno,
};
use wire::SessionId;

use crate::{beneath::Directory, state_dir::StateDir};

const ALL: &str = "held";
const SOCKET: &str = "sock";
const LOCK: &str = "lock";
/// Beside the directories of all sessions; no session has such an id.
const BELL: &str = "../bell";
const OWN_LOG: &str = "holder.log";

/// So long the lock of a session may stay taken by whoever is done with it.
const HANDOVER: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(20);

/// A session's directory, which may belong to a holder or to nobody.
#[derive(Debug)]
pub struct Place {
    directory: Directory,
}

/// The right to be the holder, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Place {
    /// Opens the session's directory, and makes it where it is not there.
    pub fn make(state: &StateDir, id: &SessionId) -> io::Result<Self> {
        Ok(Self {
            directory: enter(&enter(&state.open()?, ALL)?, id.as_str())?,
        })
    }

    /// Opens the session's directory, `None` where it was never held.
    pub fn find(state: &StateDir, id: &SessionId) -> io::Result<Option<Self>> {
        let open = || {
            let Some(state) = state.find()? else {
                return Ok(None);
            };
            let all = state.directory(OsStr::new(ALL))?;
            let directory = all.directory(OsStr::new(id.as_str()))?;
            Ok(Some(Self { directory }))
        };
        match open() {
            Err(error) if is_missing(&error) => Ok(None),
            found => found,
        }
    }

    /// Every session that was ever held and whose log is kept, in no order.
    pub fn all(state: &StateDir) -> io::Result<Vec<SessionId>> {
        let names = || {
            let Some(state) = state.find()? else {
                return Ok(Vec::new());
            };
            state.directory(OsStr::new(ALL))?.names()
        };
        match names() {
            Ok(names) => Ok(names.iter().filter_map(|name| name.parse().ok()).collect()),
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    pub fn into_directory(self) -> Directory {
        self.directory
    }

    /// Takes the right to hold the session, `None` where a holder has it.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = openat(&self.directory, LOCK, flags, Mode::RUSR | Mode::WUSR)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Lock {
                _file: File::from(file),
            })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The same. A holder that is ending, or a server that writes the end of a log, is done with it in a moment.
    pub fn wait_for_lock(&self) -> io::Result<Option<Lock>> {
        let until = Instant::now() + HANDOVER;
        loop {
            let lock = self.lock()?;
            if lock.is_some() || Instant::now() >= until {
                return Ok(lock);
            }
            std::thread::sleep(STEP);
        }
    }

    /// Whether a holder listens, or one has ended without a word.
    pub fn has_socket(&self) -> bool {
        matches!(self.directory.entry(OsStr::new(SOCKET)), Ok(Some(_)))
    }

    /// Where the holder listens. By way of our descriptor: the path itself may be longer than an address of a socket can be
    /// (108 bytes, unix(7)), and is good for as long as this value lives.
    pub fn socket(&self) -> PathBuf {
        let descriptor = self.directory.as_fd().as_raw_fd();
        PathBuf::from(format!("/proc/self/fd/{descriptor}/{SOCKET}"))
    }

    /// Tells those who look for holders that one has come.
    pub fn ring(&self) -> io::Result<()> {
        let flags = OFlags::WRONLY
            | OFlags::CREATE
            | OFlags::TRUNC
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::CLOEXEC;
        let bell = openat(&self.directory, BELL, flags, Mode::RUSR | Mode::WUSR)?;
        File::from(bell).write_all(b"\n")
    }

    /// The directory of all sessions: what happens in it tells of holders that come. Fails with `NotFound` where none was ever held.
    pub fn hall(state: &StateDir) -> io::Result<Directory> {
        let state = state.find()?.ok_or(io::ErrorKind::NotFound)?;
        state.directory(OsStr::new(ALL))
    }

    /// A file for what the holder has to say of itself, anew.
    pub fn own_log(&self) -> io::Result<File> {
        let flags = OFlags::WRONLY
            | OFlags::CREATE
            | OFlags::TRUNC
            | OFlags::APPEND
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(File::from(openat(&self.directory, OWN_LOG, flags, mode)?))
    }

    /// Removes the socket of a holder that has ended.
    pub fn clear_socket(&self) -> io::Result<()> {
        match self.directory.remove(OsStr::new(SOCKET)) {
            Err(error) if is_missing(&error) => Ok(()),
            removed => removed,
        }
    }
}

fn enter(parent: &Directory, name: &str) -> io::Result<Directory> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => parent.directory(OsStr::new(name)),
        Err(error) => Err(error.into()),
    }
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}
