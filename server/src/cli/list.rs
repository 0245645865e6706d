//! `session-manager list`: who needs a person, who works and who rests, a line each.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use wire::{RecentSession, Session, State};

use super::{
    EXIT_CODES, act, look, measure,
    question::{ask, json},
    table::{Line, table},
    terminal, text, who,
};
use crate::{clock, config::Config};

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct ListArgs {
    /// Also those that ended within the last week
    #[arg(long)]
    all: bool,
    /// Print what the API answers (with --all: {sessions, recent})
    #[arg(long)]
    json: bool,
}

const LEGEND: &str = "\
Those that need you come first.
  !permission  a person is wanted
  ~working     inferred from what the session wrote; `why` tells more
  stuck        works, but nothing has moved for long
  abandoned    at its prompt, and not touched for long
  twin of PID  has the same conversation open as that process
  exited       has ended, and the beginning of its id stands for its pid
On a terminal each line is cut to its width; elsewhere it is whole.";

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{LEGEND}\n\n{EXIT_CODES}"));

/// Days that `--all` looks back.
const DAYS: u32 = 7;

/// What `--all --json` prints: the answers of two routes.
#[derive(Debug, Serialize)]
struct All {
    sessions: Vec<Session>,
    recent: Vec<RecentSession>,
}

pub(super) fn run(arguments: &ListArgs, config: Config) -> anyhow::Result<ExitCode> {
    ask(config, async |service| {
        service.meet_holders().await;
        let sessions = service.sessions().await?;
        let recent = match arguments.all {
            true => service.recent(DAYS).await?.sessions,
            false => Vec::new(),
        };
        match (arguments.json, arguments.all) {
            (true, true) => json(&All { sessions, recent }),
            (true, false) => json(&sessions),
            (false, _) => Ok(list(sessions, recent, clock::now().0, terminal::width())),
        }
    })
}

/// Draws the list; `width` is `None` where nothing is to be cut.
fn list(
    mut sessions: Vec<Session>,
    mut recent: Vec<RecentSession>,
    now: u64,
    width: Option<usize>,
) -> String {
    sessions.sort_by_key(Session::order);
    recent.retain(|one| one.live.is_none());
    let live = sessions.iter().map(|session| line(session, now));
    let lines: Vec<Line> = live
        .chain(recent.iter().map(|one| ended(one, now)))
        .collect();
    if lines.is_empty() {
        return "No Claude Code session runs.\n".to_owned();
    }
    let summary = summary(&sessions, recent.len());
    format!("{}\n{summary}\n", table(&lines, width))
}

fn line(session: &Session, now: u64) -> Line {
    Line {
        style: look::style(session),
        cells: [
            look::state(session),
            measure::age_of(session.state_since, now),
            or_dash(text::some_line(Some(&session.project))),
            act::act(session, now),
            measure::bytes(session.rss_bytes),
            session.pid.to_string(),
        ],
    }
}

fn ended(one: &RecentSession, now: u64) -> Line {
    let known = |text: Option<&str>| text::some_line(text);
    let what = known(one.title.as_deref()).or_else(|| known(one.last_prompt.as_deref()));
    Line {
        style: look::FAINT,
        cells: [
            format!("  {}", look::word(State::Exited)),
            measure::age_of(Some(one.last_activity_at), now),
            or_dash(known(one.project.as_deref())),
            or_dash(what),
            "-".to_owned(),
            who::short(&one.session_id).to_owned(),
        ],
    }
}

/// What is not known.
fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "-".to_owned())
}

/// Counts each session once.
fn summary(sessions: &[Session], ended: usize) -> String {
    let mut groups = [
        (0, "needs you", "need you"),
        (0, "stopped", "stopped"),
        (0, "stuck", "stuck"),
        (0, "works", "work"),
        (0, "rests", "rest"),
        (0, "unknown", "unknown"),
        (ended, "ended", "ended"),
    ];
    let [need, stopped, stuck, work, rest, unknown, exited] = &mut groups;
    for session in sessions {
        let group = match session.state {
            _ if session.needs_you() => &mut *need,
            State::Stopped => &mut *stopped,
            _ if session.stuck => &mut *stuck,
            State::Working | State::Starting => &mut *work,
            State::Idle | State::Shell => &mut *rest,
            State::Exited => &mut *exited,
            State::WaitingPermission
            | State::WaitingInput
            | State::WaitingDialog
            | State::Unknown => &mut *unknown,
        };
        group.0 += 1;
    }
    let counted = groups.iter().filter(|(number, ..)| *number > 0);
    let counted = counted.map(|(number, one, many)| {
        let words = if *number == 1 { one } else { many };
        format!("{number} {words}")
    });
    format!("{}.", counted.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
