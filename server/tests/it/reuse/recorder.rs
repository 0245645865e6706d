//! A process that keeps a record of every signal that it gets, with the kernel's help.
//!
//! It starts with its signals blocked, so that whatever is sent to it stays pending, and the kernel lists what is
//! pending (`SigPnd` and `ShdPnd`, proc_pid_status(5)) until its parent has reaped it. What can't be blocked is seen by
//! the parent: that it was killed, stopped or continued (waitid(2)). Nothing in it has to run for that, so no signal
//! can come too early or too late to be recorded.

use std::{
    fmt, fs,
    process::{Child, ChildStdin, Command, Stdio},
};

use nix::{
    sys::{
        signal::{SigSet, SigmaskHow, Signal},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use session_core::id::ProcessKey;
use session_manager::observe::proc::ProcReader;

/// A set of signals, as the kernel writes it: signal `n` is bit `n - 1`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signals(u64);

impl Signals {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn of(signals: &[Signal]) -> Self {
        let bits = signals.iter().map(|&signal| 1 << (signal as u32 - 1));
        Self(bits.fold(0, |all: u64, bit: u64| all | bit))
    }

    pub(crate) fn add(&mut self, more: Self) {
        self.0 |= more.0;
    }

    pub(crate) fn has(self, signal: Signal) -> bool {
        self.without(Self::of(&[signal])) != self
    }

    pub(crate) fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = (1..=64).filter(|number| self.0 & (1 << (number - 1)) != 0);
        f.debug_set().entries(numbers).finish()
    }
}

/// What a process does with the signals that ask it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Ends on SIGTERM and SIGINT.
    Obedient,
    /// Takes note of them.
    Stubborn,
}

/// It ends by itself once it is told to, which takes no signal.
pub(crate) struct Recorder {
    child: Child,
    key: ProcessKey,
    /// What the parent has seen of it.
    seen: Signals,
    input: Option<ChildStdin>,
    is_stopped: bool,
    /// Stopped, it can be ended only by a signal of ours, which is none of the record.
    ended_by_us: bool,
}

impl Recorder {
    pub(crate) fn start(manners: Manners) -> Self {
        let mut blocked = SigSet::all();
        if manners == Manners::Obedient {
            blocked.remove(Signal::SIGTERM);
            blocked.remove(Signal::SIGINT);
        }
        // Reads until its input ends. A child inherits the mask of the thread that starts it, and keeps it through
        // execve(2).
        let mut command = Command::new("cat");
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let ours = blocked.thread_swap_mask(SigmaskHow::SIG_SETMASK).unwrap();
        let child = command.spawn();
        ours.thread_set_mask().unwrap();
        let mut child = child.unwrap();
        let input = child.stdin.take();
        // Nobody has waited for it yet, so that it is there, if only as a zombie.
        let stat = ProcReader::at("/proc").unwrap().stat(child.id());
        let key = stat.unwrap().key;
        Self {
            child,
            key,
            seen: Signals::NONE,
            input,
            is_stopped: false,
            ended_by_us: false,
        }
    }

    pub(crate) fn key(&self) -> ProcessKey {
        self.key
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.key.pid.try_into().unwrap())
    }

    /// As far as its parent has seen when it last looked.
    pub(crate) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Lets it end by itself, as far as it can.
    pub(crate) fn tell_to_end(&mut self) {
        self.input = None;
        if self.is_stopped && !self.ended_by_us {
            self.child.kill().unwrap();
            self.ended_by_us = true;
        }
    }

    /// The signals that it has got in all of its life, `None` where it still lives. Its pid is free afterwards.
    pub(crate) fn reap(&mut self) -> Option<Signals> {
        self.watch();
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let status = waitid(Id::Pid(self.pid()), flags).unwrap();
        if status == WaitStatus::StillAlive {
            return None;
        }
        // A zombie's pending signals are thrown away only with its entry.
        let mut signals = pending(self.key.pid).unwrap();
        if let WaitStatus::Signaled(_, signal, _) = status {
            signals.add(Signals::of(&[signal]));
        }
        if self.ended_by_us {
            signals = signals.without(Signals::of(&[Signal::SIGKILL]));
        }
        signals.add(self.seen);
        self.child.wait().unwrap();
        Some(signals)
    }

    /// Takes note of its having been stopped or continued.
    fn watch(&mut self) {
        let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WCONTINUED | WaitPidFlag::WNOHANG;
        match waitid(Id::Pid(self.pid()), flags) {
            Ok(WaitStatus::Stopped(_, signal)) => {
                self.seen.add(Signals::of(&[signal]));
                self.is_stopped = true;
            }
            Ok(WaitStatus::Continued(_)) => {
                self.seen.add(Signals::of(&[Signal::SIGCONT]));
                self.is_stopped = false;
            }
            // A zombie can be neither, and waitid(2) says so by ECHILD.
            Ok(_) | Err(_) => {}
        }
    }
}

/// What waits to be taken by a process that has it blocked; `None` where no such process is.
pub(crate) fn pending(pid: u32) -> Option<Signals> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let mut signals = Signals::NONE;
    for line in status.lines() {
        if let Some((_, mask)) = line.split_once("Pnd:\t") {
            signals.add(Signals(u64::from_str_radix(mask, 16).unwrap()));
        }
    }
    Some(signals)
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Both fail for one that has ended and been waited for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
