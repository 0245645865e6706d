//! `session-manager interrupt`, `cancel`, `kill`, `model`, `mode` and `rename`: one word to a session.
//!
//! Knows how each is asked for and how its outcome reads. Does not know what becomes of it: the service does.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use wire::{
    Caller, CancelRequest, Cancelled, DriveOutcome, Driven, Face, Grace, KillOutcome, KillRequest,
    Killed, ModelRequest, PermissionModeRequest, RenameRequest, SignalOutcome, SignalRequest,
    Signalled, Who,
};

use super::{
    question::{Answer, answer, json},
    text, who,
};
use crate::{
    config::Config,
    service::{Cancel, Interrupted, Service, ServiceError},
};

/// What verbs that act end with.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   failed or refused; stderr says why
  64  bad usage, such as a name that means no session or several, or a mistake
      in the configuration";

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{}\n\n{EXIT_CODES}", who::TAKES));

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct InterruptArgs {
    /// The session
    who: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct CancelArgs {
    /// The session
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    who: Option<String>,
    /// Every session that is held
    #[arg(long)]
    all: bool,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct KillArgs {
    /// The session
    who: String,
    /// Milliseconds between asking it to end and ending it, 0 to 60000 [default: the configured ones]
    #[arg(long, value_name = "N", value_parser = grace)]
    grace_ms: Option<Grace>,
    /// Only Claude Code itself, not what it runs
    #[arg(long)]
    alone: bool,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct ModelArgs {
    /// The session
    who: String,
    /// opus, sonnet, ..., or a model's full name; Claude Code takes any word, and says at the next message if there is none
    model: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct ModeArgs {
    /// The session
    who: String,
    /// default, acceptEdits, plan, ...
    mode: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct RenameArgs {
    /// The session
    who: String,
    /// What it is to be called
    name: String,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

/// Whoever sits at the terminal.
pub(super) fn caller() -> Caller {
    Caller {
        uid: Some(rustix::process::geteuid().as_raw()),
        face: Face::Terminal,
    }
}

pub(super) fn interrupt(arguments: &InterruptArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let who = who::running(service, &arguments.who).await?;
        match service
            .interrupt(who, SignalRequest::default(), caller())
            .await?
        {
            Interrupted::Turn(driven) => tell(arguments.json, &driven, driven_line(&driven), true),
            Interrupted::Process(it) => tell(arguments.json, &it, signalled_line(&it), it.ok),
        }
    })
}

pub(super) fn cancel(arguments: &CancelArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let Some(said) = &arguments.who else {
            let all = service.cancel_all(caller()).await;
            return tell(arguments.json, &all, cancelled_lines(&all), all.ok);
        };
        let who = who::running(service, said).await?;
        match service
            .cancel(who, CancelRequest { scope: None }, caller())
            .await?
        {
            Cancel::One(driven) => tell(arguments.json, &driven, driven_line(&driven), true),
            Cancel::All(all) => tell(arguments.json, &all, cancelled_lines(&all), all.ok),
        }
    })
}

pub(super) fn kill(arguments: &KillArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        let key = who::process(service, &arguments.who).await?;
        let request = KillRequest {
            key: Some(key),
            grace_ms: arguments.grace_ms,
            tree: !arguments.alone,
        };
        let killed = service.kill(key.pid, request, caller()).await?;
        tell(arguments.json, &killed, killed_lines(&killed), killed.ok)
    })
}

pub(super) fn model(arguments: ModelArgs, config: Config) -> anyhow::Result<ExitCode> {
    let ModelArgs { who, model, json } = arguments;
    answer(config, async |service| {
        let who = meet(service, &who).await?;
        let has = format!("has the model {} now", text::line(&model));
        let request = ModelRequest { model };
        let driven = service.set_model(who, request, caller()).await?;
        tell(json, &driven, changed_line(&driven, &has), true)
    })
}

pub(super) fn mode(arguments: ModeArgs, config: Config) -> anyhow::Result<ExitCode> {
    let ModeArgs { who, mode, json } = arguments;
    answer(config, async |service| {
        let who = meet(service, &who).await?;
        let has = format!("is in the mode {} now", text::line(&mode));
        let request = PermissionModeRequest {
            permission_mode: mode,
        };
        let driven = service.set_permission_mode(who, request, caller()).await?;
        tell(json, &driven, changed_line(&driven, &has), true)
    })
}

pub(super) fn rename(arguments: RenameArgs, config: Config) -> anyhow::Result<ExitCode> {
    let RenameArgs { who, name, json } = arguments;
    answer(config, async |service| {
        let who = meet(service, &who).await?;
        let has = format!("is called {} now", text::line(&name));
        let request = RenameRequest { name };
        let driven = service.rename(who, request, caller()).await?;
        tell(json, &driven, changed_line(&driven, &has), true)
    })
}

async fn meet(service: &Service, who: &str) -> Result<Who, ServiceError> {
    service.meet_holders().await;
    who::running(service, who).await
}

/// Puts an outcome as the API does, or in words; `went_well` decides on the exit code.
pub(super) fn tell(
    as_json: bool,
    value: &impl Serialize,
    words: String,
    went_well: bool,
) -> Result<Answer, ServiceError> {
    let text = if as_json { json(value)? } else { words };
    Ok(Answer { text, went_well })
}

/// What a word to a session came to, in a line, and its note in another.
pub(super) fn driven_line(driven: &Driven) -> String {
    changed_line(driven, "has it")
}

/// The same; `has` is what is true of a session that was changed.
fn changed_line(driven: &Driven, has: &str) -> String {
    let words = match driven.outcome {
        DriveOutcome::Sent => "was told",
        DriveOutcome::Queued => "is told once its turn allows",
        DriveOutcome::AlreadySent => "was told before",
        DriveOutcome::Interrupted => "was interrupted",
        DriveOutcome::Idle => "has no turn to interrupt",
        DriveOutcome::Cancelled => "has ended",
        DriveOutcome::Changed => has,
        DriveOutcome::Unknown => "was reached",
    };
    let mut lines = format!("Session {} {words}.\n", driven.session_id);
    push_note(&mut lines, driven.note.as_deref());
    lines
}

fn signalled_line(signalled: &Signalled) -> String {
    let words = match signalled.outcome {
        SignalOutcome::Done => "was interrupted",
        SignalOutcome::Ended => "was interrupted, and has ended",
        SignalOutcome::AlreadyGone => "had ended before",
        SignalOutcome::Undone => "goes on all the same",
        SignalOutcome::Unknown => "was signalled",
    };
    let mut lines = format!("Process {} {words}.\n", signalled.pid);
    push_note(&mut lines, signalled.note.as_deref());
    lines
}

fn cancelled_lines(cancelled: &Cancelled) -> String {
    if cancelled.sessions.is_empty() {
        return "No session is held.\n".to_owned();
    }
    let lines = cancelled.sessions.iter().map(|one| match &one.error {
        None => format!("Session {} has ended.\n", one.session_id),
        Some(error) => format!("Session {}: {}\n", one.session_id, text::line(error)),
    });
    lines.collect()
}

fn killed_lines(killed: &Killed) -> String {
    let words = match killed.outcome {
        KillOutcome::Exited => "has ended",
        KillOutcome::Killed => "was killed",
        KillOutcome::AlreadyGone => "had ended before",
        KillOutcome::StillRunning => "still runs",
        KillOutcome::Unknown => "was signalled",
    };
    let mut lines = format!("Process {} {words}.\n", killed.pid);
    for process in killed.processes.iter().filter(|one| one.key != killed.key) {
        let command = text::line(&process.command);
        lines.push_str(&format!("  with it {} {command}\n", process.key.pid));
    }
    let spared = killed.spared.iter().map(|one| (one.key, &one.command));
    let unproven = killed.unproven.iter().map(|one| (one.key, &one.command));
    for (key, command) in spared.chain(unproven) {
        let command = text::line(command);
        lines.push_str(&format!("  left alone {} {command}\n", key.pid));
    }
    push_note(&mut lines, killed.note.as_deref());
    lines
}

pub(super) fn push_note(lines: &mut String, note: Option<&str>) {
    if let Some(note) = text::some_line(note) {
        lines.push_str(&format!("{note}\n"));
    }
}

fn grace(text: &str) -> Result<Grace, &'static str> {
    let ms = text.parse().ok().and_then(Grace::from_millis);
    ms.ok_or("a grace is 0 to 60000 milliseconds")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn outcomes_read_as_sentences() {
        let golden = include_str!("../../../wire/tests/golden/driven.json");
        let driven: Vec<Driven> = serde_json::from_str(golden).unwrap();
        let lines: String = driven.iter().map(driven_line).collect();
        let short = lines.replace("607b503a-f1d9-4125-9748-6f1933188683", "607b");
        expect![[r#"
            Session 607b was told.
            Session 607b is told once its turn allows.
            Session 607b was told before.
            Session 607b was interrupted.
            Session 607b has no turn to interrupt.
            Session 607b has ended.
            Session 607b has it.
            Session 607b was reached.
        "#]]
        .assert_eq(&short);
        let changed = driven
            .iter()
            .map(|one| changed_line(one, "is in the mode plan now"));
        let changed: Vec<String> = changed.filter(|line| line.contains("plan")).collect();
        assert_eq!(
            changed,
            ["Session 607b503a-f1d9-4125-9748-6f1933188683 is in the mode plan now.\n"]
        );
        let golden = include_str!("../../../wire/tests/golden/cancelled.json");
        let cancelled: Cancelled = serde_json::from_str(golden).unwrap();
        expect![[r#"
            Session 607b503a-f1d9-4125-9748-6f1933188683 has ended.
            Session 607b503a-f1d9-4125-9748-6f1933188683: It does not answer.
        "#]]
        .assert_eq(&cancelled_lines(&cancelled));
    }

    #[test]
    fn a_kill_names_what_ended_and_what_did_not() {
        let golden = include_str!("../../../wire/tests/golden/killed.json");
        let killed: Killed = serde_json::from_str(golden).unwrap();
        expect![[r#"
            Process 17723 has ended.
              left alone 17723 claude -p hello
              left alone 17723 node
        "#]]
        .assert_eq(&killed_lines(&killed));
    }
}
