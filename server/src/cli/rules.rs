//! `session-manager rules`: the rules that answer what sessions ask.

mod arguments;
mod doubts;
mod draw;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use wire::{Caller, Code, Face, RuleSet, RulesRequest, ToolRule};

use self::{
    arguments::{AddArgs, ImportArgs, TestArgs, added, imported, place_from_one, tested},
    doubts::doubts,
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
