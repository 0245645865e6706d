//! The terminal that is looked at, in words: its lines as pieces of one style, and what stands around it.
//!
//! Colours are the program's choice: the first sixteen are the theme's, the others are as xterm has them. All text is a
//! stranger's.

use std::{fmt::Write as _, sync::Arc};

use wire::{Ink, Run};

use crate::{
    model::{Model, terminal::Line},
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TerminalView {
    /// `120 × 40`, empty while that is not known.
    pub(crate) size: String,
    pub(crate) title: String,
    /// Column and row, counted from the first line that is shown.
    pub(crate) cursor: (u16, usize),
    pub(crate) cursor_shown: bool,
    /// Some lines have left the screen.
    pub(crate) has_above: bool,
    pub(crate) shows_above: bool,
    pub(crate) ctrl: bool,
    /// What keeps it from showing anything, or from going on.
    pub(crate) note: String,
}

/// A line; the same allocation is the same line.
#[derive(Clone, Debug)]
pub(crate) struct LineView(Line);

impl PartialEq for LineView {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Text of one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) class: &'static str,
    /// Properties of CSS.
    pub(crate) style: String,
}

pub(crate) fn terminal(model: &Model) -> Option<TerminalView> {
    let terminal = model.talk.as_ref()?.terminal.as_ref()?;
    let shown = terminal.shown.as_ref();
    let wrong = [&terminal.end, &terminal.failed, &terminal.trouble];
    let note = match wrong.into_iter().flatten().next() {
        Some(reason) => text::block(reason),
        None if shown.is_none() => "Reading the screen…".to_owned(),
        None => String::new(),
    };
    let size = shown.map(|shown| format!("{} × {}", shown.columns, shown.rows));
    let title = shown.and_then(|shown| text::some_line(shown.title.as_deref()));
    let cursor = shown.map(|shown| shown.cursor);
    let above = terminal.above.as_ref().map_or(0, Vec::len);
    Some(TerminalView {
        size: size.unwrap_or_default(),
        title: title.unwrap_or_default(),
        cursor: cursor
            .map(|at| (at.column, above + usize::from(at.row)))
            .unwrap_or_default(),
        cursor_shown: terminal.end.is_none() && cursor.is_some_and(|cursor| cursor.visible),
        has_above: shown.is_some_and(|shown| shown.kept > 0),
        shows_above: terminal.above.is_some(),
        ctrl: terminal.ctrl,
        note,
    })
}

/// The lines of the screen, and those that have left it before them: counted from the screen's top, so that one on the screen
/// keeps its number.
pub(crate) fn lines(model: &Model) -> Vec<(i32, LineView)> {
    let terminal = model.talk.as_ref().and_then(|talk| talk.terminal.as_ref());
    let Some(terminal) = terminal else {
        return Vec::new();
    };
    let view = |(row, line): (i32, &Line)| (row, LineView(Arc::clone(line)));
    let above = terminal.above.iter().flatten();
    let first = -i32::try_from(terminal.above.as_ref().map_or(0, Vec::len)).unwrap_or(0);
    let shown = terminal.shown.iter().flat_map(|shown| &shown.lines);
    (first..).zip(above.chain(shown)).map(view).collect()
}

impl LineView {
    pub(crate) fn pieces(&self) -> Vec<Piece> {
        self.0.iter().map(piece).collect()
    }
}

fn piece(run: &Run) -> Piece {
    let text = text::exact(&run.text);
    let mut style = String::new();
    let (front, back) = match run.inverse {
        true => (
            run.bg.map_or("var(--sm-t-back)".to_owned(), colour),
            Some(run.fg.map_or("var(--sm-t-front)".to_owned(), colour)),
        ),
        false => (run.fg.map(colour).unwrap_or_default(), run.bg.map(colour)),
    };
    // Writing to memory does not fail.
    if !front.is_empty() {
        write!(style, "color:{front};").ok();
    }
    if let Some(back) = back {
        write!(style, "background:{back};").ok();
    }
    // What the font does not have comes from another one, of another width.
    if !text.is_ascii() {
        let columns = run.columns.map_or(text.chars().count(), usize::from);
        write!(style, "display:inline-block;width:{columns}ch;").ok();
    }
    if run.underline || run.strike {
        let line = match (run.underline, run.strike) {
            (true, true) => "underline line-through",
            (true, false) => "underline",
            (false, _) => "line-through",
        };
        write!(style, "text-decoration:{line};").ok();
    }
    if run.italic {
        style.push_str("font-style:italic;");
    }
    // Between them, not after them.
    style.pop();
    let class = match (run.bold, run.dim) {
        (true, _) => "sm-t-bold",
        (false, true) => "sm-t-dim",
        (false, false) => "",
    };
    Piece { text, class, style }
}

fn colour(ink: Ink) -> String {
    let (red, green, blue) = match ink {
        Ink::Rgb(red, green, blue) => (red, green, blue),
        Ink::Palette(index @ 0..=15) => return format!("var(--sm-t{index})"),
        // A cube of six levels a side, then greys.
        Ink::Palette(index @ 16..=231) => {
            let level = |place: u8| match place % 6 {
                0 => 0,
                step => 55 + 40 * step,
            };
            let index = index - 16;
            (level(index / 36), level(index / 6), level(index))
        }
        Ink::Palette(index) => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    };
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(run: Run, text: &str, class: &str, style: &str) {
        let piece = piece(&run);
        assert_eq!(
            (&*piece.text, piece.class, &*piece.style),
            (text, class, style)
        );
    }

    fn run(text: &str) -> Run {
        Run {
            text: text.to_owned(),
            ..Run::default()
        }
    }

    #[test]
    fn a_run_has_its_style() {
        check(run("plain"), "plain", "", "");
        let loud = Run {
            bold: true,
            dim: true,
            fg: Some(Ink::Palette(1)),
            bg: Some(Ink::Palette(208)),
            underline: true,
            italic: true,
            ..run("loud")
        };
        let style =
            "color:var(--sm-t1);background:#ff8700;text-decoration:underline;font-style:italic";
        check(loud, "loud", "sm-t-bold", style);
        let inverse = Run {
            inverse: true,
            fg: Some(Ink::Palette(255)),
            ..run("x")
        };
        check(
            inverse,
            "x",
            "",
            "color:var(--sm-t-back);background:#eeeeee",
        );
    }

    #[test]
    fn what_may_have_another_width_is_held_to_its_columns_and_controls_are_seen() {
        let wide = Run {
            columns: Some(4),
            ..run("日本")
        };
        check(wide, "日本", "", "display:inline-block;width:4ch");
        check(
            run("a\u{202e}b"),
            "a�b",
            "",
            "display:inline-block;width:3ch",
        );
    }
}
