//! What a session's terminal shows at one moment, line by line.
//!
//! A line is a list of runs, which are characters of one style beside each other; blanks at its end are left out, and an empty
//! line is `[]`. Whatever a program writes is text: it has no control characters left, and nothing in it is markup.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{SessionId, id::as_string};

/// The answer to `GET /sessions/:id/screen`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Picture {
    /// Always true.
    pub ok: bool,
    pub session_id: SessionId,
    pub columns: u16,
    pub rows: u16,
    pub cursor: Cursor,
    /// Grows with whatever is shown, from 0 at the session's start.
    pub rev: u64,
    /// What the program calls its window, `None` where it never said.
    pub title: Option<String>,
    /// How many lines have left the screen at its top and are kept, 1000 at most.
    pub kept: u32,
    /// The last of these, as many as were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub above: Vec<Vec<Run>>,
    /// The screen from its top, `rows` of them.
    pub lines: Vec<Vec<Run>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// Counted from 0.
    pub column: u16,
    /// Counted from 0, at the top of the screen.
    pub row: u16,
    /// False where the program hides it; many draw one of their own.
    pub visible: bool,
}

/// Characters of one style. What is not said of the style is not so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    pub text: String,
    /// The columns that it takes, where that is not one for each character.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub columns: Option<u16>,
    /// `None` for the viewer's own, like `bg`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fg: Option<Ink>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bg: Option<Ink>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub bold: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub dim: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub italic: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub underline: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub strike: bool,
    /// `fg` and `bg` change places.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub inverse: bool,
}

/// A colour: `"0"` to `"255"` of xterm's palette (the first sixteen look as the viewer likes), or `"#rrggbb"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ink {
    Palette(u8),
    Rgb(u8, u8, u8),
}

impl fmt::Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Palette(index) => index.fmt(f),
            Self::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

impl FromStr for Ink {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "a colour is 0 to 255 or #rrggbb";
        let Some(digits) = text.strip_prefix('#') else {
            return text.parse().map(Self::Palette).map_err(|_| SHAPE);
        };
        let all = u32::from_str_radix(digits, 16).map_err(|_| SHAPE)?;
        let [0, red, green, blue] = all.to_be_bytes() else {
            return Err(SHAPE);
        };
        Ok(Self::Rgb(red, green, blue))
    }
}

as_string!(Ink);

/// What is new on a screen that a client of `/ws` looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum ScreenNews {
    /// All of it: at first, and when its size has changed.
    Whole { picture: Picture },
    /// What is different from the picture that was sent before.
    Changed {
        rev: u64,
        cursor: Cursor,
        title: Option<String>,
        kept: u32,
        lines: Vec<NewLine>,
    },
    /// There will be no more, and why.
    End { reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewLine {
    pub row: u16,
    pub runs: Vec<Run>,
}

impl Picture {
    /// What has to be told to somebody who has `self` for it to have `newer`; of what is above the screen nothing is told.
    pub fn news(&self, newer: &Self) -> ScreenNews {
        let is_same_size = (self.columns, self.rows) == (newer.columns, newer.rows);
        if !is_same_size || self.lines.len() != newer.lines.len() {
            let picture = newer.clone();
            return ScreenNews::Whole { picture };
        }
        let lines = (0..).zip(self.lines.iter().zip(&newer.lines));
        let lines = lines.filter(|(_, (old, new))| old != new);
        let lines = lines.map(|(row, (_, runs))| NewLine {
            row,
            runs: runs.clone(),
        });
        ScreenNews::Changed {
            rev: newer.rev,
            cursor: newer.cursor,
            title: newer.title.clone(),
            kept: newer.kept,
            lines: lines.collect(),
        }
    }
}
