//! What is said of rules on the command line: a rule, a call to try, a file of another tool's rules.
//!
//! Does not know which rules there are.

use std::{
    env, fs,
    path::{Path, PathBuf, absolute},
};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use wire::{RuleAction, RuleScope, RuleTest, RulesImport, SessionId, ToolRule};

use crate::clock;

#[derive(Debug, Args)]
pub(super) struct AddArgs {
    action: Action,
    /// The tool's name, in which * stands for anything
    tool: String,
    /// What its main input has to be: a command, a path, an address, ...
    pattern: Option<String>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Only for so long: 30m, 8h, 7d
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    lifetime: Option<u64>,
    /// Put it at this place, from 1
    #[arg(long, value_name = "PLACE", value_parser = place_from_one)]
    at: Option<usize>,
}

#[derive(Debug, Args)]
struct ScopeArgs {
    /// Only for sessions that work in this directory or below it
    #[arg(long, value_name = "DIR")]
    project: Option<PathBuf>,
    /// Only for this session
    #[arg(long, value_name = "ID", conflicts_with = "project")]
    session: Option<SessionId>,
}

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    tool: String,
    /// The main input, or all of it as a JSON object
    input: String,
    /// Where the session works [default: here]
    #[arg(long, value_name = "DIR")]
    cwd: Option<PathBuf>,
    /// The session that asks
    #[arg(long, value_name = "ID")]
    session: Option<SessionId>,
}

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// csm's configuration or its rules alone, or settings of Claude Code or their permissions alone, as JSON
    file: PathBuf,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Show what would be added, and add nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Action {
    Allow,
    Deny,
    Ask,
}

/// The new rule, and its place from 0, `None` for the end.
pub(super) fn added(arguments: AddArgs, home: &Path) -> anyhow::Result<(ToolRule, Option<usize>)> {
    let expires_at = arguments
        .lifetime
        .map(|lifetime| clock::now().0.saturating_add(lifetime));
    let rule = ToolRule {
        id: String::new(),
        tool: arguments.tool,
        pattern: arguments.pattern,
        action: match arguments.action {
            Action::Allow => RuleAction::Allow,
            Action::Deny => RuleAction::Deny,
            Action::Ask => RuleAction::Ask,
        },
        scope: scope(&arguments.scope, home)?,
        expires_at,
    };
    Ok((rule, arguments.at.map(|at| at.saturating_sub(1))))
}

fn scope(arguments: &ScopeArgs, home: &Path) -> anyhow::Result<RuleScope> {
    Ok(match (&arguments.project, &arguments.session) {
        (Some(dir), _) => RuleScope::Project {
            dir: place(dir, home)?,
        },
        (None, Some(session_id)) => RuleScope::Session {
            session_id: session_id.clone(),
        },
        (None, None) => RuleScope::All,
    })
}

/// A whole path. `~` reaches us where the shell was kept from reading it.
fn place(dir: &Path, home: &Path) -> anyhow::Result<String> {
    let dir = match dir.strip_prefix("~") {
        Ok(below) => &home.join(below),
        Err(_) => dir,
    };
    let dir = absolute(dir).with_context(|| format!("finding {}", dir.display()))?;
    let text = dir.to_str();
    let text = text.with_context(|| format!("{} is not UTF-8", dir.display()))?;
    Ok(text.to_owned())
}

pub(super) fn tested(arguments: TestArgs, home: &Path) -> anyhow::Result<RuleTest> {
    let cwd = match &arguments.cwd {
        Some(cwd) => place(cwd, home)?,
        None => place(
            &env::current_dir().context("finding out where this is")?,
            home,
        )?,
    };
    let input = input(&arguments.tool, arguments.input)?;
    Ok(RuleTest {
        tool: arguments.tool,
        input,
        cwd: Some(cwd),
        session_id: arguments.session,
    })
}

/// The tool's input, of which people write the main part.
fn input(tool: &str, text: String) -> anyhow::Result<Value> {
    if text.starts_with('{') {
        return serde_json::from_str(&text).context("reading the input as JSON");
    }
    Ok(match tool {
        "Bash" => json!({ "command": text }),
        "Read" | "Write" | "Edit" | "MultiEdit" => json!({ "file_path": text }),
        "NotebookEdit" => json!({ "notebook_path": text }),
        "WebFetch" => json!({ "url": text }),
        "WebSearch" => json!({ "query": text }),
        "Glob" | "Grep" => json!({ "pattern": text }),
        _ => bail!("the input of {tool} is written as a JSON object: '{{\"name\":\"value\"}}'"),
    })
}

/// What stands in a file: the configuration of csm or its rules alone, or the settings of Claude Code or their permissions alone.
pub(super) fn imported(arguments: &ImportArgs, home: &Path) -> anyhow::Result<RulesImport> {
    let name = arguments.file.display();
    let text = fs::read_to_string(&arguments.file).with_context(|| format!("reading {name}"))?;
    let value: Value = serde_json::from_str(&text).with_context(|| format!("reading {name}"))?;
    let mut import = RulesImport {
        scope: scope(&arguments.scope, home)?,
        dry_run: arguments.dry_run,
        ..RulesImport::default()
    };
    let is_permissions = ["allow", "deny", "ask"]
        .iter()
        .any(|name| value.get(name).is_some_and(Value::is_array));
    match (
        &value,
        value.get("toolApprovalRules"),
        value.get("permissions"),
    ) {
        (Value::Array(rules), _, _) | (_, Some(Value::Array(rules)), _) => {
            import.tool_approval_rules.clone_from(rules);
        }
        (_, _, Some(permissions)) => import.permissions = Some(permissions.clone()),
        _ if is_permissions => import.permissions = Some(value),
        _ => bail!("{name} has neither toolApprovalRules nor permissions"),
    }
    Ok(import)
}

pub(super) fn place_from_one(text: &str) -> Result<usize, &'static str> {
    let place = text.parse().ok().filter(|place| *place > 0);
    place.ok_or("a place is a number from 1")
}

/// Milliseconds.
fn duration(text: &str) -> Result<u64, String> {
    let wrong = || "write a number and m, h or d: 30m, 8h, 7d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    count.checked_mul(seconds * 1_000).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_the_main_input_alone() {
        let check = |tool: &str, text: &str, expected: Value| {
            assert_eq!(input(tool, text.to_owned()).unwrap(), expected);
        };
        check("Bash", "ls", json!({"command": "ls"}));
        check("Bash", "{\"command\":\"ls\"}", json!({"command": "ls"}));
        check("Read", "/a", json!({"file_path": "/a"}));
        assert!(input("mcp__x", "a".to_owned()).is_err());
    }

    #[test]
    fn a_tilde_is_the_home() {
        let home = Path::new("/home/dev");
        assert_eq!(place(Path::new("~/x"), home).unwrap(), "/home/dev/x");
        assert_eq!(place(Path::new("/a/~"), home).unwrap(), "/a/~");
    }

    #[test]
    fn places_begin_at_one() {
        assert_eq!(place_from_one("1"), Ok(1));
        for wrong in ["0", "-1", "x"] {
            assert!(place_from_one(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("30m"), Ok(1_800_000));
        assert_eq!(duration("8h"), Ok(28_800_000));
        assert_eq!(duration("7d"), Ok(604_800_000));
        for wrong in ["", "7", "m", "1.5h", "-1h", "7w", "99999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
