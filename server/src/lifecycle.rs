//! When this process has to end, and what it inherits.
//!
//! Knows signals, the parent and the descriptor 1. Does not know what is served.

use std::{
    io::{self, IsTerminal as _},
    os::fd::{AsFd as _, OwnedFd},
    thread,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::{FileType, fstat},
    process::{
        Pid, Resource, Rlimit, Signal, getppid, getrlimit, set_parent_process_death_signal,
        setrlimit,
    },
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// Why the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Terminated,
    Interrupted,
    /// Whoever read our standard output is gone.
    HungUp,
}

/// Returns a future that resolves once this process is told to end. Must be called inside the runtime;
/// what comes after the call is seen, even before the first poll.
pub fn end() -> io::Result<impl Future<Output = End>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let hang_up = hang_up(io::stdout().as_fd().try_clone_to_owned()?)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => End::Terminated,
            _ = interrupt.recv() => End::Interrupted,
            Ok(()) = hang_up => End::HungUp,
        }
    })
}

/// Resolves to `Ok` once the other end of `output` has been closed, to `Err` where that can't be told:
/// a terminal sends SIGHUP by itself, and a file never hangs up.
fn hang_up(output: OwnedFd) -> io::Result<oneshot::Receiver<()>> {
    let (gone, watcher) = oneshot::channel();
    let kind = FileType::from_raw_mode(fstat(&output)?.st_mode);
    if output.is_terminal() || !matches!(kind, FileType::Fifo | FileType::Socket) {
        return Ok(watcher);
    }
    // A thread in poll(2) rather than epoll: an output whose other end only shut down its writing half
    // stays readable for ever, and asking for no event at all leaves POLLHUP and POLLERR alone.
    thread::Builder::new()
        .name("hang-up".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            let mut polled = [PollFd::new(&output, PollFlags::empty())];
            while let Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) =
                poll(&mut polled, None)
            {}
            // The receiver is gone only while the process ends anyway.
            gone.send(()).ok();
        })?;
    Ok(watcher)
}

/// Asks for SIGTERM at the end of `parent`, and returns false where it has ended already.
pub fn die_with(parent: u32) -> io::Result<bool> {
    set_parent_process_death_signal(Some(Signal::TERM))?;
    // The parent may have ended before the line above, and then no signal comes.
    let now = getppid().map_or(0, |pid| Pid::as_raw_pid(pid).unsigned_abs());
    Ok(now == parent)
}

/// Lifts the limit of open files to what the system allows, so that idle connections can't use it up,
/// and returns the limit that holds.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    let held = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files stays as it is");
            limit.current
        }
    };
    held.unwrap_or(u64::MAX)
}
