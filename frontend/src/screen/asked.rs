//! What a request asks for, in words and in full.
//!
//! Knows the tools whose input people read in a form of its own. A request does not change, so that this is put into words once.

use serde_json::{Map, Value};
use wire::{Approval, Ask, Question};

use crate::{
    model::approvals::{long::plan, questions},
    screen::{
        diff,
        exact::{self, Exact, has_hidden},
        markdown::{self, Block},
    },
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A command, a file, an address: whatever the tool is about, and what its author says of it.
    Exact {
        exact: Exact,
        about: String,
    },
    /// A change to a file.
    Change {
        file: Exact,
        lines: Vec<diff::Line>,
        /// What the input has besides.
        rest: Option<Exact>,
        note: String,
    },
    Questions(Vec<Question>),
    Plan(Vec<Block>),
}

/// How much of it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What a page can bear without being asked for it.
    Start,
    Whole,
}

impl Extent {
    fn exact(self, text: &str) -> Exact {
        match self {
            Self::Start => exact::exact(text),
            Self::Whole => exact::whole(text),
        }
    }

    fn lines(self, tool: &str, input: &Value) -> Option<Vec<diff::Line>> {
        match self {
            Self::Start => diff::of_tool(tool, input),
            Self::Whole => diff::whole_of_tool(tool, input),
        }
    }
}

/// How a request can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Permission,
    Question,
    Plan,
}

pub(crate) fn kind(approval: &Approval) -> Kind {
    match &approval.ask {
        Ask::Permission { .. } | Ask::Text { .. } => Kind::Permission,
        Ask::Question { .. } => Kind::Question,
        Ask::Plan { .. } => Kind::Plan,
    }
}

/// What is asked, in a few words.
pub(crate) fn title(approval: &Approval) -> String {
    match (kind(approval), approval.tool.as_str()) {
        (Kind::Question, _) => "Asks a question".to_owned(),
        (Kind::Plan, _) => "Has a plan".to_owned(),
        (Kind::Permission, "Bash") => "Run a command".to_owned(),
        (Kind::Permission, "Read") => "Read a file".to_owned(),
        (Kind::Permission, "Edit" | "MultiEdit") => "Edit a file".to_owned(),
        (Kind::Permission, "Write") => "Write a file".to_owned(),
        (Kind::Permission, "NotebookEdit") => "Edit a notebook".to_owned(),
        (Kind::Permission, "WebFetch") => "Fetch an address".to_owned(),
        (Kind::Permission, "WebSearch") => "Search the web".to_owned(),
        (Kind::Permission, tool) => format!("Use {}", text::line(tool)),
    }
}

pub(crate) fn asked(approval: &Approval, extent: Extent) -> Asked {
    let input = &approval.input;
    match &approval.ask {
        Ask::Question { .. } => return Asked::Questions(questions(approval)),
        Ask::Plan { text } => {
            return match (extent, plan(approval)) {
                (Extent::Start, _) => Asked::Plan(markdown::blocks(text)),
                // Nothing is left out of it, not even for its looks.
                (Extent::Whole, plan) if plan.len() > markdown::LONGEST => Asked::Exact {
                    exact: extent.exact(plan),
                    about: String::new(),
                },
                (Extent::Whole, plan) => Asked::Plan(markdown::blocks(plan)),
            };
        }
        Ask::Permission { .. } | Ask::Text { .. } => {}
    }
    if let Some(change) = change(&approval.tool, input, extent) {
        return change;
    }
    // What else is in the input is shown as well: all of it is allowed.
    let plain = |main: &str, rest: &[&str]| {
        let known = |name: &String| name == main || rest.contains(&name.as_str());
        let only = input.as_object().is_some_and(|all| all.keys().all(known));
        let main = input.get(main).and_then(Value::as_str);
        main.filter(|_| only).map(|main| Asked::Exact {
            exact: extent.exact(main),
            about: rest.iter().filter_map(|name| word(input, name)).collect(),
        })
    };
    let plain = match approval.tool.as_str() {
        "Bash" => plain("command", &["description"]),
        "Read" => plain("file_path", &[]),
        "WebSearch" => plain("query", &[]),
        _ => None,
    };
    plain.unwrap_or_else(|| Asked::Exact {
        exact: extent.exact(&pretty(input)),
        about: String::new(),
    })
}

/// A command is read as it is run; its further settings follow it.
fn pretty(input: &Value) -> String {
    let command = input.get("command").and_then(Value::as_str);
    let json = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    match (command, input) {
        (Some(command), Value::Object(all)) => {
            let mut rest = all.clone();
            rest.remove("command");
            format!("{command}\n\n{}", json(&Value::Object(rest)))
        }
        _ => json(input),
    }
}

fn change(tool: &str, input: &Value, extent: Extent) -> Option<Asked> {
    let deletes = deletes(tool, input);
    let lines = extent.lines(tool, input)?;
    let names = match tool {
        "NotebookEdit" => ["notebook_path", "file_path"],
        _ => ["file_path", "notebook_path"],
    };
    let (name, file) = names
        .into_iter()
        .find_map(|name| Some((name, input.get(name)?.as_str()?)))?;
    let rest: Map<String, Value> = input
        .as_object()?
        .iter()
        .filter(|(member, value)| *member != name && !is_drawn(tool, member, value, deletes))
        .map(|(member, value)| (member.clone(), value.clone()))
        .collect();
    let everywhere = input.get("replace_all") == Some(&Value::Bool(true));
    let notes = [
        (tool == "Write").then_some("The file will have this content and no other."),
        deletes.then_some("A cell is deleted."),
        everywhere.then_some("Everywhere in the file."),
        has_hidden_text(input)
            .then_some("It has characters that can't be seen, or look like others."),
    ];
    let notes: Vec<&str> = notes.into_iter().flatten().collect();
    Some(Asked::Change {
        file: extent.exact(file),
        lines: if deletes { Vec::new() } else { lines },
        rest: (!rest.is_empty()).then(|| extent.exact(&pretty(&Value::Object(rest)))),
        note: notes.join(" "),
    })
}

/// What a cell would have got is not what becomes of it.
fn deletes(tool: &str, input: &Value) -> bool {
    tool == "NotebookEdit" && input.get("edit_mode").and_then(Value::as_str) == Some("delete")
}

/// Whether the lines, or a note, say all of this member.
fn is_drawn(tool: &str, member: &str, value: &Value, deletes: bool) -> bool {
    match (tool, member) {
        ("Edit", "old_string" | "new_string") | ("Write", "content") => true,
        ("Edit", "replace_all") => value.is_boolean(),
        ("NotebookEdit", "new_source") => !deletes,
        ("MultiEdit", "edits") => {
            let edits = value.as_array().map(Vec::as_slice).unwrap_or_default();
            edits.iter().all(is_plain_edit)
        }
        _ => false,
    }
}

fn is_plain_edit(edit: &Value) -> bool {
    let text = |name| edit.get(name).is_some_and(Value::is_string);
    let only = edit.as_object().is_some_and(|all| all.len() == 2);
    only && text("old_string") && text("new_string")
}

fn has_hidden_text(value: &Value) -> bool {
    match value {
        Value::String(text) => has_hidden(text),
        Value::Array(all) => all.iter().any(has_hidden_text),
        Value::Object(all) => all.values().any(has_hidden_text),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn word(input: &Value, name: &str) -> Option<String> {
    text::some_line(input.get(name)?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample;

    fn shown(tool: &str, input: Value) -> Asked {
        let approval = Approval {
            tool: tool.to_owned(),
            input,
            ..sample::approval("a")
        };
        asked(&approval, Extent::Whole)
    }

    #[test]
    fn all_of_the_input_is_shown() {
        let check = |tool, input, text: &str, about: &str| {
            let shown = shown(tool, input);
            let expected = Asked::Exact {
                exact: exact::exact(text),
                about: about.to_owned(),
            };
            assert_eq!(shown, expected, "{tool}");
        };
        let command = json!({"command": "ls", "description": "List"});
        check("Bash", command, "ls", "List");
        let unsafely = json!({"command": "ls", "dangerouslyDisableSandbox": true});
        check(
            "Bash",
            unsafely,
            "ls\n\n{\n  \"dangerouslyDisableSandbox\": true\n}",
            "",
        );
        check("Bash", json!({"command": 7}), "{\n  \"command\": 7\n}", "");
        check(
            "Read",
            json!({"file_path": "/etc/passwd"}),
            "/etc/passwd",
            "",
        );
        let other = json!({"url": "https://a.b"});
        check("mcp__a__b", other, "{\n  \"url\": \"https://a.b\"\n}", "");
        check(
            "Edit",
            json!({"file_path": "/a"}),
            "{\n  \"file_path\": \"/a\"\n}",
            "",
        );
    }

    #[test]
    fn a_change_says_how_far_it_goes() {
        let edit = json!({"file_path": "/a", "old_string": "x", "new_string": "\u{200b}", "replace_all": true});
        let Asked::Change { lines, note, .. } = shown("Edit", edit) else {
            panic!("no change");
        };
        assert_eq!(lines.len(), 2);
        assert_eq!(
            note,
            "Everywhere in the file. It has characters that can't be seen, or look like others."
        );
    }

    #[test]
    fn what_is_not_drawn_stands_beside() {
        let rest = |tool, input| {
            let Asked::Change { lines, rest, .. } = shown(tool, input) else {
                panic!("no change");
            };
            (lines.len(), rest)
        };
        let edit =
            json!({"file_path": "/a", "old_string": "x", "new_string": "y", "replace_all": false});
        assert_eq!(rest("Edit", edit), (2, None));
        let edits = json!({"file_path": "/a", "edits": [{"old_string": "x", "new_string": "y"}]});
        assert_eq!(rest("MultiEdit", edits), (2, None));
        let cell = json!({"notebook_path": "/a", "cell_id": "c7", "edit_mode": "delete", "new_source": "x"});
        let besides =
            "{\n  \"cell_id\": \"c7\",\n  \"edit_mode\": \"delete\",\n  \"new_source\": \"x\"\n}";
        assert_eq!(rest("NotebookEdit", cell), (0, Some(exact::exact(besides))));
    }

    #[test]
    fn all_of_a_long_one_is_shown_where_that_is_wanted() {
        let write = |extent| {
            let content = format!("{}\n{}", "a\n".repeat(5000), "b".repeat(3000));
            let approval = Approval {
                tool: "Write".to_owned(),
                input: json!({"file_path": "/a", "content": content}),
                ..sample::approval("a")
            };
            let Asked::Change { lines, .. } = asked(&approval, extent) else {
                panic!("no change");
            };
            let last = lines.last().map(|line| line.text.len());
            (lines.len(), last)
        };
        assert_eq!(write(Extent::Whole), (5002, Some(3000)));
        assert_eq!(write(Extent::Start).0, 401);
    }
}
