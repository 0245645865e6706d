//! What somebody has begun to write in Claude Code's input line and not sent.
//!
//! Knows how the line is drawn (2.0.30, 2.1.197 and 2.1.329): between two rules across the screen, the last two that there are, behind
//! `❯`, in older versions `>`, and `!` where the line is a command for the shell. The cursor is a character in inverse, and what is
//! proposed to an empty line is dim. Another drawing is not understood, and says nothing.

use crate::hold::screen::{Run, Screen, Style};

/// Longer ones are told by their beginning, in characters.
const TOLD: usize = 60;

/// The input line at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Empty,
    /// Its text, or how that begins.
    Written(String),
    /// It is not there, or drawn in a way that is not understood.
    Unseen,
}

/// Finds the input line on a screen.
pub(crate) fn line(rows: &[Vec<Run>]) -> Line {
    seen(rows).unwrap_or(Line::Unseen)
}

fn seen(rows: &[Vec<Run>]) -> Option<Line> {
    let bottom = rows.iter().rposition(|row| is_rule(row))?;
    let above = rows.get(..bottom)?;
    let top = above.iter().rposition(|row| is_rule(row))?;
    let between = above.get(top + 1..)?;
    let mut characters = between.iter().flatten().flat_map(characters);
    let is_command = match characters.next()?.0 {
        '❯' | '>' => false,
        '!' => true,
        _ => return None,
    };
    let written: Vec<(char, Style)> = characters
        .filter(|(character, _)| !character.is_whitespace())
        .collect();
    let is_proposed = written.iter().any(|(_, style)| style.dim);
    let is_own = |(_, style): &(char, Style)| !(style.dim || style.inverse && is_proposed);
    if !is_command && !written.iter().any(is_own) {
        return Some(Line::Empty);
    }
    let text: Vec<String> = between.iter().map(|row| text(row)).collect();
    let text = text.join(" ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Line::Written(text.chars().take(TOLD).collect()))
}

/// Draws what a program wrote, as `tmux capture-pane -e` tells it, and returns the rows.
pub(crate) fn drawn(captured: &str, columns: u16, rows: u16) -> Vec<Vec<Run>> {
    let mut screen = Screen::new(crate::hold::terminal::Size::new(columns, rows));
    let lines: Vec<&str> = captured.trim_end_matches('\n').split('\n').collect();
    screen.feed(lines.join("\r\n").as_bytes());
    screen.styled_rows()
}

pub(super) fn is_rule(row: &[Run]) -> bool {
    text(row).starts_with("───")
}

pub(super) fn text(row: &[Run]) -> String {
    row.iter().map(|run| run.text.as_str()).collect()
}

fn characters(run: &Run) -> impl Iterator<Item = (char, Style)> {
    run.text.chars().map(|character| (character, run.style))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "────────────────────────────────";

    /// `line` as tmux has captured it.
    fn check(drawing: &str, expected: Option<&str>) {
        let captured =
            format!("> an earlier message\n\n{RULE}\n{drawing}\n{RULE}\n  ? for shortcuts\n");
        let rows = drawn(&captured, 80, 24);
        let expected = expected.map_or(Line::Empty, |text| Line::Written(text.to_owned()));
        assert_eq!(line(&rows), expected, "{drawing:?}");
    }

    #[test]
    fn nothing_stands_in_an_empty_line_whatever_is_proposed() {
        check("\x1b[39m❯ \x1b[7m ", None);
        check("\x1b[39m❯ \x1b[7m \x1b[0m\x1b[39m\x1b[49m", None);
        check(
            "\x1b[0m\x1b[39m\x1b[49m> \x1b[7mT\x1b[0;2m\x1b[39m\x1b[49mry \"fix typecheck errors\"",
            None,
        );
    }

    #[test]
    fn what_is_written_is_found_wherever_the_cursor_is() {
        check("\x1b[39m❯ hello draft\x1b[7m ", Some("❯ hello draft"));
        check(
            "\x1b[39m❯ \x1b[7mh\x1b[0m\x1b[39m\x1b[49mello draft",
            Some("❯ hello draft"),
        );
        check("\x1b[39m❯ \x1b[7mh", Some("❯ h"));
        check(
            "\x1b[39m❯ hello draft\n  second\x1b[7m ",
            Some("❯ hello draft second"),
        );
        check("\x1b[39m❯ \n  second\x1b[7m ", Some("❯ second"));
        check("\x1b[39m❯ /\x1b[7m \x1b[0m", Some("❯ /"));
    }

    #[test]
    fn a_line_for_the_shell_is_a_draft_also_when_it_is_empty() {
        check("! \x1b[7m\x1b[39m \x1b[0m\x1b[39m\x1b[49m", Some("!"));
        check(
            "\x1b[0m\x1b[38;5;211m\x1b[49m! \x1b[7m\x1b[39mT\x1b[0;2m\x1b[39m\x1b[49mry \"fix\"",
            Some("! Try \"fix\""),
        );
    }

    #[test]
    fn another_drawing_says_nothing() {
        let shows = |captured: &str| line(&drawn(captured, 80, 24));
        assert_eq!(shows(""), Line::Unseen);
        assert_eq!(shows("❯ hello\n"), Line::Unseen);
        assert_eq!(shows(&format!("{RULE}\n❯ hello\n")), Line::Unseen);
        assert_eq!(shows(&format!("{RULE}\n{RULE}\n")), Line::Unseen);
        assert_eq!(shows(&format!("{RULE}\n a table\n{RULE}\n")), Line::Unseen);
    }
}
