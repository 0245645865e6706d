//! The picture on a held terminal, kept while nobody looks.
//!
//! Knows a terminal emulator (alacritty_terminal), and bounds what it may keep. Does not know the process that writes
//! nor the clients that look: it is told bytes, and tells what to answer and what to show.
//!
//! The emulator alone answers what the program asks its terminal: the answer is the same whether nobody looks or
//! several do, whose terminals would each answer for themselves. So clients are shown everything but questions. Nobody
//! answers for colours or the clipboard, which are not ours. And clients stay on one screen of their own, whichever of
//! its two the program draws on: when it changes, they get a whole picture.

mod meaning;
mod picture;
mod redraw;
mod sequence;
#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alacritty_terminal::{
    event::{Event, EventListener},
    grid::{Dimensions, Row},
    index::{Column, Line},
    term::{
        Config, Osc52, Term, TermMode,
        cell::{Cell, CellExtra},
    },
    vte::ansi::{Processor, Timeout},
};

pub use self::picture::{Colour, Run, Style, Underline};
use self::{
    meaning::{Meaning, Setting, meaning},
    sequence::{Piece, Scanner},
};
use super::terminal::Size;

/// Lines that are kept of what has left the screen at its top.
const HISTORY: usize = 1000;
/// Columns up to which such lines are kept. The emulator has memory for `HISTORY` of them as soon as there is one, 24
/// bytes a column.
const WIDEST_HISTORY: u16 = 200;
/// For accents and links, in bytes; lines of the history whose don't fit are dropped.
const EXTRAS: usize = 1 << 20;
/// Accents on one character.
const ACCENTS: usize = 16;
/// How much is written between two looks at the above, in bytes.
const PACE: usize = 1 << 16;
/// How much is taken in at once, in bytes.
const CHUNK: usize = 4096;
/// A longer title is cut, in characters.
const TITLE: usize = 256;

const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;

pub struct Screen {
    size: Size,
    term: Term<Listener>,
    processor: Processor<Unbuffered>,
    scanner: Scanner,
    heard: Listener,
    kept: Kept,
    unchecked: usize,
}

/// What came of bytes that the program wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// For the program, as if typed.
    pub answers: Vec<u8>,
    /// For every client that had the picture before.
    pub shown: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted from 0, at the top.
    pub row: usize,
    /// Counted from 0.
    pub column: usize,
}

/// What the emulator does not keep, or does not show.
#[derive(Clone, Debug, Default)]
struct Kept {
    title: String,
    /// The first and the last of the lines that scroll, counted from 1.
    region: Option<(u16, u16)>,
    modes: Vec<(u16, bool)>,
    /// `None` where the program never said.
    other_keys: Option<u16>,
    /// Whether characters are those of the second set, which may be that of lines and corners.
    is_shifted: bool,
    /// Whether it ever asked for kitty's reports of keys.
    keyboard: bool,
}

/// Where the emulator puts what it has to say.
#[derive(Clone, Debug, Default)]
struct Listener(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    answers: Vec<u8>,
    title: Option<String>,
}

/// Draws synchronized updates at once: clients hold them back themselves, and here they would take 2 MB.
#[derive(Debug, Default)]
struct Unbuffered;

impl Screen {
    pub fn new(size: Size) -> Self {
        let heard = Listener::default();
        Self {
            size,
            term: Term::new(config(history(size)), &Extent(size), heard.clone()),
            processor: Processor::new(),
            scanner: Scanner::default(),
            heard,
            kept: Kept::default(),
            unchecked: 0,
        }
    }

    pub fn size(&self) -> Size {
        self.size
    }

    /// Takes in what the program wrote.
    pub fn feed(&mut self, bytes: &[u8]) -> Fed {
        let mut shown = Vec::with_capacity(bytes.len());
        let mut is_new = false;
        // Small enough that what one of them repeats is soon looked at.
        for part in bytes.chunks(CHUNK) {
            is_new |= self.guarded(|screen| screen.take_in(part, &mut shown)) != Some(false);
        }
        Fed {
            answers: self.heard.with(|heard| std::mem::take(&mut heard.answers)),
            shown: if is_new { self.redraw() } else { shown },
        }
    }

    /// Gives it another size. The program is expected to draw again; lines of a screen that is not the alternate one are
    /// broken anew.
    pub fn resize(&mut self, size: Size) {
        let resized = self.guarded(|screen| {
            // First, so that what is not kept any more is not broken anew.
            screen.term.set_options(config(history(size)));
            screen.term.resize(Extent(size));
        });
        self.size = size;
        self.kept.region = None;
        if resized.is_none() {
            *self = Self::new(size);
        }
    }

    /// Returns what has to be written to a terminal of this size, in whatever state, for it to show this picture and to
    /// report keys and the mouse as the program wants them. What `feed` returns next continues it.
    pub fn redraw(&self) -> Vec<u8> {
        let mut bytes = redraw::redraw(&self.term, &self.kept);
        if self.scanner.is_in_overlong() {
            // The rest of it is shown next, and must not be taken for text.
            bytes.extend(b"\x1b]");
        }
        bytes
    }

    /// The lines of the screen as plain text, without the blanks at their ends.
    pub fn rows(&self) -> Vec<String> {
        let columns = self.term.columns();
        let all = self.lines(0..self.term.screen_lines());
        all.map(|row| picture::text(row, columns)).collect()
    }

    pub fn styled_rows(&self) -> Vec<Vec<Run>> {
        let columns = self.term.columns();
        let all = self.lines(0..self.term.screen_lines());
        all.map(|row| picture::runs(row, columns)).collect()
    }

    /// Where the cursor is, `None` where the program hides it.
    pub fn cursor(&self) -> Option<Position> {
        let point = self.term.grid().cursor.point;
        let is_shown = self.term.mode().contains(TermMode::SHOW_CURSOR);
        is_shown.then_some(Position {
            row: usize::try_from(point.line.0).unwrap_or(0),
            column: point.column.0,
        })
    }

    /// What the program calls its window, empty where it never said.
    pub fn title(&self) -> &str {
        &self.kept.title
    }

    /// How many lines have left the screen at its top and are still kept. None on the alternate screen.
    pub fn history_len(&self) -> usize {
        self.term.history_size()
    }

    /// These of them, the oldest of all being 0. What is not there is left out.
    pub fn history(&self, lines: Range<usize>) -> Vec<Vec<Run>> {
        let (columns, kept) = (self.term.columns(), self.history_len());
        let lines = lines.start..lines.end.min(kept);
        let rows = lines.map(|number| &self.term.grid()[line(number) - kept]);
        rows.map(|row| picture::runs(row, columns)).collect()
    }

    fn lines(&self, lines: Range<usize>) -> impl Iterator<Item = &Row<Cell>> {
        lines.map(|number| &self.term.grid()[line(number)])
    }

    /// Whether clients need a new picture.
    fn take_in(&mut self, bytes: &[u8], shown: &mut Vec<u8>) -> bool {
        let Self {
            term,
            processor,
            scanner,
            heard,
            kept,
            unchecked,
            ..
        } = self;
        let rows = term.screen_lines();
        let mut is_new = false;
        scanner.scan(bytes, |piece| match piece {
            Piece::Overlong(bytes) => shown.extend(bytes),
            Piece::Text(text) => {
                processor.advance(term, text);
                kept.shift(text);
                shown.extend(text);
            }
            Piece::Sequence(sequence) => match meaning(sequence) {
                Meaning::Draws => {
                    processor.advance(term, sequence);
                    if let Some(title) = heard.with(|heard| heard.title.take()) {
                        kept.title = redraw::printable(&title).chars().take(TITLE).collect();
                    }
                    shown.extend(sequence);
                }
                Meaning::Sets(setting) => {
                    processor.advance(term, sequence);
                    kept.set(setting, rows);
                    shown.extend(sequence);
                }
                Meaning::Repeats(times) => {
                    // No line is longer.
                    let times = times.min(Size::COLUMNS);
                    let sequence = format!("\x1b[{times}b");
                    processor.advance(term, sequence.as_bytes());
                    *unchecked += 4 * usize::from(times);
                    shown.extend(sequence.as_bytes());
                }
                Meaning::Asks => processor.advance(term, sequence),
                Meaning::AsksName => heard.with(|heard| {
                    let version = env!("CARGO_PKG_VERSION");
                    let name = format!("\x1bP>|session-manager {version}\x1b\\");
                    heard.answers.extend(name.as_bytes());
                }),
                Meaning::Switches => {
                    processor.advance(term, sequence);
                    if sequence == b"\x1bc" {
                        kept.reset();
                    }
                    is_new = true;
                }
                Meaning::Dropped => {}
            },
        });
        self.unchecked += bytes.len();
        if self.unchecked >= PACE {
            self.unchecked = 0;
            self.bound();
        }
        is_new
    }

    /// Does it, or begins with an empty screen where the emulator could not bear it: the session goes on.
    fn guarded<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let done = catch_unwind(AssertUnwindSafe(|| act(self)));
        if done.is_err() {
            tracing::error!("the terminal emulator failed; its screen begins anew");
            *self = Self::new(self.size);
        }
        done.ok()
    }

    /// Drops accents and links beyond their bounds, those of the oldest lines first. All else has a fixed size.
    fn bound(&mut self) {
        let (columns, kept) = (self.term.columns(), self.history_len());
        let mut left = EXTRAS;
        let mut last: Option<Arc<CellExtra>> = None;
        for number in (0..kept + self.term.screen_lines()).rev() {
            let at = line(number) - kept;
            for column in (0..columns).map(Column) {
                let cell = &self.term.grid()[at][column];
                let Some(extra) = &cell.extra else {
                    continue;
                };
                // The cells of a link share theirs.
                if last.as_ref().is_some_and(|last| Arc::ptr_eq(last, extra)) {
                    continue;
                }
                let cost = cost(cell);
                let accents = cell.zerowidth().map_or(0, <[char]>::len);
                last = Some(Arc::clone(extra));
                if cost <= left && accents <= ACCENTS {
                    left -= cost;
                } else if cost > left && at < Line(0) {
                    self.forget(number + 1, kept);
                    return;
                } else {
                    self.term.grid_mut()[at][column].extra = None;
                }
            }
        }
    }

    /// Drops the oldest so many of the lines that are kept.
    fn forget(&mut self, oldest: usize, kept: usize) {
        self.term.set_options(config(kept.saturating_sub(oldest)));
        self.term.set_options(config(history(self.size)));
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Kept {
    fn set(&mut self, setting: Setting, rows: usize) {
        match setting {
            Setting::Region(None) => self.region = None,
            Setting::Region(Some((top, bottom))) => {
                let bottom = bottom.unwrap_or(u16::try_from(rows).unwrap_or(u16::MAX));
                // The emulator takes no other either.
                if top < bottom {
                    self.region = Some((top, bottom));
                }
            }
            Setting::OtherKeys(value) => self.other_keys = Some(value),
            Setting::Keyboard => self.keyboard = true,
            Setting::Mode(modes) => {
                for (number, is_on) in modes {
                    self.modes.retain(|(known, _)| *known != number);
                    self.modes.push((number, is_on));
                }
            }
        }
    }

    fn shift(&mut self, text: &[u8]) {
        let last = memchr::memrchr2(SHIFT_OUT, SHIFT_IN, text).and_then(|at| text.get(at));
        if let Some(&last) = last {
            self.is_shifted = last == SHIFT_OUT;
        }
    }

    /// After a reset of the terminal. What clients were told has to be taken back.
    fn reset(&mut self) {
        self.region = None;
        self.is_shifted = false;
        self.title.clear();
        self.other_keys = self.other_keys.map(|_| 0);
        for (_, is_on) in &mut self.modes {
            *is_on = false;
        }
    }
}

impl Listener {
    fn with<T>(&self, act: impl FnOnce(&mut Heard) -> T) -> T {
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
struct Extent(Size);

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

fn config(history: usize) -> Config {
    Config {
        scrolling_history: history,
        kitty_keyboard: true,
        osc52: Osc52::Disabled,
        ..Config::default()
    }
}

fn history(size: Size) -> usize {
    if size.columns() <= WIDEST_HISTORY {
        HISTORY
    } else {
        0
    }
}

/// What the emulator keeps for a cell beside it, in bytes, roughly.
fn cost(cell: &Cell) -> usize {
    let link = cell
        .hyperlink()
        .map_or(0, |link| link.uri().len() + link.id().len() + 96);
    96 + 4 * cell.zerowidth().map_or(0, <[char]>::len) + link
}

fn line(number: usize) -> Line {
    Line(i32::try_from(number).unwrap_or(i32::MAX))
}
