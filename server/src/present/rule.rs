//! Rules and what they say, in the words of the core and of the wire.

use session_core::{
    id::{SessionId, UnixMillis},
    rule::{Action, Entry, Imported, Part, Rule, Ruling, Scope},
};
use wire::{
    RuleAction, RulePart, RuleScope, RuleSet, RuleTested, RulesImportItem, RulesImported, ToolRule,
};

use super::audit::Told;
use crate::{
    audit::Outcome,
    rules::{Written, project_dir},
};

/// A rule as the core has it; why not, where it can't be one.
pub fn core(rule: &ToolRule) -> Result<Rule, String> {
    let name = || match rule.id.as_str() {
        "" => format!("the rule about {:?}", rule.tool),
        id => format!("rule {id}"),
    };
    let is_text = |text: &str| {
        !text.is_empty() && !text.contains('\0') && text.chars().count() <= Rule::LONGEST
    };
    if !is_text(&rule.tool) {
        return Err(format!("{} names no tool", name()));
    }
    if rule.pattern.as_deref().is_some_and(|text| !is_text(text)) {
        return Err(format!(
            "the pattern of {} is empty, or longer than {} characters",
            name(),
            Rule::LONGEST
        ));
    }
    let action = match rule.action {
        RuleAction::Allow => Action::Allow,
        RuleAction::Deny => Action::Deny,
        RuleAction::Ask => Action::Ask,
        RuleAction::Unknown => {
            return Err(format!(
                "the action of {} is not allow, deny or ask",
                name()
            ));
        }
    };
    let scope = match &rule.scope {
        RuleScope::All => Scope::All,
        RuleScope::Project { dir } => match project_dir(dir) {
            Some(dir) => Scope::Project(dir),
            None => return Err(format!("the project of {} is no absolute path", name())),
        },
        RuleScope::Session { session_id } => match SessionId::parse(session_id.as_str()) {
            Some(id) => Scope::Session(id),
            None => return Err(format!("the session of {} has no such id", name())),
        },
    };
    Ok(Rule {
        id: rule.id.clone(),
        tool: rule.tool.clone(),
        pattern: rule.pattern.clone(),
        action,
        scope,
        expires_at: rule.expires_at.map(UnixMillis),
    })
}

/// Checks a rule, and names its project by where that is, so that it stays the same one whatever is linked to it later.
pub fn settle(rule: &mut ToolRule) -> Result<(), String> {
    if let Scope::Project(place) = core(rule)?.scope {
        let Some(dir) = place.to_str() else {
            return Err(format!("{} is not UTF-8", place.display()));
        };
        rule.scope = RuleScope::Project {
            dir: dir.to_owned(),
        };
    }
    Ok(())
}

pub fn rule(rule: &Rule) -> ToolRule {
    ToolRule {
        id: rule.id.clone(),
        tool: rule.tool.clone(),
        pattern: rule.pattern.clone(),
        action: action(rule.action),
        scope: match &rule.scope {
            Scope::All => RuleScope::All,
            Scope::Project(dir) => RuleScope::Project {
                dir: dir.to_string_lossy().into_owned(),
            },
            Scope::Session(id) => RuleScope::Session {
                session_id: super::session_id(id),
            },
        },
        expires_at: rule.expires_at.map(|at| at.0),
    }
}

pub fn action(action: Action) -> RuleAction {
    match action {
        Action::Allow => RuleAction::Allow,
        Action::Deny => RuleAction::Deny,
        Action::Ask => RuleAction::Ask,
    }
}

pub fn set(written: &Written) -> RuleSet {
    RuleSet {
        ok: true,
        rev: written.rev,
        rules: written.rules.iter().map(rule).collect(),
        problem: None,
        note: None,
    }
}

/// The list where the file can't be read.
pub fn no_set(problem: String) -> RuleSet {
    RuleSet {
        ok: true,
        rev: 0,
        rules: Vec::new(),
        problem: Some(problem),
        note: None,
    }
}

pub fn tested(ruling: Ruling, problem: Option<String>) -> RuleTested {
    let part = |part: Part| RulePart {
        text: part.text,
        action: action(part.action),
        rule: part.rule,
        why: part.why,
    };
    RuleTested {
        ok: true,
        action: action(ruling.action),
        rule: ruling.rule,
        why: ruling.why,
        parts: ruling.parts.into_iter().map(part).collect(),
        problem,
    }
}

/// What one entry of another tool becomes, as yet without ids.
pub fn imported(one: Imported, scope: &RuleScope) -> RulesImportItem {
    let rule = |entry: Entry| ToolRule {
        id: String::new(),
        tool: entry.tool,
        pattern: entry.pattern,
        action: action(entry.action),
        scope: scope.clone(),
        expires_at: None,
    };
    RulesImportItem {
        text: one.text,
        rules: one.entries.into_iter().map(rule).collect(),
        note: one.note,
    }
}

/// What a change is about to make of the list.
pub fn plan(before: usize, after: usize) -> String {
    format!("{before} rules become {after}")
}

impl Told for RuleSet {
    fn outcome(&self) -> Outcome {
        changed(self.rev, self.rules.len())
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

impl Told for RulesImported {
    fn outcome(&self) -> Outcome {
        let count = self.items.iter().map(|item| item.rules.len()).sum();
        Outcome {
            detail: Some(format!("{count} added, revision {}", self.rev)),
            ..changed(self.rev, count)
        }
    }

    fn add_note(&mut self, note: String) {
        add(&mut self.note, note);
    }
}

fn changed(rev: u64, count: usize) -> Outcome {
    Outcome {
        word: "changed".to_owned(),
        detail: Some(format!("{count} rules, revision {rev}")),
    }
}

fn add(note: &mut Option<String>, more: String) {
    *note = Some(match note.take() {
        Some(note) => format!("{note} {more}"),
        None => more,
    });
}
