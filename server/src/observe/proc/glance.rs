//! What is asked of `/proc` several times a second, and therefore cheaply.
//!
//! Knows one link or one field at a time. Whoever wants to know more reads the process whole.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{Mode, OFlags, openat},
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};
use session_core::{
    id::ProcessKey,
    process::{may_be_claude, stat::StatLine},
};

use super::{Link, ProcReader, read_at};

/// What the executable of a process says at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glance {
    /// Worth reading whole.
    MayBeClaude,
    Other,
    Gone,
}

/// A process whose `stat` is kept open: a pid that is given away can't be mistaken for it, since the file goes on
/// naming the process that it was opened for.
#[derive(Debug)]
pub struct OpenStat(OwnedFd);

impl ProcReader {
    /// Looks at one link, for nearly all processes.
    pub fn glance(&self, pid: u32) -> Glance {
        let may_be = match self.exe(pid) {
            Link::Path(path) => may_be_claude(&path),
            Link::Denied => match self.read(pid, "comm") {
                Some(comm) => matches!(
                    comm.trim_ascii_end(),
                    b"claude" | b"claude.exe" | b"node" | b"MainThread" | b"bun"
                ),
                None => return Glance::Gone,
            },
            // A kernel thread has no executable either, nor has one that ended and was not reaped.
            Link::None => match self.read(pid, "comm") {
                Some(_) => false,
                None => return Glance::Gone,
            },
        };
        if may_be {
            Glance::MayBeClaude
        } else {
            Glance::Other
        }
    }

    /// Whether the tree is the kernel's and numbers processes as we do: then its pids mean the same to a system call.
    pub fn is_ours(&self) -> bool {
        let own = std::process::id().to_string();
        matches!(super::link_at(&self.dir, "self"), Link::Path(pid) if pid == own)
    }

    /// The pid that was given away last, to a process or a thread. `None` where it is not told (proc(5)), and where the
    /// tree is not ours: the number is always that of the reader's own pid namespace.
    pub fn last_pid(&self) -> Option<u32> {
        let load = read_at(&self.dir, "loadavg")?;
        let load = str::from_utf8(&load).ok()?;
        load.split_whitespace().nth(4)?.parse().ok()
    }

    /// Keeps the `stat` of a process open, `None` where it is gone or not that process any more.
    pub fn open_stat(&self, key: ProcessKey) -> Result<Option<OpenStat>, Errno> {
        let path = format!("{}/stat", key.pid);
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = match openat(&self.dir, path, flags, Mode::empty()) {
            Ok(file) => OpenStat(file),
            Err(Errno::NOENT | Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(file
            .read()
            .is_some_and(|stat| stat.key == key)
            .then_some(file))
    }
}

impl OpenStat {
    /// The process now, `None` once it is gone.
    pub fn read(&self) -> Option<StatLine> {
        let mut line = [0; 1024];
        let length = rustix::io::pread(&self.0, &mut line, 0).ok()?;
        StatLine::parse(line.get(..length)?)
    }
}

/// A descriptor that becomes readable when the process ends.
pub fn pidfd(pid: u32) -> Result<OwnedFd, Errno> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pidfd_open(pid.ok_or(Errno::SRCH)?, PidfdFlags::empty())
}
