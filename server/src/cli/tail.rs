//! `session-manager tail`: what a session said, and what it says from now on.

use std::{io, process::ExitCode};

use clap::Args;
use wire::{Event, Output, Since};

use super::{
    drive::EXIT_CODES,
    question::{Answer, answer, json_line},
    said::said,
    terminal, who,
};
use crate::{config::Config, service::ServiceError};

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{LEGEND}\n\n{}\n\n{EXIT_CODES}", who::TAKES));

const LEGEND: &str = "\
How it reads:
  > a prompt             * a call of a tool     ? what is asked of a person
  ~ a thought            = its result           -- a remark
  (nothing) an answer    ! what went wrong
Thoughts, calls and results are folded to a line; --json has all of them.";

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct TailArgs {
    /// The session
    who: String,
    /// Go on until the session ends
    #[arg(short, long)]
    follow: bool,
    /// Only what comes after the event of this number
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u64,
    /// Print the events as the API tells them, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &TailArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let who = who::any(service, &arguments.who).await?;
        let since = Since {
            after: arguments.after,
            follow: arguments.follow,
            ..Since::default()
        };
        let mut outputs = service.output(who, since).await?;
        while let Some(output) = outputs.next().await {
            let printed = match output {
                Output::Events { events, .. } => print(&events, arguments.json)?,
                Output::End {
                    reason: Some(reason),
                    ..
                } => {
                    terminal::complain(&reason);
                    Printed::Yes
                }
                Output::Delta { .. } | Output::Caught { .. } | Output::End { .. } => Printed::Yes,
            };
            if let Printed::NobodyReads = printed {
                break;
            }
        }
        Ok(Answer::from(String::new()))
    })
}

/// Whether somebody still reads.
pub(super) enum Printed {
    Yes,
    NobodyReads,
}

pub(super) fn print(events: &[Event], as_json: bool) -> Result<Printed, ServiceError> {
    let mut text = String::new();
    for event in events {
        match as_json {
            true => text.push_str(&json_line(event)?),
            false => text.push_str(&said(event, terminal::width())),
        }
    }
    match terminal::write(&text) {
        Ok(()) => Ok(Printed::Yes),
        // The reader has seen enough (`| head`), which is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Printed::NobodyReads),
        Err(error) => Err(ServiceError::fault("The output can't be written", error)),
    }
}
