//! Holding a process, so that what was read is what will be signalled.

use std::{io, os::fd::OwnedFd};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, pidfd_open},
};
use session_core::{id::ProcessKey, kill::Target, process::stat::StatLine};

use super::{ProcReader, open_dir, owner, read_at};

/// A process that is held: what was read through it is what will be signalled.
#[derive(Debug)]
pub struct Pinned {
    pub key: ProcessKey,
    /// `/proc/<pid>`, opened for reading: `pidfd_send_signal` takes it (Linux 5.1), and one of a tree that is
    /// not the kernel's fails with EBADF, so that a test can't reach a real process by its number.
    pub dir: OwnedFd,
    /// Becomes readable when the process ends.
    pub pidfd: OwnedFd,
}

/// Why a process can't be held.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    #[error("process {} has ended", .0.pid)]
    Gone(ProcessKey),
    #[error("process {} is another process now", .0.pid)]
    Replaced(ProcessKey),
    #[error("process {} can't be held", .0.pid)]
    Io(ProcessKey, #[source] io::Error),
}

impl ProcReader {
    /// Holds a process and makes sure, once it is held, that it is still the one that was planned for.
    pub fn pin(&self, target: &Target) -> Result<Pinned, PinError> {
        let key = target.key();
        let gone_or = |errno: Errno| match errno {
            Errno::SRCH | Errno::NOENT => PinError::Gone(key),
            other => PinError::Io(key, other.into()),
        };
        let pid = i32::try_from(key.pid).ok().and_then(Pid::from_raw);
        // The pidfd first: whoever owns the pid afterwards, it goes on naming today's owner.
        let pidfd =
            pidfd_open(pid.ok_or(PinError::Gone(key))?, PidfdFlags::empty()).map_err(gone_or)?;
        let dir = open_dir(&self.dir, key.pid.to_string()).map_err(gone_or)?;
        let stat = read_at(&dir, "stat").and_then(|stat| StatLine::parse(&stat));
        let uid = owner(&dir);
        match (stat, uid) {
            (Some(stat), Some(uid)) if stat.key == key && uid == target.uid() => {
                Ok(Pinned { key, dir, pidfd })
            }
            (Some(_), Some(_)) => Err(PinError::Replaced(key)),
            _ => Err(PinError::Gone(key)),
        }
    }
}

impl Pinned {
    /// The process now, `None` once it is gone.
    pub fn stat(&self) -> Option<StatLine> {
        StatLine::parse(&read_at(&self.dir, "stat")?)
    }
}
