//! A call that is held against the rules without being made.

use serde_json::{Value, json};
use wire::{RuleTest, RuleTested};

use crate::model::{Dialog, Model, answer::Trouble, call::Call};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trial {
    pub(crate) tool: String,
    /// The tool's main input, or all of it as JSON.
    pub(crate) input: String,
    pub(crate) cwd: String,
    pub(crate) asking: bool,
    pub(crate) told: Option<Result<RuleTested, String>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Change {
    Tool(String),
    Input(String),
    Cwd(String),
    Ask,
}

impl Default for Trial {
    fn default() -> Self {
        Self {
            tool: "Bash".to_owned(),
            input: String::new(),
            cwd: String::new(),
            asking: false,
            told: None,
        }
    }
}

pub(super) fn change(trial: &mut Trial, change: Change) -> Option<Call> {
    match change {
        Change::Tool(tool) => trial.tool = tool,
        Change::Input(input) => trial.input = input,
        Change::Cwd(cwd) => trial.cwd = cwd,
        Change::Ask if trial.asking => return None,
        Change::Ask => return ask(trial),
    }
    // It was said of something else.
    trial.told = None;
    None
}

fn ask(trial: &mut Trial) -> Option<Call> {
    match input(trial.tool.trim(), &trial.input) {
        Ok(input) => {
            trial.asking = true;
            let cwd = trial.cwd.trim();
            Some(Call::TestRule(Box::new(RuleTest {
                tool: trial.tool.trim().to_owned(),
                input,
                cwd: (!cwd.is_empty()).then(|| cwd.to_owned()),
                session_id: None,
            })))
        }
        Err(sentence) => {
            trial.told = Some(Err(sentence));
            None
        }
    }
}

/// The input as the tool takes it: its main field from plain text.
fn input(tool: &str, text: &str) -> Result<Value, String> {
    if let Ok(Value::Object(all)) = serde_json::from_str(text) {
        return Ok(Value::Object(all));
    }
    let field = match tool {
        "Bash" => "command",
        "Read" | "Write" | "Edit" | "MultiEdit" => "file_path",
        "NotebookEdit" => "notebook_path",
        "WebFetch" => "url",
        "WebSearch" => "query",
        "Glob" | "Grep" => "pattern",
        "LS" => "path",
        _ => {
            return Err(
                "Write the input of this tool as JSON, as in {\"name\": \"value\"}.".to_owned(),
            );
        }
    };
    Ok(json!({ field: text }))
}

pub(in crate::model) fn told(model: &mut Model, answer: Result<RuleTested, Trouble>) {
    if let Some(Dialog::Rules(rules)) = &mut model.dialog {
        // What has been typed since is not what was tried.
        if std::mem::take(&mut rules.trial.asking) {
            rules.trial.told = Some(answer.map_err(|trouble| trouble.sentence()));
        }
    }
}
