//! Ends one process: terminate, continue, wait for the grace, kill.
//!
//! Knows signals. Does not know who may be signalled: it takes what was planned and pinned.

use std::{
    io,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::{Signal, pidfd_send_signal},
};
use session_core::{
    kill::{End, KILL_WAIT, Step, next},
    process::RunState,
};

use crate::observe::proc::pin::Pinned;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub end: End,
    /// From the first signal to the end.
    pub took: Duration,
}

impl Ended {
    /// The process had ended before anything was sent.
    pub const BEFORE: Self = Self {
        end: End::AlreadyGone,
        took: Duration::ZERO,
    };
}

/// Climbs the ladder; blocks until it has ended. Errors are those of the signals: the process may then
/// still run.
pub fn kill(pinned: &Pinned, grace: Duration) -> io::Result<Ended> {
    kill_unless(pinned, grace, || false)
}

/// The same, unless `is_spared` tells before a signal that it has become something else meanwhile; it is left running then.
pub fn kill_unless(
    pinned: &Pinned,
    grace: Duration,
    mut is_spared: impl FnMut() -> bool,
) -> io::Result<Ended> {
    let Pinned { dir, pidfd, .. } = pinned;
    let begun = Instant::now();
    let mut step = Step::Begin;
    loop {
        step = next(
            step,
            !has_exited(pidfd, Duration::ZERO)?,
            begun.elapsed(),
            grace,
        );
        let left = |until: Duration| until.saturating_sub(begun.elapsed());
        if matches!(step, Step::Terminate | Step::Kill) && is_spared() {
            step = Step::Finished(End::StillRunning);
        }
        match step {
            Step::Begin => {}
            Step::Terminate => signal(dir, Signal::TERM)?,
            Step::Continue => {
                if pinned
                    .stat()
                    .is_some_and(|stat| stat.run_state == RunState::Stopped)
                {
                    signal(dir, Signal::CONT)?;
                }
            }
            Step::Kill => signal(dir, Signal::KILL)?,
            Step::Wait => drop(has_exited(pidfd, left(grace))?),
            Step::WaitForKill => drop(has_exited(pidfd, left(grace + KILL_WAIT))?),
            Step::Finished(end) => {
                return Ok(Ended {
                    end,
                    took: begun.elapsed(),
                });
            }
        }
    }
}

/// Waits for the end of the process. A pidfd is readable once its process has ended, whether or not it has
/// been reaped (pidfd_open(2)).
pub(super) fn has_exited(pidfd: &OwnedFd, at_most: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(at_most).map_err(|_| io::ErrorKind::InvalidInput)?;
    match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&timeout)) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

pub(super) fn signal(process: &OwnedFd, signal: Signal) -> io::Result<()> {
    match pidfd_send_signal(process, signal) {
        // Gone between two steps; the next look says so.
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}
