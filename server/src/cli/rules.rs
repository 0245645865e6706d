//! `session-manager rules`: the rules that answer what sessions ask.

mod draw;

use std::{
    env, fs,
    path::{Path, PathBuf, absolute},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use wire::{
    Caller, Code, Face, RuleAction, RuleScope, RuleSet, RuleTest, RulesImport, RulesRequest,
    SessionId, ToolRule,
};

use super::{
    EXIT_CODES,
    question::{ask, json},
    terminal, text,
};
use crate::{
    clock,
    config::Config,
    service::{Service, ServiceError},
};

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str(), args_conflicts_with_subcommands = true)]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print what the API answers
    #[arg(long, global = true)]
    json: bool,
}

const LEGEND: &str = "\
The first rule that matches decides, and a deny wherever it stands. What no
rule is about is asked. Each command of a shell line is judged by itself.
  rules add allow Bash 'git *'        git, with whatever arguments
  rules add deny Bash rm              rm, also as /bin/rm or in sh -c
  rules add allow Write 'src/**'      files below src of the session's directory
  rules add allow 'mcp__github__*'    every tool of that server
In a pattern * stands for anything; in a path it stays within a directory, and
** does not. An allow of a command is not one of the files that it is
redirected to: those are judged as Write.";

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{LEGEND}\n\n{EXIT_CODES}"));

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the rules in the order in which they are tried (also without any subcommand).
    List,
    /// Add a rule after all others.
    Add(AddArgs),
    /// Remove rules.
    Remove {
        /// As `list` shows it
        #[arg(required = true)]
        id: Vec<String>,
    },
    /// Put a rule at another place.
    Move {
        /// As `list` shows it
        id: String,
        /// From 1
        #[arg(value_parser = place_from_one)]
        place: usize,
    },
    /// Tell what the rules say of a call, and why; nothing is called.
    Test(TestArgs),
    /// Add the rules of another tool: a file with toolApprovalRules, or Claude Code's settings.
    Import(ImportArgs),
}

#[derive(Debug, Args)]
struct AddArgs {
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
struct TestArgs {
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
struct ImportArgs {
    /// csm's configuration or its rules alone, or settings of Claude Code or their permissions alone, as JSON
    file: PathBuf,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Show what would be added, and add nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Action {
    Allow,
    Deny,
    Ask,
}

/// A list as it is to be, or why it can't be so.
type Edited = Result<Vec<ToolRule>, ServiceError>;

pub(super) fn run(arguments: RulesArgs, config: Config) -> anyhow::Result<ExitCode> {
    let RulesArgs { verb, json: raw } = arguments;
    match verb.unwrap_or(Verb::List) {
        Verb::List => ask(config, async |service| shown(&service.rules().await?, raw)),
        Verb::Add(arguments) => {
            let (rule, at) = added(arguments, &config.home)?;
            for doubt in doubts(&rule) {
                terminal::complain(&doubt);
            }
            edit(config, raw, |mut rules| {
                let at = at.unwrap_or(rules.len()).min(rules.len());
                rules.insert(at, rule);
                Ok(rules)
            })
        }
        Verb::Remove { id } => edit(config, raw, |mut rules| {
            for id in &id {
                take(&mut rules, id)?;
            }
            Ok(rules)
        }),
        Verb::Move { id, place } => edit(config, raw, |mut rules| {
            let rule = take(&mut rules, &id)?;
            rules.insert(place.saturating_sub(1).min(rules.len()), rule);
            Ok(rules)
        }),
        Verb::Test(arguments) => {
            let test = tested(arguments, &config.home)?;
            ask(config, async |service| {
                let answer = service.test_rule(test).await?;
                if raw {
                    return json(&answer);
                }
                Ok(draw::test(&answer, terminal::width()))
            })
        }
        Verb::Import(arguments) => {
            let import = imported(&arguments, &config.home)?;
            ask(config, async |service| {
                let answer = service.import_rules(import, us()).await?;
                if raw {
                    return json(&answer);
                }
                Ok(draw::import(&answer, terminal::width()))
            })
        }
    }
}

fn us() -> Caller {
    Caller {
        uid: Some(rustix::process::geteuid().as_raw()),
        face: Face::Terminal,
    }
}

/// Changes the list that is there, and shows what it has become.
fn edit(
    config: Config,
    raw: bool,
    change: impl FnOnce(Vec<ToolRule>) -> Edited,
) -> anyhow::Result<ExitCode> {
    ask(config, async |service: &Service| {
        let there = service.rules().await?;
        if let Some(problem) = there.problem {
            return Err(ServiceError::BadState(problem));
        }
        let request = RulesRequest {
            rev: there.rev,
            rules: change(there.rules)?,
        };
        shown(&service.set_rules(request, us()).await?, raw)
    })
}

fn shown(set: &RuleSet, raw: bool) -> Result<String, ServiceError> {
    match raw {
        true => json(set),
        false => Ok(draw::list(set, clock::now().0, terminal::width())),
    }
}

fn take(rules: &mut Vec<ToolRule>, id: &str) -> Result<ToolRule, ServiceError> {
    let place = rules.iter().position(|rule| rule.id == id);
    match place {
        Some(place) => Ok(rules.remove(place)),
        None => {
            let id = text::line(id);
            let sentence = format!("No rule is called {id}; `session-manager rules` lists them.");
            Err(ServiceError::told(Code::BadRequest, sentence))
        }
    }
}

/// The new rule, and its place from 0, `None` for the end.
fn added(arguments: AddArgs, home: &Path) -> anyhow::Result<(ToolRule, Option<usize>)> {
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

/// The tools of Claude Code 2.1.329 that ask.
const TOOLS: [&str; 14] = [
    "Bash",
    "Edit",
    "ExitPlanMode",
    "Glob",
    "Grep",
    "MultiEdit",
    "NotebookEdit",
    "Read",
    "Skill",
    "Task",
    "Agent",
    "WebFetch",
    "WebSearch",
    "Write",
];

/// Why a rule may match nothing, in sentences. It is added all the same: there are other versions, and a directory may come.
fn doubts(rule: &ToolRule) -> Vec<String> {
    let mut doubts = Vec::new();
    let tool = rule.tool.as_str();
    let is_known = TOOLS.contains(&tool) || tool.contains('*') || tool.starts_with("mcp__");
    if !is_known {
        let near = TOOLS.iter().find(|known| known.eq_ignore_ascii_case(tool));
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        doubts.push(format!(
            "no tool of Claude Code is known by the name {tool}, so this rule may match nothing{near}"
        ));
    }
    if let RuleScope::Project { dir } = &rule.scope
        && !Path::new(dir).is_dir()
    {
        doubts.push(format!(
            "{dir} is no directory, so this rule may match nothing"
        ));
    }
    doubts
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

fn tested(arguments: TestArgs, home: &Path) -> anyhow::Result<RuleTest> {
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
fn imported(arguments: &ImportArgs, home: &Path) -> anyhow::Result<RulesImport> {
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

fn place_from_one(text: &str) -> Result<usize, &'static str> {
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
    fn what_may_match_nothing_is_doubted() {
        let check = |tool: &str, scope: RuleScope| {
            let rule = ToolRule {
                id: String::new(),
                tool: tool.to_owned(),
                pattern: None,
                action: RuleAction::Deny,
                scope,
                expires_at: None,
            };
            doubts(&rule).join("\n")
        };
        for tool in ["Bash", "mcp__github__x", "Web*"] {
            assert_eq!(check(tool, RuleScope::All), "");
        }
        assert!(check("bash", RuleScope::All).ends_with("; did you mean Bash?"));
        assert!(check("Nope", RuleScope::All).ends_with("may match nothing"));
        let dir = |dir: &str| RuleScope::Project {
            dir: dir.to_owned(),
        };
        assert_eq!(check("Bash", dir("/")), "");
        assert!(check("Bash", dir("/nope")).starts_with("/nope is no directory"));
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
