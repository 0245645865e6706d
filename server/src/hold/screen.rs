//! The picture on a held terminal, kept while nobody looks.
//!
//! Knows a terminal emulator (alacritty_terminal), and bounds what it may keep. Does not know the process that writes
//! nor the clients that look: it is told bytes, and tells what to answer and what to show.
//!
//! The emulator alone answers what the program asks its terminal: the answer is the same whether nobody looks or
//! several do, whose terminals would each answer for themselves. So clients are shown everything but questions. Nobody
//! answers for colours or the clipboard, which are not ours. And clients stay on one screen of their own, whichever of
//! its two the program draws on: when it changes, they get a whole picture.

mod emulator;
mod kept;
mod meaning;
mod picture;
mod redraw;
mod sequence;
#[cfg(test)]
mod tests;

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use alacritty_terminal::{
    grid::{Dimensions as _, Row},
    index::{Column, Line},
    term::{
        Term, TermMode,
        cell::{Cell, CellExtra},
    },
    vte::ansi::Processor,
};

pub use self::picture::{Colour, Run, Style, Underline};
use self::{
    emulator::{Extent, Listener, Unbuffered, config, history},
    kept::Kept,
    meaning::{Meaning, meaning},
    sequence::{Piece, Scanner},
};
use super::terminal::Size;

/// For accents and links, in bytes; lines of the history whose don't fit are dropped.
const EXTRAS: usize = 1 << 20;
/// Accents on one character.
const ACCENTS: usize = 16;
/// How much is written between two looks at the above, in bytes.
const PACE: usize = 1 << 16;
/// How much is taken in at once, in bytes.
const CHUNK: usize = 4096;

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

/// How the program wants to be typed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expects {
    /// Arrows, Home and End in their other form.
    pub application_cursor: bool,
    /// Marks around what is pasted.
    pub bracketed_paste: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted from 0, at the top.
    pub row: usize,
    /// Counted from 0.
    pub column: usize,
}

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
        let (position, is_shown) = self.cursor_place();
        is_shown.then_some(position)
    }

    /// Where the cursor is, and whether it is shown.
    pub fn cursor_place(&self) -> (Position, bool) {
        let point = self.term.grid().cursor.point;
        let is_shown = self.term.mode().contains(TermMode::SHOW_CURSOR);
        let position = Position {
            row: usize::try_from(point.line.0).unwrap_or(0),
            column: point.column.0,
        };
        (position, is_shown)
    }

    pub fn expects(&self) -> Expects {
        let mode = self.term.mode();
        Expects {
            application_cursor: mode.contains(TermMode::APP_CURSOR),
            bracketed_paste: mode.contains(TermMode::BRACKETED_PASTE),
        }
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
            size,
        } = self;
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
                        kept.entitle(&title);
                    }
                    shown.extend(sequence);
                }
                Meaning::Sets(setting) => {
                    if kept.set(setting, size.rows()) {
                        processor.advance(term, sequence);
                        shown.extend(sequence);
                    }
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
