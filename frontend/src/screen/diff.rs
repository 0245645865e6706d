//! What an edit changes, line by line.
//!
//! Knows the inputs of Claude Code's tools that write files. Does not know the files: what is around an edit is not in it.

use serde_json::Value;

use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Same,
    Added,
    Removed,
    /// Between two edits of one call, or where lines are left out.
    Gap,
}

/// The most lines that `of_tool` shows of one call, and the most characters of a line.
const MOST: usize = 400;
const WIDEST: usize = 2000;
/// Lines around a change that are shown.
const AROUND: usize = 3;
/// Above so many pairs of lines the two sides are not compared: all of one is gone, all of the other is new.
const PAIRS: usize = 250_000;

/// Returns the beginning of what a call changes, `None` for a tool that does not edit.
pub(crate) fn of_tool(name: &str, input: &Value) -> Option<Vec<Line>> {
    whole_of_tool(name, input).map(cut)
}

/// Returns all that a call changes, `None` for a tool that does not edit.
pub(crate) fn whole_of_tool(name: &str, input: &Value) -> Option<Vec<Line>> {
    let word = |value: &Value, member: &str| Some(value.get(member)?.as_str()?.to_owned());
    let edit = |edit: &Value| Some(diff(&word(edit, "old_string")?, &word(edit, "new_string")?));
    match name {
        "Edit" => edit(input),
        "MultiEdit" => {
            let edits = input.get("edits")?.as_array()?.iter().filter_map(edit);
            let edits: Vec<Vec<Line>> = edits.collect();
            Some(edits.join([gap(String::new())].as_slice()))
        }
        "Write" => Some(diff("", &word(input, "content")?)),
        "NotebookEdit" => Some(diff("", &word(input, "new_source")?)),
        _ => None,
    }
}

/// How many lines come and go.
pub(crate) fn count(lines: &[Line]) -> (usize, usize) {
    let of = |kind| lines.iter().filter(|line| line.kind == kind).count();
    (of(Kind::Added), of(Kind::Removed))
}

/// Returns the lines of both, what they share once; of what stays the same only what is near a change.
pub(crate) fn diff(old: &str, new: &str) -> Vec<Line> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (
        old.get(head..).unwrap_or_default(),
        new.get(head..).unwrap_or_default(),
    );
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev());
    let tail = tail.take_while(|(a, b)| a == b).count();
    let middle = |lines: &[&str]| -> Vec<String> {
        let count = lines.len() - tail;
        lines
            .iter()
            .take(count)
            .map(|&line| line.to_owned())
            .collect()
    };
    let mut lines: Vec<Line> = Vec::new();
    let same = |text: &&str| line(Kind::Same, text);
    lines.extend(old.iter().take(head).map(same));
    lines.extend(compared(&middle(old_rest), &middle(new_rest)));
    lines.extend(old_rest.iter().skip(old_rest.len() - tail).map(same));
    near(lines)
}

/// The longest common sequence, by the book.
fn compared(old: &[String], new: &[String]) -> Vec<Line> {
    let removed = |text: &String| line(Kind::Removed, text);
    let added = |text: &String| line(Kind::Added, text);
    if old.len().saturating_mul(new.len()) > PAIRS {
        return old
            .iter()
            .map(removed)
            .chain(new.iter().map(added))
            .collect();
    }
    // `lengths[i][j]`: how many lines `old[i..]` and `new[j..]` share.
    let mut lengths = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    let at = |lengths: &[Vec<u32>], i: usize, j: usize| {
        let row = lengths.get(i).and_then(|row| row.get(j));
        row.copied().unwrap_or_default()
    };
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            let length = if a == b {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(cell) = lengths.get_mut(i).and_then(|row| row.get_mut(j)) {
                *cell = length;
            }
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => {
                lines.push(line(Kind::Same, a));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), b) if b.is_none() || at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) => {
                lines.push(removed(a));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(added(b));
                j += 1;
            }
            (_, None) => return lines,
        }
    }
}

/// Leaves out what is far from every change.
fn near(lines: Vec<Line>) -> Vec<Line> {
    let changes = lines.iter().enumerate();
    let changes = changes.filter(|(_, line)| line.kind != Kind::Same);
    let changes: Vec<usize> = changes.map(|(place, _)| place).collect();
    let is_near = |place: usize| {
        let next = changes.partition_point(|&change| change + AROUND < place);
        changes
            .get(next)
            .is_some_and(|&change| change <= place + AROUND)
    };
    let mut shown: Vec<Line> = Vec::new();
    for (place, line) in lines.into_iter().enumerate() {
        if is_near(place) {
            shown.push(line);
        } else if shown.last().is_none_or(|last| last.kind != Kind::Gap) {
            shown.push(gap(String::new()));
        }
    }
    shown
}

fn cut(mut lines: Vec<Line>) -> Vec<Line> {
    if let Some(more @ 1..) = lines.len().checked_sub(MOST) {
        lines.truncate(MOST);
        lines.push(gap(format!("{more} more lines")));
    }
    for line in &mut lines {
        line.text = text::start(&line.text, WIDEST);
    }
    lines
}

fn line(kind: Kind, text: &str) -> Line {
    Line {
        kind,
        text: text::exact(text),
    }
}

fn gap(text: String) -> Line {
    Line {
        kind: Kind::Gap,
        text,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::{collection::vec, prelude::*};
    use serde_json::json;

    use super::*;

    fn shown(lines: &[Line]) -> String {
        let one = |line: &Line| {
            let sign = match line.kind {
                Kind::Same => ' ',
                Kind::Added => '+',
                Kind::Removed => '-',
                Kind::Gap => '@',
            };
            format!("{sign}{}\n", line.text)
        };
        lines.iter().map(one).collect()
    }

    fn check(name: &str, input: &Value, expected: &Expect) {
        expected.assert_eq(&shown(&of_tool(name, input).unwrap()));
    }

    #[test]
    fn an_edit_shows_what_comes_and_goes() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni";
        let new = "a\nb\nc\nd\ne\nF\ng\nh\nnew\ni";
        check(
            "Edit",
            &json!({"file_path": "/x", "old_string": old, "new_string": new}),
            &expect![[r#"
                @
                 c
                 d
                 e
                -f
                +F
                 g
                 h
                +new
                 i
            "#]],
        );
        let edits = json!({"edits": [{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": ""}]});
        check(
            "MultiEdit",
            &edits,
            &expect![[r#"
                -a
                +b
                @
                -c
            "#]],
        );
        check(
            "Write",
            &json!({"content": "x\n\x1b[1my"}),
            &expect![[r#"
                +x
                +␛[1my
            "#]],
        );
        assert_eq!(of_tool("Bash", &json!({"command": "ls"})), None);
        assert_eq!(of_tool("Edit", &json!({"old_string": 7})), None);
    }

    #[test]
    fn a_huge_one_is_cut() {
        let lines = of_tool("Write", &json!({"content": "x\n".repeat(5000)})).unwrap();
        assert_eq!(lines.len(), MOST + 1);
        assert_eq!(lines.last().unwrap().text, "4600 more lines");
        let many: String = (0..1000).map(|n| format!("{n}\n")).collect();
        let others: String = (1000..2000).map(|n| format!("{n}\n")).collect();
        assert_eq!(count(&diff(&many, &others)), (1000, 1000));
    }

    proptest! {
        #[test]
        fn both_sides_can_be_read_from_it(old in vec("[ab]", 0..9), new in vec("[ab]", 0..9)) {
            let lines = compared(&old, &new);
            let side = |other| -> Vec<&str> {
                let lines = lines.iter().filter(|line| line.kind != other);
                lines.map(|line| line.text.as_str()).collect()
            };
            prop_assert_eq!(side(Kind::Added), old);
            prop_assert_eq!(side(Kind::Removed), new);
        }
    }
}
