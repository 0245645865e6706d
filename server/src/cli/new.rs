//! `session-manager new`: a session that the server's holders keep, also while no server runs.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use wire::{Code, Holder, HolderKind, SessionId, StartRequest, Started, Who};

use super::{
    drive::{EXIT_CODES, caller, push_note, tell},
    question::answer,
    send, text, who,
};
use crate::{
    config::Config,
    service::{Service, ServiceError},
};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct NewArgs {
    /// Where it works [default: this directory; with --resume the conversation's own]
    dir: Option<PathBuf>,
    /// The first message; - takes it from standard input
    #[arg(short, long, value_name = "TEXT")]
    prompt: Option<String>,
    /// opus, sonnet, ..., or a model's full name
    #[arg(long)]
    model: Option<String>,
    /// default, acceptEdits, plan, ... [default: default]
    #[arg(long, value_name = "MODE")]
    permission_mode: Option<String>,
    /// low, medium, high, ...
    #[arg(long)]
    effort: Option<String>,
    /// What it is to be called
    #[arg(long)]
    name: Option<String>,
    /// Go on in this conversation: its id, the beginning of its id, or its name
    #[arg(long, value_name = "WHICH", group = "from")]
    resume: Option<String>,
    /// Go on in the directory's newest conversation
    #[arg(long = "continue", group = "from")]
    continue_newest: bool,
    /// With --resume or --continue: in a copy of it
    #[arg(long, requires = "from")]
    fork: bool,
    /// Work in a new git worktree
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    worktree: Option<String>,
    /// What keeps it [default: stdio, or pty for a Claude Code that is too old for that]
    #[arg(long, value_enum)]
    holder: Option<Keeper>,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Keeper {
    /// Its standard input and output: it is talked to with `send` and answered with `approve`
    Stdio,
    /// A terminal of its own: `attach` shows it
    Pty,
    /// The user's tmux
    Tmux,
}

pub(super) fn run(arguments: &NewArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let resume = match &arguments.resume {
            None => None,
            Some(said) => Some(conversation(service, said).await?),
        };
        let started = service.start(request(arguments, resume)?, caller()).await?;
        tell(arguments.json, &started, lines(&started), true)
    })
}

async fn conversation(service: &Service, said: &str) -> Result<SessionId, ServiceError> {
    match who::any(service, said).await? {
        Who::Session(id) => Ok(id),
        Who::Pid(pid) => Err(ServiceError::NoSession(pid)),
    }
}

fn request(arguments: &NewArgs, resume: Option<SessionId>) -> Result<StartRequest, ServiceError> {
    let prompt = match arguments.prompt.as_deref() {
        None => None,
        said => Some(send::words(said)?),
    };
    Ok(StartRequest {
        cwd: directory(arguments)?,
        prompt,
        model: arguments.model.clone(),
        permission_mode: arguments.permission_mode.clone(),
        effort: arguments.effort.clone(),
        name: arguments.name.clone(),
        holder: arguments.holder.map(|keeper| match keeper {
            Keeper::Stdio => HolderKind::Stdio,
            Keeper::Pty => HolderKind::Pty,
            Keeper::Tmux => HolderKind::Tmux,
        }),
        resume,
        continue_newest: arguments.continue_newest,
        fork: arguments.fork,
        worktree: arguments.worktree.clone(),
    })
}

fn directory(arguments: &NewArgs) -> Result<Option<String>, ServiceError> {
    let dir = match &arguments.dir {
        Some(dir) => dir.clone(),
        None if arguments.resume.is_some() => return Ok(None),
        None => PathBuf::from("."),
    };
    let bad = |why: &str| {
        let sentence = format!("{} can't be worked in: {why}.", dir.display());
        ServiceError::told(Code::BadCwd, sentence)
    };
    let whole = std::path::absolute(&dir).map_err(|error| bad(&error.to_string()))?;
    // Without the dot of `.`, which is how the transcripts know it.
    let whole: PathBuf = whole.components().collect();
    let whole = whole.into_os_string().into_string();
    whole.map(Some).map_err(|_| bad("its name is not UTF-8"))
}

fn lines(started: &Started) -> String {
    let Started {
        session_id, pid, ..
    } = started;
    let mut lines = format!("Session {session_id} lives in process {pid}.\n");
    push_note(&mut lines, started.note.as_deref());
    match &started.holder {
        Holder::Stdio {} => lines.push_str(&format!(
            "Follow it with `session-manager tail -f {session_id}`, talk to it with `session-manager send {session_id}`.\n"
        )),
        Holder::Tmux { attach, .. } | Holder::Pty { attach } => {
            lines.push_str(&format!("Go there with `{}`.\n", text::line(attach)));
        }
        Holder::Terminal { .. } | Holder::Program { .. } => {}
    }
    lines
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_start_says_how_to_go_on() {
        let golden = include_str!("../../../wire/tests/golden/started.json");
        let started: Vec<Started> = serde_json::from_str(golden).unwrap();
        let shown: String = started.iter().map(lines).collect();
        expect![[r#"
            Session 607b503a-f1d9-4125-9748-6f1933188683 lives in process 17723.
            Claude Code asks for something before it goes on.
            Follow it with `session-manager tail -f 607b503a-f1d9-4125-9748-6f1933188683`, talk to it with `session-manager send 607b503a-f1d9-4125-9748-6f1933188683`.
            Session 607b503a-f1d9-4125-9748-6f1933188683 lives in process 17723.
            Claude Code asks for something before it goes on.
            Go there with `session-manager attach 086ce0db`.
        "#]].assert_eq(&shown);
    }
}
