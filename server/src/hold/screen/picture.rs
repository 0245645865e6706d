//! What stands on a line of the screen: characters with their style, runs of them, and plain text.
//!
//! Knows the cells of the terminal emulator. Does not know how any of it is written to a terminal.

use alacritty_terminal::{
    grid::Row,
    index::Column,
    term::cell::{Cell, Flags, Hyperlink},
    vte::ansi::{Color, NamedColor},
};

use super::ACCENTS;

/// ZWJ, with which several emoji become one.
const JOINER: char = '\u{200d}';

/// A colour as the program named it; what it looks like is the viewer's choice but for `Rgb`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colour {
    #[default]
    Default,
    /// One of xterm's 256: 0 to 7, their bright kin to 15, a cube to 231, greys.
    Indexed(u8),
    Rgb(u8, u8, u8),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Underline {
    #[default]
    None,
    Single,
    Double,
    Curly,
    Dotted,
    Dashed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    pub foreground: Colour,
    pub background: Colour,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: Underline,
    /// `Default` for that of the text.
    pub underline_colour: Colour,
    /// Foreground and background change places.
    pub inverse: bool,
    pub hidden: bool,
    pub struck: bool,
}

/// Characters of one style beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub text: String,
    /// The columns that it takes; a wide character takes two.
    pub columns: u16,
    pub style: Style,
    /// Where the program said that it leads; hostile, like the text.
    pub link: Option<String>,
}

/// A style and the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Pen {
    pub(super) style: Style,
    pub(super) link: Option<Hyperlink>,
}

/// A character with all that is drawn over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glyph<'a> {
    pub(super) column: usize,
    pub(super) first: char,
    /// Accents and the like.
    pub(super) more: &'a [char],
    pub(super) wide: bool,
    pub(super) pen: Pen,
}

impl Glyph<'_> {
    /// Whether it looks as if nothing had been written.
    pub(super) fn is_blank(&self) -> bool {
        let is_space = self.first == ' ' && self.more.is_empty();
        is_space && !self.pen.is_drawn() && self.pen.ground() == Self::NOTHING
    }

    const NOTHING: (Colour, Option<&'static Hyperlink>) = (Colour::Default, None);

    pub(super) fn columns(&self) -> usize {
        if self.wide { 2 } else { 1 }
    }
}

impl Pen {
    pub(super) fn of(cell: &Cell) -> Self {
        let has = |flag| cell.flags.contains(flag);
        let underlines = [
            (Flags::UNDERLINE, Underline::Single),
            (Flags::DOUBLE_UNDERLINE, Underline::Double),
            (Flags::UNDERCURL, Underline::Curly),
            (Flags::DOTTED_UNDERLINE, Underline::Dotted),
            (Flags::DASHED_UNDERLINE, Underline::Dashed),
        ];
        let underline = underlines.into_iter().find(|(flag, _)| has(*flag));
        Self {
            style: Style {
                foreground: Colour::of(cell.fg),
                background: Colour::of(cell.bg),
                bold: has(Flags::BOLD),
                dim: has(Flags::DIM),
                italic: has(Flags::ITALIC),
                underline: underline.map_or(Underline::None, |(_, underline)| underline),
                underline_colour: cell.underline_color().map_or(Colour::Default, Colour::of),
                inverse: has(Flags::INVERSE),
                hidden: has(Flags::HIDDEN),
                struck: has(Flags::STRIKEOUT),
            },
            link: cell.hyperlink(),
        }
    }

    /// Whether something is drawn even where there is no character.
    fn is_drawn(&self) -> bool {
        let Style {
            underline,
            inverse,
            struck,
            ..
        } = self.style;
        inverse || struck || underline != Underline::None
    }

    /// What can be seen of it behind a space where nothing is drawn.
    fn ground(&self) -> (Colour, Option<&Hyperlink>) {
        (self.style.background, self.link.as_ref())
    }

    /// The pen of a space, after a character of `before`: where it makes no difference, words of one style are one run.
    fn behind_space(self, before: &Self) -> Self {
        if self.is_drawn() {
            return self;
        }
        if !before.is_drawn() && before.ground() == self.ground() {
            return before.clone();
        }
        Self {
            style: Style {
                background: self.style.background,
                ..Style::default()
            },
            link: self.link,
        }
    }
}

impl Colour {
    fn of(colour: Color) -> Self {
        match colour {
            Color::Spec(rgb) => Self::Rgb(rgb.r, rgb.g, rgb.b),
            Color::Indexed(index) => Self::Indexed(index),
            Color::Named(name) => match name as usize {
                index @ 0..=15 => Self::Indexed(u8::try_from(index).unwrap_or(0)),
                _ if name == NamedColor::BrightForeground => Self::Indexed(15),
                _ => Self::Default,
            },
        }
    }
}

/// The characters of a line, from its first column to its last.
pub(super) fn glyphs(row: &Row<Cell>, columns: usize) -> impl Iterator<Item = Glyph<'_>> {
    let mut column = 0;
    let mut before = Pen::default();
    std::iter::from_fn(move || {
        if column >= columns {
            return None;
        }
        let cell = &row[Column(column)];
        let spacer = Flags::WIDE_CHAR_SPACER;
        let wide = cell.flags.contains(Flags::WIDE_CHAR)
            && column + 1 < columns
            && row[Column(column + 1)].flags.contains(spacer);
        // Half of a wide character is all that some orders leave of it, and a tab stands in the cell that it began at.
        let halves = Flags::WIDE_CHAR | spacer | Flags::LEADING_WIDE_CHAR_SPACER;
        let whole = wide || !cell.flags.intersects(halves);
        let first = if whole && !cell.c.is_control() {
            cell.c
        } else {
            ' '
        };
        let more = cell.zerowidth().filter(|_| whole).unwrap_or_default();
        let more = more.get(..ACCENTS).unwrap_or(more);
        // What it was to join has been written over, and must not join what comes next.
        let last = more.iter().rposition(|&character| character != JOINER);
        let more = more
            .get(..last.map_or(0, |last| last + 1))
            .unwrap_or_default();
        let mut pen = Pen::of(cell);
        if first == ' ' && more.is_empty() {
            pen = pen.behind_space(&before);
        }
        before = pen.clone();
        let glyph = Glyph {
            column,
            first,
            more,
            wide,
            pen,
        };
        column += glyph.columns();
        Some(glyph)
    })
}

/// Whether the line goes on in the next.
pub(super) fn wraps(row: &Row<Cell>, columns: usize) -> bool {
    columns > 0 && row[Column(columns - 1)].flags.contains(Flags::WRAPLINE)
}

/// The line without styles, and without the blanks at its end.
pub(super) fn text(row: &Row<Cell>, columns: usize) -> String {
    let mut text = String::new();
    for glyph in glyphs(row, columns) {
        text.push(glyph.first);
        text.extend(glyph.more);
    }
    text.truncate(text.trim_end_matches(' ').len());
    text
}

/// The line in runs of one style, without the blanks at its end.
pub(super) fn runs(row: &Row<Cell>, columns: usize) -> Vec<Run> {
    let mut runs: Vec<(Pen, Run)> = Vec::new();
    let mut all: Vec<Glyph<'_>> = glyphs(row, columns).collect();
    all.truncate(written(&all));
    for glyph in all {
        if runs.last().is_none_or(|(last, _)| *last != glyph.pen) {
            let run = Run {
                text: String::new(),
                columns: 0,
                style: glyph.pen.style,
                link: glyph.pen.link.as_ref().map(|link| link.uri().to_owned()),
            };
            runs.push((glyph.pen.clone(), run));
        }
        if let Some((_, run)) = runs.last_mut() {
            run.text.push(glyph.first);
            run.text.extend(glyph.more);
            run.columns += if glyph.wide { 2 } else { 1 };
        }
    }
    runs.into_iter().map(|(_, run)| run).collect()
}

/// How many of these are not the blanks at the end.
pub(super) fn written(glyphs: &[Glyph<'_>]) -> usize {
    let last = glyphs.iter().rposition(|glyph| !glyph.is_blank());
    last.map_or(0, |last| last + 1)
}
