//! Rules and what they say, as text for a terminal.
//!
//! What rules were asked about was written by a model. Does not know what a rule means.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use wire::{RuleAction, RuleScope, RuleSet, RuleTested, RulesImported, ToolRule};

use super::super::{look, measure, text};

const DENY: Style = AnsiColor::Red.on_default();
const ALLOW: Style = AnsiColor::Green.on_default();
const COLUMNS: usize = 6;
const HEADER: [&str; COLUMNS] = ["ID", "ACTION", "TOOL", "PATTERN", "FOR", "UNTIL"];
/// Lines of a test are not drawn out further than this.
const WIDEST: usize = 100;

/// Draws the list; `width` is `None` where nothing is to be cut.
pub(super) fn list(set: &RuleSet, now: u64, width: Option<usize>) -> String {
    let mut out = String::new();
    if let Some(problem) = &set.problem {
        push(&mut out, DENY, &text::line(problem));
        return out;
    }
    if set.rules.is_empty() {
        return "There are no rules: everything is asked.\n".to_owned();
    }
    let lines: Vec<_> = set.rules.iter().map(|rule| cells(rule, now)).collect();
    table(&mut out, &lines, width);
    out
}

/// Draws what the rules say, with a line for each part.
pub(super) fn test(tested: &RuleTested, width: Option<usize>) -> String {
    let width = width.map_or(usize::MAX, |width| width.min(WIDEST));
    let mut out = String::new();
    let by = tested.rule.as_ref().map(|id| format!(" (rule {id})"));
    let verdict = format!("{}{}.", word(tested.action), by.unwrap_or_default());
    push(&mut out, look::HEADER, &capital(&verdict));
    for line in text::wrap(&text::line(&tested.why), width) {
        push(&mut out, look::PLAIN, &line);
    }
    if tested.parts.is_empty() {
        return out;
    }
    out.push('\n');
    let rules = tested
        .parts
        .iter()
        .map(|part| part.rule.as_deref().map_or(1, str::len));
    let id = rules.max().unwrap_or(0).max("RULE".len());
    push(
        &mut out,
        look::HEADER,
        &format!("ACTION  {:id$}  PART", "RULE"),
    );
    let indent = 8 + id + 2;
    for part in &tested.parts {
        let rule = part.rule.as_deref().unwrap_or("-");
        let head = format!("{:6}  {rule:id$}  ", word(part.action));
        let room = width.saturating_sub(indent);
        let line = text::cut(&text::line(&part.text), room);
        push(&mut out, style(part.action), &format!("{head}{line}"));
        for line in text::wrap(&text::line(&part.why), room) {
            push(
                &mut out,
                look::FAINT,
                &format!("{}{line}", " ".repeat(indent)),
            );
        }
    }
    out
}

/// Draws what became of each entry.
pub(super) fn import(imported: &RulesImported, width: Option<usize>) -> String {
    let width = width.unwrap_or(usize::MAX);
    let mut out = String::new();
    let mut count = 0;
    for item in &imported.items {
        push(
            &mut out,
            look::HEADER,
            &text::cut(&text::line(&item.text), width),
        );
        for rule in &item.rules {
            count += 1;
            let pattern = rule.pattern.as_deref().map(|pattern| format!(" {pattern}"));
            let id = match rule.id.as_str() {
                "" => String::new(),
                id => format!("{id}: "),
            };
            let line = format!(
                "{id}{} {}{}",
                word(rule.action),
                rule.tool,
                pattern.unwrap_or_default()
            );
            let line = text::cut(&text::line(&line), width.saturating_sub(2));
            push(&mut out, style(rule.action), &format!("  {line}"));
        }
        for line in item
            .note
            .iter()
            .flat_map(|note| text::wrap(&text::line(note), width.saturating_sub(2)))
        {
            push(&mut out, look::FAINT, &format!("  {line}"));
        }
    }
    let rules = if count == 1 { "rule" } else { "rules" };
    let is_new = imported
        .items
        .iter()
        .flat_map(|item| &item.rules)
        .any(|rule| !rule.id.is_empty());
    let what = if is_new { "added" } else { "to add" };
    push(&mut out, look::PLAIN, &format!("{count} {rules} {what}."));
    out.extend(
        imported
            .note
            .iter()
            .map(|note| format!("{}\n", text::line(note))),
    );
    out
}

fn cells(rule: &ToolRule, now: u64) -> (Style, [String; COLUMNS]) {
    let until = rule.expires_at.map(|end| match end.checked_sub(now) {
        Some(rest) if rest > 0 => measure::age_of(Some(0), rest),
        _ => "over".to_owned(),
    });
    let scope = match &rule.scope {
        RuleScope::All => "all".to_owned(),
        RuleScope::Project { dir } => text::line(dir),
        RuleScope::Session { session_id } => session_id.to_string(),
    };
    let pattern = rule.pattern.as_deref().map(text::line);
    let cells = [
        rule.id.clone(),
        word(rule.action).to_owned(),
        text::line(&rule.tool),
        pattern.unwrap_or_else(|| "-".to_owned()),
        scope,
        until.unwrap_or_else(|| "-".to_owned()),
    ];
    (style(rule.action), cells)
}

fn table(out: &mut String, lines: &[(Style, [String; COLUMNS])], width: Option<usize>) {
    let mut widest = HEADER.map(text::columns);
    for (_, cells) in lines {
        for (widest, cell) in widest.iter_mut().zip(cells) {
            *widest = text::columns(cell).max(*widest);
        }
    }
    let header = HEADER.map(str::to_owned);
    let header = std::iter::once((look::HEADER, &header));
    for (style, cells) in header.chain(lines.iter().map(|(style, cells)| (*style, cells))) {
        let mut row = String::new();
        for (index, (cell, widest)) in cells.iter().zip(widest).enumerate() {
            let blank = widest.saturating_sub(text::columns(cell));
            let gap = if index + 1 < COLUMNS { blank + 2 } else { 0 };
            row.push_str(cell);
            row.push_str(&" ".repeat(gap));
        }
        let row = width.map_or_else(|| row.clone(), |width| text::cut(&row, width));
        push(out, style, &row);
    }
}

fn word(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Allow => "allow",
        RuleAction::Deny => "deny",
        RuleAction::Ask => "ask",
        RuleAction::Unknown => "unknown",
    }
}

fn style(action: RuleAction) -> Style {
    match action {
        RuleAction::Allow => ALLOW,
        RuleAction::Deny => DENY,
        RuleAction::Ask | RuleAction::Unknown => look::PLAIN,
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(rest).collect()
}

fn push(out: &mut String, style: Style, line: &str) {
    // A `String` takes everything.
    writeln!(out, "{style}{}{style:#}", line.trim_end()).ok();
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use wire::{RulePart, RulesImportItem};

    use super::*;

    fn check(shown: &str, expected: &Expect) {
        expected.assert_eq(&anstream::adapter::strip_str(shown).to_string());
    }

    fn rule(id: &str, action: RuleAction, pattern: Option<&str>) -> ToolRule {
        ToolRule {
            id: id.to_owned(),
            tool: "Bash".to_owned(),
            pattern: pattern.map(str::to_owned),
            action,
            scope: RuleScope::All,
            expires_at: None,
        }
    }

    fn set(rules: Vec<ToolRule>) -> RuleSet {
        RuleSet {
            ok: true,
            rev: 1,
            rules,
            problem: None,
            note: None,
        }
    }

    #[test]
    fn rules_come_in_their_order() {
        let mut rules = vec![
            rule("r2", RuleAction::Deny, Some("rm *")),
            rule("r1", RuleAction::Allow, None),
            rule("r10", RuleAction::Ask, Some("git push\x1b[31m *")),
        ];
        rules[1].scope = RuleScope::Project {
            dir: "/home/dev/p1".to_owned(),
        };
        rules[1].expires_at = Some(1_000_000);
        rules[2].expires_at = Some(1);
        let expected = expect![[r#"
            ID   ACTION  TOOL  PATTERN          FOR           UNTIL
            r2   deny    Bash  rm *             all           -
            r1   allow   Bash  -                /home/dev/p1  15m
            r10  ask     Bash  git push␛[31m *  all           over
        "#]];
        check(&list(&set(rules), 100_000, None), &expected);
        let none = expect![[r#"
            There are no rules: everything is asked.
        "#]];
        check(&list(&set(Vec::new()), 0, None), &none);
        let unread = RuleSet {
            problem: Some("The rules can't be read.".to_owned()),
            ..set(Vec::new())
        };
        let expected = expect![[r#"
            The rules can't be read.
        "#]];
        check(&list(&unread, 0, None), &expected);
    }

    #[test]
    fn a_test_says_what_decided_part_by_part() {
        let part = |text: &str, action, rule: Option<&str>, why: &str| RulePart {
            text: text.to_owned(),
            action,
            rule: rule.map(str::to_owned),
            why: why.to_owned(),
        };
        let tested = RuleTested {
            ok: true,
            action: RuleAction::Deny,
            rule: Some("r2".to_owned()),
            why: "rm x: A rule denies it.".to_owned(),
            parts: vec![
                part(
                    "git pull",
                    RuleAction::Allow,
                    Some("r1"),
                    "A rule allows it.",
                ),
                part(
                    "rm x\n\x1b[2J",
                    RuleAction::Deny,
                    Some("r2"),
                    "A rule denies it.",
                ),
                part(
                    "$x",
                    RuleAction::Ask,
                    None,
                    "Which command it runs is known only when it runs.",
                ),
            ],
            problem: None,
        };
        let expected = expect![[r#"
            Deny (rule r2).
            rm x: A rule denies it.

            ACTION  RULE  PART
            allow   r1    git pull
                          A rule allows it.
            deny    r2    rm x ␛[2J
                          A rule denies it.
            ask     -     $x
                          Which command it runs is
                          known only when it runs.
        "#]];
        check(&test(&tested, Some(40)), &expected);
    }

    #[test]
    fn an_import_says_what_became_of_each_entry() {
        let imported = RulesImported {
            ok: true,
            rev: 2,
            items: vec![
                RulesImportItem {
                    text: "Bash(git:*)".to_owned(),
                    rules: vec![rule("r3", RuleAction::Allow, Some("git *"))],
                    note: None,
                },
                RulesImportItem {
                    text: "Agent(x)".to_owned(),
                    rules: Vec::new(),
                    note: Some("It is left out: why.".to_owned()),
                },
            ],
            note: None,
        };
        let expected = expect![[r#"
            Bash(git:*)
              r3: allow Bash git *
            Agent(x)
              It is left out: why.
            1 rule added.
        "#]];
        check(&import(&imported, None), &expected);
    }
}
