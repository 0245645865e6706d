//! The user's own terminal while it is attached to another: every key as it is pressed, and its size.
//!
//! Knows how a terminal is set and how it is given back. Does not know what is shown or to whom the keys go.

use std::{
    io::{self, Write as _},
    os::fd::{AsFd, OwnedFd},
};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::hold::terminal::Size;

/// What an attached program may have switched on is switched off: the alternate screen last, so that the cursor is
/// where it was. The terminal's own title and reports of keys were kept, where it can.
const GIVE_BACK: &[u8] = b"\x1b[<1u\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1016l\
\x1b[?1004l\x1b[?2004l\x1b[?2031l\x1b[?1l\x1b>\x1b[>4;0m\x1b[4l\x1b[20l\x1b[r\x1b[?6l\x1b[?7h\x1b(B\x1b)B\x0f\
\x1b]8;;\x1b\\\x1b[0 q\x1b[m\x1b[2J\x1b[H\x1b[?1049l\x1b[?25h\x1b[23;2t";
/// A screen of its own.
const TAKE: &[u8] = b"\x1b[22;2t\x1b[?1049h\x1b[2J\x1b[H\x1b[>0u";

/// A terminal that was taken from its shell, and is given back when this is dropped, also by a panic.
#[derive(Debug)]
pub struct RawTerminal {
    terminal: OwnedFd,
    before: Termios,
}

/// Why somebody at the terminal has to be looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// It may have another size.
    Resized,
    /// It was in the hands of a shell meanwhile, and has to be drawn again.
    Resumed,
    /// This program is asked to end, or the terminal is gone.
    End,
}

/// The signals that are about the terminal. A terminal in raw mode sends none for its keys.
#[derive(Debug)]
pub struct Notices {
    resized: Signal,
    resumed: Signal,
    ends: [Signal; 4],
}

impl RawTerminal {
    /// Takes a terminal, which is read from and written to.
    pub fn take(terminal: impl AsFd) -> io::Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let taken = Self { terminal, before };
        taken.take_again()?;
        Ok(taken)
    }

    /// Takes it once more, after a shell may have set it otherwise.
    pub fn take_again(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        // What was typed ahead is for the program.
        tcsetattr(&self.terminal, OptionalActions::Drain, &raw)?;
        self.write(TAKE)
    }

    /// Its size, `None` where it was never given one.
    pub fn size(&self) -> Option<Size> {
        let size = tcgetwinsize(&self.terminal).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then(|| Size::new(size.ws_col, size.ws_row))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        std::fs::File::from(self.terminal.try_clone()?).write_all(bytes)
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        self.write(GIVE_BACK).ok();
        // Answers that are still under way are nobody's.
        tcsetattr(&self.terminal, OptionalActions::Flush, &self.before).ok();
    }
}

impl Notices {
    /// Listens from now on; within a tokio runtime. None of these signals ends the program by itself any more.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            resized: signal(SignalKind::window_change())?,
            resumed: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            ends: [
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::quit())?,
            ],
        })
    }

    /// Waits for the next. May be cancelled without a loss.
    pub async fn next(&mut self) -> Notice {
        let [terminate, hang_up, interrupt, quit] = &mut self.ends;
        tokio::select! {
            _ = self.resized.recv() => Notice::Resized,
            _ = self.resumed.recv() => Notice::Resumed,
            _ = terminate.recv() => Notice::End,
            _ = hang_up.recv() => Notice::End,
            _ = interrupt.recv() => Notice::End,
            _ = quit.recv() => Notice::End,
        }
    }
}
