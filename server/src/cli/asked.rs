//! What sessions ask of a person, with all that there is to know before an answer.
//!
//! Knows how a command, an edit, a question and a plan are read. Does not know what is answered.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::Value;
use wire::{Approval, Approvals, Ask, Question};

use super::{look, measure, text};

/// The characters of a request's id that are enough to say.
const SHOWN: usize = 8;

/// Draws all that is asked, the oldest first.
pub(super) fn asked(approvals: &Approvals, now: u64) -> String {
    if approvals.approvals.is_empty() {
        return "Nothing is asked.\n".to_owned();
    }
    let drawn: Vec<String> = approvals
        .approvals
        .iter()
        .map(|approval| one(approval, now))
        .collect();
    drawn.join("\n")
}

/// Draws one request. Nothing of what would be allowed is left out.
pub(super) fn one(approval: &Approval, now: u64) -> String {
    let mut page = Page(String::new());
    let title = text::some_line(approval.title.as_deref());
    let about: Vec<String> = [
        Some(format!(
            "asks for {}",
            measure::age_of(Some(approval.at), now)
        )),
        Some(format!("session {}", approval.session_id)),
        title,
        text::some_line(Some(&approval.cwd)),
    ]
    .into_iter()
    .flatten()
    .collect();
    page.push(look::WAITING, "? ", &approval.id.to_string());
    page.push(look::FAINT, "  ", &about.join(", "));
    if let Some(until) = approval.until {
        let left = measure::age(until.saturating_sub(now));
        page.push(
            look::FAINT,
            "  ",
            &format!("its own terminal asks in {left}"),
        );
    }
    if let Some(reason) = text::some_line(approval.reason.as_deref()) {
        page.push(look::FAINT, "  ", &reason);
    }
    match &approval.ask {
        Ask::Question { questions } => {
            for (index, question) in questions.iter().enumerate() {
                page.question(index + 1, question);
            }
        }
        Ask::Plan { text } => {
            page.push(look::HEADER, "  ", "Plan");
            page.block(look::PLAIN, "    ", text);
        }
        Ask::Permission { .. } => page.call(&approval.tool, &approval.input),
        Ask::Text { text } => page.block(look::PLAIN, "  ", text),
    }
    page.push(look::FAINT, "  ", &next(approval));
    page.0
}

/// How it is answered.
fn next(approval: &Approval) -> String {
    let id = approval.id.as_str();
    let id = id.get(..SHOWN).unwrap_or(id);
    let answers = match &approval.ask {
        Ask::Question { questions } => {
            let numbers = 1..=questions.len().max(1);
            let each = numbers.map(|number| format!("--answer {number}=LABEL"));
            each.collect::<Vec<_>>().join(" ")
        }
        Ask::Permission { .. } => "--allow | --deny REASON".to_owned(),
        Ask::Plan { .. } => "--allow [--mode MODE] | --deny REASON".to_owned(),
        Ask::Text { .. } => "--allow | --deny REASON".to_owned(),
    };
    format!("session-manager approve {id} {answers}")
}

struct Page(String);

impl Page {
    fn push(&mut self, style: Style, indent: &str, line: &str) {
        let line = line.trim_end();
        // A `String` takes everything.
        writeln!(self.0, "{style}{indent}{line}{style:#}").ok();
    }

    fn block(&mut self, style: Style, indent: &str, text: &str) {
        for line in text::lines(text) {
            self.push(style, indent, &line);
        }
    }

    fn question(&mut self, number: usize, question: &Question) {
        let asked = text::line(&question.question);
        let several = match question.multi_select {
            true => " (one or more)",
            false => "",
        };
        self.push(look::HEADER, "  ", &format!("{number}. {asked}{several}"));
        for option in &question.options {
            let label = text::line(&option.label);
            let about = text::some_line(option.description.as_deref());
            let about = about.map_or_else(String::new, |about| format!(": {about}"));
            self.push(look::PLAIN, "     ", &format!("- {label}{about}"));
        }
    }

    fn call(&mut self, tool: &str, input: &Value) {
        let field = |name: &str| input.get(name).and_then(Value::as_str);
        let tool_name = text::line(tool);
        let file = field("file_path").map(text::line);
        match (tool, &file) {
            ("Bash", _) if field("command").is_some() => {
                self.push(look::HEADER, "  ", &tool_name);
                self.block(look::PLAIN, "    ", field("command").unwrap_or_default());
                self.rest(input, &["command"]);
            }
            ("Edit", Some(file)) => {
                self.push(look::HEADER, "  ", &format!("{tool_name} {file}"));
                self.edit(input);
                self.rest(input, &["file_path", "old_string", "new_string"]);
            }
            ("MultiEdit", Some(file)) => {
                self.push(look::HEADER, "  ", &format!("{tool_name} {file}"));
                for edit in input
                    .get("edits")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    self.edit(edit);
                    self.rest(edit, &["old_string", "new_string"]);
                }
                self.rest(input, &["file_path", "edits"]);
            }
            ("Write", Some(file)) => {
                self.push(look::HEADER, "  ", &format!("{tool_name} {file}"));
                self.block(look::ADDED, "    + ", field("content").unwrap_or_default());
                self.rest(input, &["file_path", "content"]);
            }
            _ => {
                self.push(look::HEADER, "  ", &tool_name);
                self.rest(input, &[]);
            }
        }
    }

    fn edit(&mut self, edit: &Value) {
        let field = |name: &str| edit.get(name).and_then(Value::as_str);
        if let Some(old) = field("old_string").filter(|old| !old.is_empty()) {
            self.block(look::REMOVED, "    - ", old);
        }
        if let Some(new) = field("new_string").filter(|new| !new.is_empty()) {
            self.block(look::ADDED, "    + ", new);
        }
    }

    /// The fields that were not shown.
    fn rest(&mut self, input: &Value, shown: &[&str]) {
        let Some(fields) = input.as_object() else {
            return self.block(look::PLAIN, "    ", &input.to_string());
        };
        for (name, value) in fields
            .iter()
            .filter(|(name, _)| !shown.contains(&name.as_str()))
        {
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::Array(_)
                | Value::Object(_) => value.to_string(),
            };
            let mut indent = format!("    {}: ", text::line(name));
            for line in text::lines(&value) {
                self.push(look::FAINT, &indent, &line);
                indent = " ".repeat(6);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_795_225_772_500 + 12_000;

    fn golden() -> Approval {
        let golden = include_str!("../../../wire/tests/golden/approvals.json");
        let approvals: Approvals = serde_json::from_str(golden).unwrap();
        approvals.approvals.into_iter().next().unwrap()
    }

    fn check(approval: &Approval, expected: &Expect) {
        let shown = one(approval, NOW);
        expected.assert_eq(&anstream::adapter::strip_str(&shown).to_string());
    }

    fn call(tool: &str, input: Value) -> Approval {
        Approval {
            tool: tool.to_owned(),
            input,
            ..golden()
        }
    }

    #[test]
    fn a_command_is_shown_whole() {
        let command = "for f in *; do\n\trm \"$f\" # \x1b[8mhidden\ndone";
        let input =
            json!({"command": command, "description": "Tidy up", "run_in_background": true});
        check(
            &Approval {
                reason: Some("Not in the list.".to_owned()),
                until: Some(NOW + 60_000),
                ..call("Bash", input)
            },
            &expect![[r#"
                ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
                  asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
                  its own terminal asks in 1m
                  Not in the list.
                  Bash
                    for f in *; do
                        rm "$f" # ␛[8mhidden
                    done
                    description: Tidy up
                    run_in_background: true
                  session-manager approve 0c1f7a52 --allow | --deny REASON
            "#]],
        );
    }

    #[test]
    fn an_edit_is_a_diff() {
        let input = json!({"file_path": "/w/a.rs", "old_string": "let a = 1;\nlet b = 2;", "new_string": "let a = 3;", "replace_all": false});
        check(
            &call("Edit", input),
            &expect![[r#"
                ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
                  asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
                  Edit /w/a.rs
                    - let a = 1;
                    - let b = 2;
                    + let a = 3;
                    replace_all: false
                  session-manager approve 0c1f7a52 --allow | --deny REASON
            "#]],
        );
        let input = json!({"file_path": "/w/b.rs", "content": "fn main() {\n    run();\n}\n"});
        check(
            &call("Write", input),
            &expect![[r#"
                ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
                  asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
                  Write /w/b.rs
                    + fn main() {
                    +     run();
                    + }
                  session-manager approve 0c1f7a52 --allow | --deny REASON
            "#]],
        );
        let edits =
            json!([{"old_string": "a", "new_string": "b"}, {"old_string": "c", "new_string": ""}]);
        check(
            &call("MultiEdit", json!({"file_path": "/w/c.rs", "edits": edits})),
            &expect![[r#"
                ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
                  asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
                  MultiEdit /w/c.rs
                    - a
                    + b
                    - c
                  session-manager approve 0c1f7a52 --allow | --deny REASON
            "#]],
        );
    }

    #[test]
    fn what_is_not_known_is_shown_field_by_field() {
        let input = json!({"url": "http://a.test", "prompt": "Read\nit"});
        check(
            &call("WebFetch", input),
            &expect![[r#"
                ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
                  asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
                  WebFetch
                    prompt: Read
                      it
                    url: http://a.test
                  session-manager approve 0c1f7a52 --allow | --deny REASON
            "#]],
        );
        check(
            &call("mcp__a__b", json!(null)),
            &expect![[r#"
                ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
                  asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
                  mcp__a__b
                    null
                  session-manager approve 0c1f7a52 --allow | --deny REASON
            "#]],
        );
    }

    #[test]
    fn a_question_has_its_options_and_a_plan_its_text() {
        let golden_asks = include_str!("../../../wire/tests/golden/asks.json");
        let asks: Vec<Ask> = serde_json::from_str(golden_asks).unwrap();
        let shown: String = asks
            .into_iter()
            .filter(|ask| matches!(ask, Ask::Question { .. } | Ask::Plan { .. }))
            .map(|ask| one(&Approval { ask, ..golden() }, NOW))
            .collect();
        expect![[r#"
            ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
              asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
              1. Which colour?
                 - Red: warm
                 - Blue
              session-manager approve 0c1f7a52 --answer 1=LABEL
            ? 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e
              asks for 12s, session 607b503a-f1d9-4125-9748-6f1933188683, Touching x, /home/dev/work/p1
              Plan
                1. Read
                2. Write
              session-manager approve 0c1f7a52 --allow [--mode MODE] | --deny REASON
        "#]].assert_eq(&anstream::adapter::strip_str(&shown).to_string());
    }

    #[test]
    fn nothing_is_asked() {
        let none = Approvals {
            ok: true,
            approvals: Vec::new(),
        };
        assert_eq!(asked(&none, NOW), "Nothing is asked.\n");
    }
}
