//! Hooks of Claude Code, for what only they know: what is asked, at once, and the conversation of versions without a registry.
//!
//! Everything works without them. They are put into Claude Code's settings only when a person asks for it, and only where that
//! is asked for too can what a session asks be answered from elsewhere. Sessions that we start in a terminal ourselves are given
//! them as they start.

mod ask;
pub mod given;
mod release;
mod report;
mod settings_file;

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use session_core::{
    hook::Event,
    settings::{self, Refusal},
};

pub use report::{run as report, run_and_ask as report_and_ask};

use self::{
    release::Release,
    settings_file::{Fault, SettingsFile},
};
use crate::{
    config::Config,
    observe::{
        hooks::{self, HookReports},
        tools::Tools,
    },
};

/// The settings are not what they should be (`EX_DATAERR` of sysexits.h).
const DATA_ERROR: u8 = 65;
/// Try again (`EX_TEMPFAIL`).
const TRY_AGAIN: u8 = 75;

#[derive(Debug, Args)]
pub struct HooksArgs {
    #[command(subcommand)]
    verb: Verb,
    /// The home whose ~/.claude/settings.json is meant [default: $CLAUDE_CONFIG_DIR, else our own home]
    #[arg(long, value_name = "DIR", global = true, conflicts_with = "config_dir")]
    home: Option<PathBuf>,
    /// The configuration directory of Claude Code that is meant
    #[arg(long, value_name = "DIR", global = true)]
    config_dir: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Verb {
    /// Put our hooks into Claude Code's settings, beside what is there.
    Install {
        /// Let what sessions ask be answered from here as well; each session's own prompt stays usable
        #[arg(long)]
        approvals: bool,
    },
    /// Tell whether they are there, and when one last reported.
    Status,
    /// Take them out again, and remove what they reported.
    Uninstall,
}

/// An answer: in words for a person, in fields for a script.
struct Answer {
    text: String,
    fields: Value,
}

/// Carries out `session-manager hooks ...`.
pub fn run(arguments: &HooksArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let answer = match arguments.verb {
        Verb::Install { approvals } => install(arguments, config, approvals),
        Verb::Status => status(arguments, config),
        Verb::Uninstall => uninstall(arguments, config),
    };
    let (code, answer) = match answer {
        Ok(answer) => (0, answer),
        Err(error) => {
            let code = match error.downcast_ref() {
                Some(Fault::Changed(_)) => TRY_AGAIN,
                Some(Fault::Wrong { .. }) => DATA_ERROR,
                Some(Fault::Io { .. }) => 1,
                None if error.is::<Unfit>() => DATA_ERROR,
                None => 1,
            };
            if !arguments.json {
                writeln!(io::stderr(), "session-manager: {error:#}").ok();
                return Ok(ExitCode::from(code));
            }
            let fields = json!({ "ok": false, "error": format!("{error:#}") });
            (
                code,
                Answer {
                    text: String::new(),
                    fields,
                },
            )
        }
    };
    let mut stdout = io::stdout().lock();
    if arguments.json {
        writeln!(stdout, "{}", answer.fields)?;
    } else {
        writeln!(stdout, "{}", answer.text)?;
    }
    Ok(ExitCode::from(code))
}

/// The settings can't take our hooks as they are.
#[derive(Debug, thiserror::Error)]
#[error("{} {}; nothing was changed", .path.display(), why(.refusal))]
struct Unfit {
    path: PathBuf,
    refusal: Refusal,
}

/// Says in words what is wrong with a file in JSON, after its name.
pub(crate) fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotJson { line, column } => {
            format!("is not plain JSON (line {line}, column {column}; comments are not allowed)")
        }
        Refusal::NotAnObject => "is not a JSON object".to_owned(),
        Refusal::Shape { at, expected } => format!("has a \"{at}\" that is not {expected}"),
        Refusal::Twice { name } => format!("has \"{name}\" twice"),
    }
}

fn install(arguments: &HooksArgs, config: &Config, approvals: bool) -> anyhow::Result<Answer> {
    let (path, file) = read(arguments, config)?;
    let binary = binary()?;
    let release = release(config);
    let events = Release::events(release);
    let text = file.text.as_deref().unwrap_or("{}\n");
    let installed = if approvals {
        settings::install_with_approvals(text, &binary, &events)
    } else {
        settings::install(text, &binary, &events)
    };
    let installed = installed.map_err(unfit(&path))?;
    let changed = file.text.as_deref() != Some(installed.as_str());
    if changed {
        file.replace(&installed)?;
    }
    let disabled = settings::disables_hooks(&installed).map_err(unfit(&path))?;
    let mut text = format!(
        "{} {}\nSessions that start from now on report to {}",
        if changed {
            "Hooks installed in"
        } else {
            "Hooks are installed already in"
        },
        path.display(),
        reports(arguments, config).path().display(),
    );
    if events.len() < Event::ALL.len() {
        text += &match release {
            Some(release) => format!(
                "\nClaude Code {release} knows only some of the events: it tells of a permission prompt seconds late. Install again after an update."
            ),
            None => "\nNo claude was found to ask for its version, so only the events that every version knows are used. Install again with claude on PATH.".to_owned(),
        };
    }
    let approvals = approvals && events.contains(&Event::PermissionRequest);
    text += "\n";
    text += &approvals_note(approvals, config);
    text += disabled_note(disabled);
    let fields = json!({
        "ok": true, "settings": path, "changed": changed, "binary": binary, "approvals": approvals,
        "claude": release.map(|release| release.to_string()),
        "events": names(&events), "hooksDisabled": disabled,
    });
    Ok(Answer { text, fields })
}

fn status(arguments: &HooksArgs, config: &Config) -> anyhow::Result<Answer> {
    if let Some(home) = &arguments.home {
        anyhow::ensure!(home.is_dir(), "{} is no directory", home.display());
    }
    let (path, file) = read(arguments, config)?;
    let text = file.text.as_deref().unwrap_or("{}");
    let entries = settings::entries(text).map_err(unfit(&path))?;
    let disabled = settings::disables_hooks(text).map_err(unfit(&path))?;
    let ours = binary()?;
    let binary = entries.first().and_then(|entry| entry.binary.clone());
    let there = binary
        .as_ref()
        .is_some_and(|binary| Path::new(binary).exists());
    let mut events: Vec<_> = entries.iter().map(|entry| entry.event.clone()).collect();
    events.dedup();
    let others = entries
        .iter()
        .any(|entry| entry.binary.as_ref() != Some(&ours));
    let (state, words) = if entries.is_empty() {
        ("absent", "not installed in")
    } else if others {
        ("other_binary", "installed for another session-manager in")
    } else if events.len() < Event::ALL.len() {
        ("partial", "installed for some of the events in")
    } else {
        ("installed", "installed in")
    };
    let last = reports(arguments, config)
        .all()
        .into_iter()
        .map(|report| report.at)
        .max();
    let mut lines = format!("Hooks are {words} {}", path.display());
    if let Some(binary) = &binary {
        lines += &format!(
            "\nThey run {binary}{}",
            if there { "" } else { ", which is not there" }
        );
    }
    lines += &match last {
        Some(at) => {
            let ago = crate::clock::now().saturating_since(at);
            format!("\nLast report: {} ago", rough(ago.as_secs()))
        }
        None => "\nNone has reported yet".to_owned(),
    };
    let asking = entries
        .iter()
        .find(|entry| entry.event == Event::PermissionRequest.name());
    let approvals = asking.is_some_and(|entry| entry.approvals);
    if !entries.is_empty() {
        lines += "\n";
        lines += &approvals_note(approvals, config);
    }
    lines += disabled_note(disabled && !entries.is_empty());
    let fields = json!({
        "ok": true, "settings": path, "state": state, "binary": binary, "binaryExists": there,
        "approvals": approvals,
        "events": events, "hooksDisabled": disabled, "lastReportAt": last.map(|at| at.0),
    });
    Ok(Answer {
        text: lines,
        fields,
    })
}

fn uninstall(arguments: &HooksArgs, config: &Config) -> anyhow::Result<Answer> {
    let (path, file) = read(arguments, config)?;
    let text = file.text.as_deref().unwrap_or("{}");
    let left = settings::uninstall(text).map_err(unfit(&path))?;
    let changed = left != text;
    if changed {
        file.replace(&left)?;
    }
    let removed = remove_reports(&reports(arguments, config));
    let words = if changed {
        "Hooks removed from"
    } else {
        "No hooks of ours are in"
    };
    let text = format!("{words} {}\n{removed} reports removed", path.display());
    let fields =
        json!({ "ok": true, "settings": path, "changed": changed, "removedReports": removed });
    Ok(Answer { text, fields })
}

fn read(arguments: &HooksArgs, config: &Config) -> anyhow::Result<(PathBuf, SettingsFile)> {
    let directory = match (&arguments.config_dir, &arguments.home) {
        (Some(directory), _) => directory.clone(),
        (None, Some(home)) => home.join(".claude"),
        (None, None) => std::env::var_os("CLAUDE_CONFIG_DIR")
            .filter(|directory| !directory.is_empty())
            .map_or_else(|| config.home.join(".claude"), PathBuf::from),
    };
    let directory = std::path::absolute(directory).context("finding the current directory")?;
    let file = SettingsFile::read(&directory)?;
    Ok((directory.join("settings.json"), file))
}

fn unfit(path: &Path) -> impl Fn(Refusal) -> Unfit {
    move |refusal| Unfit {
        path: path.to_owned(),
        refusal,
    }
}

fn reports(arguments: &HooksArgs, config: &Config) -> HookReports {
    HookReports::at(arguments.home.as_deref().unwrap_or(&config.home))
}

/// Our own program, by the path under which the plugin's next version will lie too.
fn binary() -> anyhow::Result<String> {
    let path = std::env::current_exe().context("finding our own program")?;
    let Some(path) = path.to_str() else {
        bail!("{} is not UTF-8, which settings must be", path.display());
    };
    // What an update replaced under us.
    Ok(path.strip_suffix(" (deleted)").unwrap_or(path).to_owned())
}

fn release(config: &Config) -> Option<Release> {
    let tools = Tools {
        search_path: config.search_path.clone(),
        home: config.home.clone(),
        claude: config.claude.clone(),
    };
    Release::of(&tools.claude()?)
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(|event| event.name()).collect()
}

/// Says who answers what sessions ask, and what is different in their terminals.
fn approvals_note(approvals: bool, config: &Config) -> String {
    if approvals {
        format!(
            "What they ask can be answered from here too, by a person or a rule, for {} s; then their own terminal alone decides. The prompt in the terminal stays usable all the while. An agent in the background and a session without a terminal wait for the answer as long as somebody is at the page",
            config.approval_wait.as_secs()
        )
    } else {
        "What they ask is answered in their own terminals alone (install --approvals changes that)"
            .to_owned()
    }
}

fn disabled_note(disabled: bool) -> &'static str {
    if disabled {
        "\nThe settings say disableAllHooks, so none of them runs"
    } else {
        ""
    }
}

/// Removes the reports, and returns how many there were.
fn remove_reports(reports: &HookReports) -> usize {
    let Ok((directory, _)) = reports.open() else {
        return 0;
    };
    let names = directory.names().unwrap_or_default();
    let removed = names
        .iter()
        .filter(|name| hooks::session(name).is_some())
        .filter(|name| directory.remove(name.as_ref()).is_ok())
        .count();
    drop(directory);
    // Unless something of somebody else's lies in it.
    drop(fs::remove_dir(reports.path()));
    removed
}

fn rough(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
