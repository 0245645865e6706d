//! The list as columns.
//!
//! Knows how many columns there are to fill. Does not know what a session is.

use anstyle::Style;

use super::{look, text};

/// One session: its cells in the order of `HEADER`, and how the first one looks.
pub(super) struct Line {
    pub(super) style: Style,
    pub(super) cells: [String; COLUMNS],
}

const COLUMNS: usize = 6;
const HEADER: [&str; COLUMNS] = ["  STATE", "FOR", "PROJECT", "WHAT", "MEMORY", "PID"];

/// What has no room next to this much of `WHAT` is left out.
const ROOM: usize = 24;
/// Where nothing is cut, longer ones push aside what follows, rather than have every line filled up to them.
const FILLED: usize = 60;

const GAP: usize = 2;

/// The columns that each cell takes; `None` for one that is left out.
struct Layout([Option<usize>; COLUMNS]);

/// Draws header and lines; `width` is `None` where nothing is to be cut.
pub(super) fn table(lines: &[Line], width: Option<usize>) -> String {
    let layout = Layout::of(lines, width);
    let mut out = String::new();
    let header = HEADER.map(str::to_owned);
    layout.draw(&mut out, &header, [look::HEADER; COLUMNS], width);
    for line in lines {
        let Line { style, cells } = line;
        let plain = look::PLAIN;
        let styles = [*style, plain, plain, plain, look::FAINT, plain];
        layout.draw(&mut out, cells, styles, width);
    }
    out
}

impl Layout {
    fn of(lines: &[Line], width: Option<usize>) -> Self {
        let mut widest = HEADER.map(text::columns);
        for line in lines {
            for (widest, cell) in widest.iter_mut().zip(&line.cells) {
                *widest = text::columns(cell).max(*widest);
            }
        }
        let [state, since, mut project, what, memory, pid] = widest;
        let Some(width) = width else {
            let widest = [state, since, project, what.min(FILLED), memory, pid];
            return Self(widest.map(Some));
        };
        project = project.min((width / 5).max("PROJECT".len()));
        let (mut since, mut project, mut memory) = (Some(since), Some(project), Some(memory));
        let left = |since: Option<usize>, project: Option<usize>, memory: Option<usize>| {
            let taken = [Some(state), since, project, memory, Some(pid)];
            let taken: usize = taken.iter().flatten().map(|columns| columns + GAP).sum();
            width.saturating_sub(taken)
        };
        if left(since, project, memory) < ROOM {
            memory = None;
        }
        // Never the pid: a session is named by it.
        if left(since, project, memory) < ROOM / 2 {
            since = None;
        }
        if left(since, project, memory) < ROOM / 2 {
            project = None;
        }
        let what = left(since, project, memory).max("WHAT".len());
        Self([Some(state), since, project, Some(what), memory, Some(pid)])
    }

    fn draw(
        &self,
        out: &mut String,
        cells: &[String; COLUMNS],
        styles: [Style; COLUMNS],
        width: Option<usize>,
    ) {
        let mut row = String::new();
        // Blanks that are drawn only once something follows them.
        let mut owed = 0;
        for (index, ((cell, style), room)) in cells.iter().zip(styles).zip(self.0).enumerate() {
            let Some(room) = room else { continue };
            let cell = match width {
                Some(_) => text::cut(cell, room),
                None => cell.clone(),
            };
            let blank = room.saturating_sub(text::columns(&cell));
            // Numbers are compared by their ends.
            let is_number = matches!(HEADER.get(index), Some(&("FOR" | "MEMORY" | "PID")));
            let (before, after) = if is_number { (blank, 0) } else { (0, blank) };
            row.push_str(&" ".repeat(owed + before));
            row.push_str(&format!("{style}{cell}{style:#}"));
            owed = after + GAP;
        }
        out.push_str(&row);
        out.push('\n');
    }
}
