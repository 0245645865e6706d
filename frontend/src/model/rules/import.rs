//! Rules of other tools, read from their JSON: first what would be added, then the addition.

use serde_json::Value;
use wire::{RulesImport, RulesImportItem, RulesImported};

use crate::model::{Dialog, Effect, Model, answer::Trouble, call::Call, rules::Rules};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) text: String,
    pub(crate) asking: bool,
    /// What each entry becomes.
    pub(crate) items: Vec<RulesImportItem>,
    /// They are added.
    pub(crate) done: bool,
    pub(crate) failed: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Text(String),
    Check,
    Add,
}

impl Import {
    /// How many rules would be added.
    pub(crate) fn count(&self) -> usize {
        self.items.iter().map(|item| item.rules.len()).sum()
    }
}

pub(super) fn change(rules: &mut Rules, change: Change) -> Option<Call> {
    let changed = rules.is_changed();
    let import = &mut rules.import;
    if import.asking {
        return None;
    }
    let dry_run = match change {
        Change::Text(text) => {
            *import = Import {
                text,
                ..Import::default()
            };
            return None;
        }
        Change::Check => true,
        Change::Add if changed => {
            import.failed = Some("Save your changes to the list first, or drop them.".to_owned());
            return None;
        }
        Change::Add if import.done || import.count() == 0 => return None,
        Change::Add => false,
    };
    match read(&import.text) {
        Ok(request) => {
            import.asking = true;
            import.failed = None;
            let request = RulesImport { dry_run, ..request };
            Some(Call::ImportRules(Box::new(request)))
        }
        Err(sentence) => {
            import.items.clear();
            import.failed = Some(sentence.to_owned());
            None
        }
    }
}

/// Reads a list of rules, an object around one, Claude Code's settings, or their permissions alone.
fn read(text: &str) -> Result<RulesImport, &'static str> {
    const TAKES: &str = "Paste a list of rules as in [{\"tool\":\"Bash\",\"pattern\":\"git *\",\"action\":\"allow\"}], or Claude Code's settings.";
    let value: Value = serde_json::from_str(text).map_err(|_| TAKES)?;
    let Value::Object(mut all) = value else {
        return match value {
            Value::Array(list) => Ok(RulesImport {
                tool_approval_rules: list,
                ..RulesImport::default()
            }),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => Err(TAKES),
        };
    };
    let is_permissions = ["allow", "deny", "ask"]
        .iter()
        .any(|name| all.contains_key(*name));
    if is_permissions {
        return Ok(RulesImport {
            permissions: Some(Value::Object(all)),
            ..RulesImport::default()
        });
    }
    let list = match all.remove("toolApprovalRules") {
        Some(Value::Array(list)) => list,
        Some(_) => return Err(TAKES),
        None => Vec::new(),
    };
    let permissions = all.remove("permissions");
    if list.is_empty() && permissions.is_none() {
        return Err(TAKES);
    }
    Ok(RulesImport {
        tool_approval_rules: list,
        permissions,
        ..RulesImport::default()
    })
}

pub(in crate::model) fn told(
    model: &mut Model,
    dry_run: bool,
    answer: Result<RulesImported, Trouble>,
) -> Vec<Effect> {
    let Some(Dialog::Rules(rules)) = &mut model.dialog else {
        return Vec::new();
    };
    let import = &mut rules.import;
    import.asking = false;
    match answer {
        Ok(imported) => {
            import.items = imported.items;
            import.done = !dry_run;
            import.failed = imported.note;
        }
        Err(trouble) => import.failed = Some(trouble.sentence()),
    }
    if import.done {
        rules.asking = true;
        vec![Effect::Call(Call::Rules)]
    } else {
        Vec::new()
    }
}
