//! Putting an item at the end of a container in the layout that is there, and taking one out.
//!
//! `remove` of what `add` has put in gives the text from before, whatever its layout.

use super::json::Container;

/// Adds an item. `value` has a line for each bracket and member, tabs in front of them, and a carriage return where a
/// space may stand behind a colon: no string has any of these as they are.
pub(super) fn add(text: &str, to: &Container, name: Option<&str>, value: &str) -> String {
    let newline = newline(text);
    let (at, before, after) = match to.items.last() {
        Some(last) => {
            let space = space_before(text, last.start);
            let lead = match space.rfind('\n') {
                // Blank lines are not repeated.
                Some(line) => format!("{newline}{}", space.get(line + 1..).unwrap_or_default()),
                None => space.to_owned(),
            };
            (last.value.end, format!(",{lead}"), String::new())
        }
        None if is_one_line(text, to) => (to.range.start + 1, String::new(), String::new()),
        None => {
            let outer = format!("{newline}{}", indent_of(text, to.range.start));
            (to.range.start + 1, format!("{outer}{}", unit(text)), outer)
        }
    };
    let lines = before.rfind('\n').and_then(|line| before.get(line + 1..));
    let gap = if before == "," || before.is_empty() {
        ""
    } else {
        " "
    };
    let name = name.map_or_else(String::new, |name| format!("\"{name}\":{gap}"));
    let value = match lines {
        Some(indent) => value
            .replace('\r', " ")
            .replace('\t', &unit(text))
            .replace('\n', &format!("{newline}{indent}")),
        None => value.replace(['\n', '\t'], "").replace('\r', gap),
    };
    let (start, end) = text.split_at_checked(at).unwrap_or((text, ""));
    format!("{start}{before}{name}{value}{after}{end}")
}

/// Takes the item at `index` out.
pub(super) fn remove(text: &str, from: &Container, index: usize) -> String {
    let Some(item) = from.items.get(index) else {
        return text.to_owned();
    };
    let previous = index.checked_sub(1).and_then(|index| from.items.get(index));
    let (start, end) = match (previous, from.items.get(index + 1)) {
        (Some(previous), _) => (previous.value.end, item.value.end),
        (None, Some(next)) => (item.start, next.start),
        (None, None) => {
            let outer = format!("{}{}", newline(text), indent_of(text, from.range.start));
            let ours = space_before(text, item.start).contains('\n')
                && text
                    .get(item.value.end..)
                    .is_some_and(|rest| rest.starts_with(&outer));
            let after = if ours { outer.len() } else { 0 };
            (from.range.start + 1, item.value.end + after)
        }
    };
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    format!("{before}{after}")
}

/// Whether a container without items is to be filled on its line: the file has no other. The outermost one always gets lines.
fn is_one_line(text: &str, container: &Container) -> bool {
    !text.trim().contains('\n') && container.range.len() != text.trim().len()
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// What one level is indented by: as the first line that is indented at all.
fn unit(text: &str) -> String {
    let mut indents = text.lines().skip(1).map(indent);
    let first = indents.find(|indent| !indent.is_empty());
    first.unwrap_or("  ").to_owned()
}

/// What stands in front of the line of `at`.
fn indent_of(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |line| line + 1);
    indent(text.get(line..).unwrap_or_default())
}

fn indent(line: &str) -> &str {
    let end = line.find(|c| c != ' ' && c != '\t').unwrap_or(line.len());
    line.get(..end).unwrap_or_default()
}

fn space_before(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let kept = before.trim_end_matches([' ', '\t', '\n', '\r']).len();
    before.get(kept..).unwrap_or_default()
}
