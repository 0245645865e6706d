//! The terminal emulator, set up: how large, how much it keeps, and where it puts what it has to say.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alacritty_terminal::{
    event::{Event, EventListener},
    grid::Dimensions,
    term::{Config, Osc52},
    vte::ansi::Timeout,
};

use super::Size;

/// Lines that are kept of what has left the screen at its top.
pub(super) const HISTORY: usize = 1000;
/// Columns up to which such lines are kept. The emulator has memory for `HISTORY` of them as soon as there is one, 24
/// bytes a column.
const WIDEST_HISTORY: u16 = 200;

/// Where the emulator puts what it has to say.
#[derive(Clone, Debug, Default)]
pub(super) struct Listener(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
pub(super) struct Heard {
    /// For the program, as if typed.
    pub(super) answers: Vec<u8>,
    /// Since it was last asked for, `None` where it was not set.
    pub(super) title: Option<String>,
}

/// Draws synchronized updates at once: clients hold them back themselves, and here they would take 2 MB.
#[derive(Debug, Default)]
pub(super) struct Unbuffered;

impl Listener {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Heard) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl EventListener for Listener {
    fn send_event(&self, event: Event) {
        match event {
            Event::PtyWrite(text) => self.with(|heard| heard.answers.extend(text.as_bytes())),
            Event::Title(title) => self.with(|heard| heard.title = Some(title)),
            Event::ResetTitle
            | Event::MouseCursorDirty
            | Event::ClipboardStore(..)
            | Event::ClipboardLoad(..)
            | Event::ColorRequest(..)
            | Event::TextAreaSizeRequest(_)
            | Event::CursorBlinkingChange
            | Event::Wakeup
            | Event::Bell
            | Event::Exit
            | Event::ChildExit(_) => {}
        }
    }
}

impl Timeout for Unbuffered {
    fn set_timeout(&mut self, _: Duration) {}

    fn clear_timeout(&mut self) {}

    fn pending_timeout(&self) -> bool {
        false
    }
}

/// A size as the emulator asks for it.
pub(super) struct Extent(pub(super) Size);

impl Dimensions for Extent {
    fn total_lines(&self) -> usize {
        self.screen_lines()
    }

    fn screen_lines(&self) -> usize {
        self.0.rows().into()
    }

    fn columns(&self) -> usize {
        self.0.columns().into()
    }
}

/// The emulator with this many lines of history.
pub(super) fn config(history: usize) -> Config {
    Config {
        scrolling_history: history,
        kitty_keyboard: true,
        osc52: Osc52::Disabled,
        ..Config::default()
    }
}

/// How many lines are kept of what leaves a screen of this size.
pub(super) fn history(size: Size) -> usize {
    if size.columns() <= WIDEST_HISTORY {
        HISTORY
    } else {
        0
    }
}
