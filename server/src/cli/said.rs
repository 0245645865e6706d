//! What a session said and was told, in lines for people.
//!
//! Knows how each kind of event reads and what of it is folded. Does not know where events come from.

use std::fmt::Write as _;

use anstyle::Style;
use serde_json::Value;
use wire::{Ask, DecidedBy, DecisionOutcome, Event};

use super::{look, text};

/// Beginnings of lines, so that colour is never the only sign.
const PROMPT: &str = "> ";
const THOUGHT: &str = "~ ";
const CALL: &str = "* ";
const RESULT: &str = "  = ";
const FAILURE: &str = "  ! ";
const QUESTION: &str = "? ";
const REMARK: &str = "-- ";

/// What a subagent says stands further in.
const INSIDE: &str = "    ";

/// Draws an event; `width` is `None` where what is folded is not cut either. Empty for those that say nothing to people.
pub(super) fn said(event: &Event, width: Option<usize>) -> String {
    let mut page = Page {
        out: String::new(),
        width: width.unwrap_or(usize::MAX),
    };
    match event {
        Event::Status { .. } => {}
        Event::User { text, .. } => page.whole(look::HEADER, PROMPT, text),
        Event::Assistant {
            text,
            thinking,
            parent,
            ..
        } => match (thinking, parent) {
            (true, _) => page.folded(look::FAINT, THOUGHT, text),
            (false, Some(_)) => page.whole(look::FAINT, INSIDE, text),
            (false, None) => page.whole(look::PLAIN, "", text),
        },
        Event::Tool {
            name,
            input,
            parent,
            ..
        } => {
            let line = format!("{}: {}", text::line(name), subject(input));
            page.folded(look::TOOL, &within(parent.as_ref(), CALL), &line);
        }
        Event::ToolResult {
            text,
            is_error,
            parent,
            ..
        } => {
            let (style, mark) = match is_error {
                true => (look::WRONG, FAILURE),
                false => (look::FAINT, RESULT),
            };
            page.folded(style, &within(parent.as_ref(), mark), text);
        }
        Event::Approval {
            request_id, ask, ..
        } => {
            page.folded(look::WAITING, QUESTION, &question(ask));
            let id = text::line(request_id);
            page.push(look::WAITING, &format!("  session-manager approve {id}"));
        }
        Event::Decision {
            outcome,
            by,
            reason,
            rule,
            ..
        } => {
            let words = decision(*outcome, *by, rule.as_deref());
            let reason = text::some_line(reason.as_deref());
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            page.push(look::FAINT, &format!("  {words}{reason}"));
        }
        Event::Usage {
            subtype,
            is_error,
            duration_ms,
            cost_micro_usd,
            output_tokens,
            ..
        } => {
            let time = duration_ms.map(|ms| format!("{}.{} s", ms / 1000, ms % 1000 / 100));
            let tokens = output_tokens.map(|count| format!("{count} tokens"));
            let cost = cost_micro_usd.map(|cost| {
                format!(
                    "{}.{:04} $ so far",
                    cost / 1_000_000,
                    cost % 1_000_000 / 100
                )
            });
            let failed = is_error.then(|| match subtype.as_str() {
                // What the API refuses is told in the words of an answer (2.1.329).
                "success" => "failed".to_owned(),
                subtype => format!("failed ({})", text::line(subtype)),
            });
            let known: Vec<String> = [failed, time, tokens, cost].into_iter().flatten().collect();
            let style = if *is_error { look::WRONG } else { look::FAINT };
            page.push(style, &format!("{REMARK}{}", known.join(", ")));
        }
        // What Claude Code notes for its own developers.
        Event::Note { text, .. } if text.starts_with("[ede_diagnostic]") => {}
        Event::Note { text, .. } => page.whole(look::FAINT, REMARK, text),
        Event::Exit {
            code,
            signal,
            cancelled,
            stderr,
            ..
        } => {
            let how = match (cancelled, code, signal) {
                (true, ..) => "ended, as it was told to".to_owned(),
                (false, _, Some(signal)) => format!("ended by signal {signal}"),
                (false, Some(0), None) => "ended".to_owned(),
                (false, Some(code), None) => format!("ended with code {code}"),
                (false, None, None) => "ended; nobody saw how".to_owned(),
            };
            page.push(look::HEADER, &format!("{REMARK}{how}"));
            if !cancelled && text::some_line(Some(stderr)).is_some() {
                page.whole(look::WRONG, FAILURE, stderr);
            }
        }
    }
    page.out
}

/// What is asked, in one line.
pub(super) fn question(ask: &Ask) -> String {
    match ask {
        Ask::Permission { tool, input } => format!("{}: {}", text::line(tool), input.trim()),
        Ask::Question { questions } => {
            let questions = questions.iter().map(|one| text::line(&one.question));
            questions.collect::<Vec<_>>().join(" ")
        }
        Ask::Plan { text } => format!("Plan: {}", text.trim()),
        Ask::Text { text } => text.clone(),
    }
}

/// A decision in a few words.
pub(super) fn decision(outcome: DecisionOutcome, by: DecidedBy, rule: Option<&str>) -> String {
    let done = match outcome {
        DecisionOutcome::Allow => "allowed",
        DecisionOutcome::Deny => "denied",
        DecisionOutcome::Withdrawn => "not asked any more",
        DecisionOutcome::Unknown => "decided",
    };
    match by {
        DecidedBy::Rule => match text::some_line(rule) {
            Some(rule) => format!("{done} by rule {rule}"),
            None => format!("{done} by a rule"),
        },
        DecidedBy::Timeout => format!("{done}, since nobody answered in time"),
        DecidedBy::Person | DecidedBy::Session | DecidedBy::Unknown => done.to_owned(),
    }
}

/// What a call is about: the field that people look for first, else all of it.
fn subject(input: &Value) -> String {
    const FIELDS: [&str; 10] = [
        "command",
        "file_path",
        "notebook_path",
        "path",
        "url",
        "query",
        "pattern",
        "description",
        "plan",
        "skill",
    ];
    let field = FIELDS.iter().find_map(|name| input.get(name)?.as_str());
    field.map_or_else(|| input.to_string(), str::to_owned)
}

fn within(parent: Option<&String>, mark: &str) -> String {
    match parent {
        Some(_) => format!("{INSIDE}{mark}"),
        None => mark.to_owned(),
    }
}

struct Page {
    out: String,
    width: usize,
}

impl Page {
    /// All lines, the first one marked and the others as far in.
    fn whole(&mut self, style: Style, mark: &str, text: &str) {
        let mut mark = mark.to_owned();
        for line in text::lines(text) {
            self.push(style, &format!("{mark}{line}"));
            mark = " ".repeat(mark.len());
        }
    }

    /// The first line with anything in it, and how many more there are.
    fn folded(&mut self, style: Style, mark: &str, text: &str) {
        let mut lines = text
            .trim()
            .lines()
            .filter_map(|it| text::some_line(Some(it)));
        let first = lines.next().unwrap_or_default();
        let more = match lines.count() {
            0 => String::new(),
            1 => " (and 1 line)".to_owned(),
            more => format!(" (and {more} lines)"),
        };
        let room = self.width.saturating_sub(mark.len() + more.len());
        self.push(style, &format!("{mark}{}{more}", text::cut(&first, room)));
    }

    fn push(&mut self, style: Style, line: &str) {
        // A `String` takes everything.
        writeln!(self.out, "{style}{}{style:#}", line.trim_end()).ok();
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(events: &[Event], width: Option<usize>, expected: &Expect) {
        let shown: String = events.iter().map(|event| said(event, width)).collect();
        expected.assert_eq(&anstream::adapter::strip_str(&shown).to_string());
    }

    fn events() -> Vec<Event> {
        serde_json::from_str(include_str!("../../../wire/tests/golden/events.json")).unwrap()
    }

    #[test]
    fn a_conversation_reads_from_top_to_bottom() {
        check(
            &events(),
            None,
            &expect![[r#"
            > Touch x.
            ~ They want x.
            * Bash: touch x
            ? Bash: touch x
              session-manager approve 0c1f7a52
              denied by rule r7: Not here.
              ! Not here.
            I may not.
            -- 1.2 s, 34 tokens, 0.0054 $ so far
            -- Interrupted.
            -- ended, as it was told to
        "#]],
        );
    }

    #[test]
    fn a_failure_is_not_called_a_success() {
        let event = |value| serde_json::from_value(value).unwrap();
        let usage = |subtype: &str| {
            event(
                serde_json::json!({"type": "usage", "seq": 1, "at": 0, "subtype": subtype, "isError": true}),
            )
        };
        let note = serde_json::json!({"type": "note", "seq": 2, "at": 0, "code": "error", "text": "[ede_diagnostic] result_type=user"});
        check(
            &[usage("success"), event(note), usage("error_max_turns")],
            None,
            &expect![[r#"
                -- failed
                -- failed (error_max_turns)
            "#]],
        );
    }

    #[test]
    fn what_is_long_is_folded_and_what_acts_is_seen() {
        let at = 0;
        let events = [
            Event::User {
                seq: 1,
                at,
                uuid: None,
                text: "Two\n  lines\x1b[2J".to_owned(),
            },
            Event::Tool {
                seq: 2,
                at,
                uuid: None,
                message_id: None,
                tool_use_id: "t".to_owned(),
                name: "Bash\x1b]0;x\x07".to_owned(),
                input: serde_json::json!({"command": "make all the things that there are\nmake more\n\nmake most"}),
                parent: Some("toolu_0".to_owned()),
            },
            Event::ToolResult {
                seq: 3,
                at,
                uuid: None,
                tool_use_id: "t".to_owned(),
                text: "\n\u{202e}done\nand done".to_owned(),
                is_error: false,
                parent: None,
            },
            Event::Exit {
                seq: 4,
                at,
                code: Some(1),
                signal: None,
                cancelled: false,
                stderr: "error: unknown option\n".to_owned(),
            },
        ];
        check(
            &events,
            Some(40),
            &expect![[r#"
            > Two
                lines␛[2J
                * Bash␛]0;x␇: make al… (and 2 lines)
              = �done (and 1 line)
            -- ended with code 1
              ! error: unknown option
        "#]],
        );
    }
}
