//! One rule while it is edited: what stands in its fields, which may not be a rule yet.

use wire::{RuleAction, RuleScope, ToolRule};

use crate::model::approvals::draft::{Until, Whose};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Names the row on this page.
    pub(crate) number: u32,
    /// The server's id, empty for a rule that is new.
    pub(crate) id: String,
    pub(crate) tool: String,
    /// Empty for any input.
    pub(crate) pattern: String,
    pub(crate) action: RuleAction,
    pub(crate) whose: Whose,
    /// The project's directory or the session's id, empty for neither.
    pub(crate) place: String,
    pub(crate) expires_at: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) enum Field {
    Tool(String),
    Pattern(String),
    Action(RuleAction),
    Whose(Whose),
    Place(String),
    Until(Until),
}

/// Asks, until it is told what to do.
pub(super) fn new() -> ToolRule {
    ToolRule {
        id: String::new(),
        tool: "Bash".to_owned(),
        pattern: None,
        action: RuleAction::Ask,
        scope: RuleScope::All,
        expires_at: None,
    }
}

impl Row {
    pub(super) fn of(number: u32, rule: &ToolRule) -> Self {
        let (whose, place) = match &rule.scope {
            RuleScope::All => (Whose::All, String::new()),
            RuleScope::Project { dir } => (Whose::Project, dir.clone()),
            RuleScope::Session { session_id } => (Whose::Session, session_id.to_string()),
        };
        Self {
            number,
            id: rule.id.clone(),
            tool: rule.tool.clone(),
            pattern: rule.pattern.clone().unwrap_or_default(),
            action: rule.action,
            whose,
            place,
            expires_at: rule.expires_at,
        }
    }

    pub(super) fn change(&mut self, field: Field, now: u64, zone_min: i32) {
        match field {
            Field::Tool(tool) => self.tool = tool,
            Field::Pattern(pattern) => self.pattern = pattern,
            Field::Action(action) => self.action = action,
            Field::Whose(whose) => self.whose = whose,
            Field::Place(place) => self.place = place,
            Field::Until(until) => self.expires_at = until.end(now, zone_min),
        }
    }

    /// The rule in the wire's words, or what it lacks.
    pub(crate) fn rule(&self) -> Result<ToolRule, &'static str> {
        let tool = self.tool.trim();
        if tool.is_empty() {
            return Err("Name a tool, or write * for all.");
        }
        let place = self.place.trim();
        let scope = match self.whose {
            Whose::All => RuleScope::All,
            Whose::Project if !place.starts_with('/') => {
                return Err("Name the project by its whole path, from / on.");
            }
            Whose::Project => RuleScope::Project {
                dir: place.to_owned(),
            },
            Whose::Session => RuleScope::Session {
                session_id: place.parse().map_err(
                    |_| "Name the session by its id, 8 to 64 hexadecimal digits and dashes.",
                )?,
            },
        };
        Ok(ToolRule {
            id: self.id.clone(),
            tool: tool.to_owned(),
            pattern: Some(self.pattern.clone()).filter(|pattern| !pattern.trim().is_empty()),
            action: self.action,
            scope,
            expires_at: self.expires_at,
        })
    }
}
