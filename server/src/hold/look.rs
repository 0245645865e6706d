//! What a held terminal shows, line by line, for whoever does not have a terminal to show it on.
//!
//! Whoever looks asks for a picture other than the one that it has, and asks again once it has taken that: of what was shown
//! between the two it is told nothing, and nothing waits for it.

use std::rc::Rc;

use tokio::sync::mpsc;
use wire::{Cursor, Ink, Picture, SessionId};

use super::{
    protocol::Told,
    screen::{Colour, Run, Screen, Style, Underline},
    shown::Shown,
    socket::{Desk, line},
};

/// What of it one client wants to see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// It has this one; `None` where any is new to it.
    pub(super) after: Option<u64>,
    /// Lines that have left the screen.
    pub(super) above: u32,
}

/// Sends one picture as soon as there is another than the client has.
pub(super) async fn look(desk: Rc<Desk>, wanted: Wanted, lines: mpsc::Sender<Vec<u8>>) {
    let Some(shown) = &desk.shown else {
        return;
    };
    let mut ended = desk.ended.subscribe();
    let news = tokio::select! {
        biased;
        news = other(shown, wanted.after) => news,
        _ = ended.wait_for(|&ended| ended) => None,
        () = lines.closed() => return,
    };
    let told = match news {
        Some(rev) => {
            let session_id = desk.now.borrow().session_id.clone();
            Told::Picture(shown.picture(session_id, rev, wanted.above))
        }
        None => Told::End,
    };
    lines.send(line(&told)).await.ok();
}

/// Waits until what is shown is not `after`; returns its number.
async fn other(shown: &Shown, after: Option<u64>) -> Option<u64> {
    let mut revs = shown.revs();
    let is_other = |rev: &u64| Some(*rev) != after;
    revs.wait_for(is_other).await.ok().map(|rev| *rev)
}

/// What `screen` shows, with the last of the lines that have left it.
pub(super) fn picture(screen: &Screen, session_id: SessionId, rev: u64, above: u32) -> Picture {
    let kept = screen.history_len();
    let first = kept.saturating_sub(usize::try_from(above).unwrap_or(usize::MAX));
    let (place, visible) = screen.cursor_place();
    let title = screen.title();
    Picture {
        ok: true,
        session_id,
        columns: screen.size().columns(),
        rows: screen.size().rows(),
        cursor: Cursor {
            column: u16::try_from(place.column).unwrap_or(u16::MAX),
            row: u16::try_from(place.row).unwrap_or(u16::MAX),
            visible,
        },
        rev,
        title: (!title.is_empty()).then(|| title.to_owned()),
        kept: u32::try_from(kept).unwrap_or(u32::MAX),
        above: runs(screen.history(first..kept)),
        lines: runs(screen.styled_rows()),
    }
}

fn runs(lines: Vec<Vec<Run>>) -> Vec<Vec<wire::Run>> {
    let line = |line: Vec<Run>| line.into_iter().map(run).collect();
    lines.into_iter().map(line).collect()
}

fn run(run: Run) -> wire::Run {
    let Run {
        text,
        columns,
        style,
        // It leads wherever the program says; whoever wants to go there reads it.
        link: _,
    } = run;
    let Style {
        foreground,
        background,
        bold,
        dim,
        italic,
        underline,
        underline_colour: _,
        inverse,
        hidden,
        struck,
    } = style;
    let text = match hidden {
        true => " ".repeat(columns.into()),
        false => text,
    };
    wire::Run {
        columns: (text.chars().count() != usize::from(columns)).then_some(columns),
        text,
        fg: ink(foreground),
        bg: ink(background),
        bold,
        dim,
        italic,
        underline: underline != Underline::None,
        strike: struck,
        inverse,
    }
}

fn ink(colour: Colour) -> Option<Ink> {
    match colour {
        Colour::Default => None,
        Colour::Indexed(index) => Some(Ink::Palette(index)),
        Colour::Rgb(red, green, blue) => Some(Ink::Rgb(red, green, blue)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hold::terminal::Size;

    fn check(written: &str, above: u32) -> Picture {
        let mut screen = Screen::new(Size::new(20, 3));
        screen.feed(written.as_bytes());
        picture(&screen, "086ce0db".parse().unwrap(), 4, above)
    }

    fn text(lines: &[Vec<wire::Run>]) -> Vec<String> {
        let text = |line: &Vec<wire::Run>| line.iter().map(|run| run.text.as_str()).collect();
        lines.iter().map(text).collect()
    }

    #[test]
    fn styles_are_runs() {
        let picture = check(
            "a \x1b[1;38;5;208mb\x1b[0m\x1b[7;48;2;1;2;3mc\x1b[m 日\x1b[8msecret\x1b[m.",
            0,
        );
        let line = &picture.lines[0];
        assert_eq!(text(&picture.lines), ["a bc 日      .", "", ""]);
        assert!(line[1].bold);
        assert_eq!(line[1].fg, Some(Ink::Palette(208)));
        assert!(line[2].inverse);
        assert_eq!(line[2].bg, Some(Ink::Rgb(1, 2, 3)));
        assert_eq!(line[3].columns, Some(3), "{line:?}");
    }

    #[test]
    fn what_has_left_the_screen_is_told_where_it_is_asked_for() {
        let written = "1\r\n2\r\n3\r\n4\r\n5\x1b[?25l\x1b]0;name\x07";
        let picture = check(written, 0);
        assert_eq!(text(&picture.lines), ["3", "4", "5"]);
        assert_eq!((picture.kept, picture.above.len()), (2, 0));
        let cursor = Cursor {
            column: 1,
            row: 2,
            visible: false,
        };
        assert_eq!(picture.cursor, cursor);
        assert_eq!(picture.title.as_deref(), Some("name"));
        assert_eq!(text(&check(written, 1).above), ["2"]);
        assert_eq!(text(&check(written, 99).above), ["1", "2"]);
    }
}
