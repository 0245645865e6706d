//! Lets a session stand still with all that descends from it, lets it go on, and interrupts it.

use std::{io, thread::sleep, time::Duration};

use rustix::process::Signal;
use session_core::{
    process::RunState,
    tree::{Tree, ladder::FREEZES},
};

use super::kill::{has_exited, signal};
use crate::observe::{
    proc::{
        ProcReader,
        pin::{PinError, Pinned},
    },
    tree::Surveyor,
};

/// What came of a signal that is not meant to end anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    pub reaction: Reaction,
    /// How many processes got it, the root included.
    pub processes: usize,
    pub terminal: Terminal,
}

/// How the root stands to its terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// It has none, or has it to itself.
    Own,
    /// It is a shell's job, in the foreground.
    Job,
    /// It is a shell's job and can't read what is typed.
    Background,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// It stands still, or goes on, as was asked.
    Done,
    Ended,
    AlreadyGone,
    /// Something undid it at once.
    Undone,
}

/// How long somebody else may take to undo it: tmux lets a stopped program of its own go on within 10 ms (tmux 3.3a).
const SETTLED: Duration = Duration::from_millis(300);

/// SIGSTOP takes effect within some microseconds.
const STOPPING: Duration = Duration::from_millis(10);

/// Claude Code 2.1.329 ends within 200 ms of SIGINT without a tool, and takes 2 s to end a tool that ignores signals.
const REACTION: Duration = Duration::from_millis(2500);

/// Sends SIGINT to the root alone.
pub fn interrupt(root: &Pinned) -> io::Result<Sent> {
    if has_exited(&root.pidfd, Duration::ZERO)? {
        return Ok(sent(root, Reaction::AlreadyGone, 0));
    }
    signal(&root.dir, Signal::INT)?;
    let reaction = match has_exited(&root.pidfd, REACTION)? {
        true => Reaction::Ended,
        false => Reaction::Done,
    };
    Ok(sent(root, reaction, 1))
}

/// Stops the root first, so that it starts nothing more, and then what descends from it.
pub fn pause(
    proc: &ProcReader,
    surveyor: &mut Surveyor<'_>,
    tree: &mut Tree,
    root: &Pinned,
) -> io::Result<Sent> {
    if has_exited(&root.pidfd, Duration::ZERO)? {
        return Ok(sent(root, Reaction::AlreadyGone, 0));
    }
    signal(&root.dir, Signal::STOP)?;
    let stopped = stop_below(proc, surveyor, tree);
    let processes = match stopped {
        Ok(below) => 1 + below,
        Err(error) => {
            // Nothing stands still that the answer does not tell of.
            send_below(proc, surveyor, tree, Signal::CONT).ok();
            signal(&root.dir, Signal::CONT)?;
            return Err(error);
        }
    };
    sleep(SETTLED);
    if has_exited(&root.pidfd, Duration::ZERO)? {
        // What it leaves must not stand still for ever.
        send_below(proc, surveyor, tree, Signal::CONT)?;
        return Ok(sent(root, Reaction::Ended, processes));
    }
    if is_stopped(root) {
        return Ok(sent(root, Reaction::Done, processes));
    }
    // A session that goes on while its tools stand still would wait for them.
    send_below(proc, surveyor, tree, Signal::CONT)?;
    Ok(sent(root, Reaction::Undone, processes))
}

/// Stops what descends from the root until nothing more is started. Returns how many stand still.
fn stop_below(
    proc: &ProcReader,
    surveyor: &mut Surveyor<'_>,
    tree: &mut Tree,
) -> io::Result<usize> {
    let mut below = 0;
    for _ in 0..FREEZES {
        // In the middle of a fork(2) it takes effect after it.
        sleep(STOPPING);
        let known: Vec<_> = tree.members().to_vec();
        below = send_below(proc, surveyor, tree, Signal::STOP)?;
        if tree.members() == known {
            break;
        }
    }
    Ok(below)
}

/// Lets what descends from the root go on, and then the root.
pub fn go_on(
    proc: &ProcReader,
    surveyor: &mut Surveyor<'_>,
    tree: &mut Tree,
    root: &Pinned,
) -> io::Result<Sent> {
    if has_exited(&root.pidfd, Duration::ZERO)? {
        return Ok(sent(root, Reaction::AlreadyGone, 0));
    }
    let below = send_below(proc, surveyor, tree, Signal::CONT);
    signal(&root.dir, Signal::CONT)?;
    let processes = 1 + below?;
    sleep(SETTLED);
    let reaction = if has_exited(&root.pidfd, Duration::ZERO)? {
        Reaction::Ended
    } else if is_stopped(root) {
        Reaction::Undone
    } else {
        Reaction::Done
    };
    Ok(sent(root, reaction, processes))
}

/// Signals all members but the root, the youngest first. Returns how many got it.
fn send_below(
    proc: &ProcReader,
    surveyor: &mut Surveyor<'_>,
    tree: &mut Tree,
    what: Signal,
) -> io::Result<usize> {
    surveyor.survey(tree)?;
    let root = tree.root();
    let mut processes = 0;
    for &member in tree.members().iter().rev() {
        if member.key == root {
            continue;
        }
        match proc.pin(&tree.target(member)) {
            Ok(pinned) => {
                signal(&pinned.dir, what)?;
                processes += 1;
            }
            Err(PinError::Gone(_) | PinError::Replaced(_)) => {}
            Err(PinError::Io(_, error)) => return Err(error),
        }
    }
    Ok(processes)
}

fn is_stopped(root: &Pinned) -> bool {
    root.stat()
        .is_some_and(|stat| stat.run_state == RunState::Stopped)
}

fn sent(root: &Pinned, reaction: Reaction, processes: usize) -> Sent {
    let terminal = match root.stat() {
        Some(stat) if !stat.is_job() => Terminal::Own,
        Some(stat) if stat.is_in_background() && stat.run_state != RunState::Stopped => {
            Terminal::Background
        }
        Some(_) => Terminal::Job,
        None => Terminal::Own,
    };
    Sent {
        reaction,
        processes,
        terminal,
    }
}
