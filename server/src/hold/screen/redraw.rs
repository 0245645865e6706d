//! A picture as what has to be written to a terminal so that it shows it, and reports keys and the mouse as the program
//! wants them.
//!
//! Knows control sequences. Whatever the terminal showed and however it was set before makes no difference, but for
//! which of its two screens it shows: that stays.

use std::io::Write as _;

use alacritty_terminal::{
    grid::{Charsets, Cursor, Dimensions as _},
    index::Line,
    term::{Term, TermMode, cell::Cell},
    vte::ansi::{CharsetIndex, CursorShape, StandardCharset},
};

use super::{
    kept::{Kept, printable},
    picture::{Colour, Glyph, Pen, Style, Underline, glyphs, wraps, written},
};

/// Undoes what could distort the picture: margins, origin, insertion, character sets, colours, a link. Clears.
const CLEAN: &[u8] =
    b"\x1b[?2026l\x1b[?25l\x1b[r\x1b[?6l\x1b[4l\x1b[20l\x1b[?7h\x1b(B\x1b)B\x0f\x1b]8;;\x1b\\\x1b[m\x1b[H\x1b[2J";

/// Modes of the emulator that a client's terminal has to be in as well.
const MODES: [(TermMode, u16); 9] = [
    (TermMode::APP_CURSOR, 1),
    (TermMode::MOUSE_REPORT_CLICK, 1000),
    (TermMode::MOUSE_DRAG, 1002),
    (TermMode::MOUSE_MOTION, 1003),
    (TermMode::FOCUS_IN_OUT, 1004),
    (TermMode::UTF8_MOUSE, 1005),
    (TermMode::SGR_MOUSE, 1006),
    (TermMode::BRACKETED_PASTE, 2004),
    (TermMode::LINE_WRAP, 7),
];

/// What is being written, and where the terminal that reads it stands.
struct Sheet {
    bytes: Vec<u8>,
    pen: Pen,
}

/// Returns the bytes that draw what `term` shows.
pub(super) fn redraw<T>(term: &Term<T>, kept: &Kept) -> Vec<u8> {
    let mut sheet = Sheet {
        bytes: CLEAN.to_vec(),
        pen: Pen::default(),
    };
    sheet.title(&kept.title);
    sheet.lines(term);
    sheet.saved_cursor(term);
    sheet.modes(*term.mode(), kept);
    sheet.cursor(term, kept);
    sheet.bytes
}

impl Sheet {
    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to memory does not fail.
        self.bytes.write_fmt(text).ok();
    }

    fn go(&mut self, line: usize, column: usize) {
        self.put(format_args!("\x1b[{};{}H", line + 1, column + 1));
    }

    fn title(&mut self, title: &str) {
        self.put(format_args!("\x1b]2;{title}\x1b\\"));
    }

    fn lines<T>(&mut self, term: &Term<T>) {
        let columns = term.columns();
        let mut continued = false;
        for number in 0..term.screen_lines() {
            let row = &term.grid()[line(number)];
            let mut all: Vec<Glyph<'_>> = glyphs(row, columns).collect();
            let last_wraps = wraps(row, columns) && number + 1 < term.screen_lines();
            if !last_wraps {
                // One character at least has to follow a line that goes on.
                all.truncate(written(&all).max(usize::from(continued)));
            }
            let mut at = continued.then_some(0);
            for glyph in all {
                if at != Some(glyph.column) {
                    self.go(number, glyph.column);
                }
                self.glyph(&glyph);
                // Terminals do not agree how wide what is put together is.
                at = glyph
                    .more
                    .is_empty()
                    .then(|| glyph.column + glyph.columns());
            }
            continued = last_wraps;
        }
    }

    fn glyph(&mut self, glyph: &Glyph<'_>) {
        self.dip(&glyph.pen);
        self.put(format_args!("{}", glyph.first));
        for more in glyph.more {
            self.put(format_args!("{more}"));
        }
    }

    /// Changes to another style.
    fn dip(&mut self, pen: &Pen) {
        if self.pen.link != pen.link {
            match &pen.link {
                Some(link) => {
                    let (id, uri) = (printable(link.id()), printable(link.uri()));
                    self.put(format_args!("\x1b]8;id={id};{uri}\x1b\\"));
                }
                None => self.put(format_args!("\x1b]8;;\x1b\\")),
            }
        }
        if self.pen.style != pen.style {
            self.style(&pen.style);
        }
        self.pen = pen.clone();
    }

    fn style(&mut self, style: &Style) {
        self.put(format_args!("\x1b[0"));
        let flags = [
            (style.bold, 1),
            (style.dim, 2),
            (style.italic, 3),
            (style.inverse, 7),
            (style.hidden, 8),
            (style.struck, 9),
        ];
        for (_, number) in flags.into_iter().filter(|(is_set, _)| *is_set) {
            self.put(format_args!(";{number}"));
        }
        match style.underline {
            Underline::None => {}
            Underline::Single => self.put(format_args!(";4")),
            Underline::Double => self.put(format_args!(";4:2")),
            Underline::Curly => self.put(format_args!(";4:3")),
            Underline::Dotted => self.put(format_args!(";4:4")),
            Underline::Dashed => self.put(format_args!(";4:5")),
        }
        match style.foreground {
            Colour::Default => {}
            Colour::Indexed(index @ 0..=7) => self.put(format_args!(";{}", 30 + u16::from(index))),
            Colour::Indexed(index @ 8..=15) => self.put(format_args!(";{}", 82 + u16::from(index))),
            Colour::Indexed(index) => self.put(format_args!(";38;5;{index}")),
            Colour::Rgb(r, g, b) => self.put(format_args!(";38;2;{r};{g};{b}")),
        }
        match style.background {
            Colour::Default => {}
            Colour::Indexed(index @ 0..=7) => self.put(format_args!(";{}", 40 + u16::from(index))),
            Colour::Indexed(index @ 8..=15) => self.put(format_args!(";{}", 92 + u16::from(index))),
            Colour::Indexed(index) => self.put(format_args!(";48;5;{index}")),
            Colour::Rgb(r, g, b) => self.put(format_args!(";48;2;{r};{g};{b}")),
        }
        self.put(format_args!("m"));
        // By itself, since a terminal that does not know it would take its numbers for others.
        match style.underline_colour {
            Colour::Default => {}
            Colour::Indexed(index) => self.put(format_args!("\x1b[58:5:{index}m")),
            Colour::Rgb(r, g, b) => self.put(format_args!("\x1b[58:2::{r}:{g}:{b}m")),
        }
    }

    fn saved_cursor<T>(&mut self, term: &Term<T>) {
        let cursor = &term.grid().saved_cursor;
        self.place(term, cursor, above(cursor.point.line));
        self.dip(&Pen::of(&cursor.template));
        self.charsets(&cursor.charsets);
        self.put(format_args!("\x1b7\x1b(B\x1b)B"));
    }

    /// Goes to where a cursor is; `row` is what the terminal takes for its line.
    fn place<T>(&mut self, term: &Term<T>, cursor: &Cursor<Cell>, row: usize) {
        let column = cursor.point.column.0;
        self.go(row, column);
        if cursor.input_needs_wrap && column + 1 == term.columns() {
            // Only a character in the last column brings a terminal to where the next one wraps.
            let glyph = glyphs(&term.grid()[cursor.point.line], term.columns()).last();
            if let Some(glyph) = glyph {
                self.go(row, glyph.column);
                self.glyph(&glyph);
            }
        }
    }

    fn charsets(&mut self, charsets: &Charsets) {
        for (index, introducer) in [(CharsetIndex::G0, '('), (CharsetIndex::G1, ')')] {
            if charsets[index] == StandardCharset::SpecialCharacterAndLineDrawing {
                self.put(format_args!("\x1b{introducer}0"));
            }
        }
    }

    fn modes(&mut self, mode: TermMode, kept: &Kept) {
        for (flag, number) in MODES {
            self.put(format_args!("\x1b[?{number}{}", set(mode.contains(flag))));
        }
        // On by default in some terminals, and off in others.
        if !mode.contains(TermMode::ALTERNATE_SCROLL) {
            self.put(format_args!("\x1b[?1007l"));
        }
        for (number, is_on) in &kept.modes {
            self.put(format_args!("\x1b[?{number}{}", set(*is_on)));
        }
        if let Some(value) = kept.other_keys {
            self.put(format_args!("\x1b[>4;{value}m"));
        }
        let keypad = mode.contains(TermMode::APP_KEYPAD);
        self.put(format_args!("\x1b{}", if keypad { '=' } else { '>' }));
        if kept.keyboard {
            let flags = (mode & TermMode::KITTY_KEYBOARD_PROTOCOL).bits()
                / TermMode::DISAMBIGUATE_ESC_CODES.bits();
            self.put(format_args!("\x1b[={flags};1u"));
        }
        for (flag, number) in [(TermMode::INSERT, 4), (TermMode::LINE_FEED_NEW_LINE, 20)] {
            if mode.contains(flag) {
                self.put(format_args!("\x1b[{number}h"));
            }
        }
    }

    fn cursor<T>(&mut self, term: &Term<T>, kept: &Kept) {
        let cursor = &term.grid().cursor;
        let mut row = above(cursor.point.line);
        if let Some((top, bottom)) = kept.region {
            self.put(format_args!("\x1b[{top};{bottom}r"));
        }
        let is_relative = term.mode().contains(TermMode::ORIGIN);
        if is_relative {
            let top = kept.region.map_or(1, |(top, _)| usize::from(top));
            row = (row + 1).saturating_sub(top);
            self.put(format_args!("\x1b[?6h"));
        }
        self.place(term, cursor, row);
        self.dip(&Pen::of(&cursor.template));
        self.charsets(&cursor.charsets);
        if kept.is_shifted {
            self.put(format_args!("\x0e"));
        }
        let style = term.cursor_style();
        let shape = match style.shape {
            CursorShape::Block | CursorShape::HollowBlock | CursorShape::Hidden => 1,
            CursorShape::Underline => 3,
            CursorShape::Beam => 5,
        };
        // The user's own, where the program has not asked for one.
        let shape = if style == Default::default() {
            0
        } else {
            shape + u8::from(!style.blinking)
        };
        self.put(format_args!("\x1b[{shape} q"));
        let is_shown = term.mode().contains(TermMode::SHOW_CURSOR);
        self.put(format_args!("\x1b[?25{}", set(is_shown)));
    }
}

fn set(is_on: bool) -> char {
    if is_on { 'h' } else { 'l' }
}

/// The line of the screen, which is not one of the history.
fn line(number: usize) -> Line {
    Line(i32::try_from(number).unwrap_or(i32::MAX))
}

/// How many lines are above it on the screen.
fn above(line: Line) -> usize {
    usize::try_from(line.0).unwrap_or(0)
}
