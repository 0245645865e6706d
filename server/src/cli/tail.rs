//! `session-manager tail`: what a session said, and what it says from now on.

use std::{collections::VecDeque, io, process::ExitCode};

use clap::Args;
use wire::{Event, Output, Page, Since, Who};

use super::{
    drive::EXIT_CODES,
    question::{Answer, answer, json_line},
    said::said,
    terminal, who,
};
use crate::{
    config::Config,
    service::{Service, ServiceError},
};

static AFTER_HELP: std::sync::LazyLock<String> =
    std::sync::LazyLock::new(|| format!("{LEGEND}\n\n{}\n\n{EXIT_CODES}", who::TAKES));

const LEGEND: &str = "\
How it reads:
  > a prompt             * a call of a tool     ? what is asked of a person
  ~ a thought            = its result           -- a remark
  (nothing) an answer    ! what went wrong
Thoughts, calls and results are folded to a line; --json has all of them.";

/// More than anybody reads at once.
const LINES: i64 = 1_000_000;

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
    /// Only the newest events, so many of those that are shown
    #[arg(short = 'n', long = "lines", value_name = "N", conflicts_with = "after", value_parser = clap::value_parser!(u32).range(1..=LINES))]
    last: Option<u32>,
    /// Print the events as the API tells them, one JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &TailArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let who = who::any(service, &arguments.who).await?;
        let mut after = arguments.after;
        if let Some(last) = arguments.last {
            let (events, newest) = newest(service, &who, last, arguments.json).await?;
            if let Printed::NobodyReads = print(&events, arguments.json)? {
                return Ok(Answer::from(String::new()));
            }
            if !arguments.follow {
                return Ok(Answer::from(String::new()));
            }
            after = newest;
        }
        let since = Since {
            after,
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

/// The newest events, the oldest of them first, and the number of the last one of all, 0 where there is none.
async fn newest(
    service: &Service,
    who: &Who,
    last: u32,
    as_json: bool,
) -> Result<(Vec<Event>, u64), ServiceError> {
    let last = usize::try_from(last).unwrap_or(usize::MAX);
    let mut newest = VecDeque::new();
    let (mut before, mut number) = (None, 0);
    while newest.len() < last {
        let limit = Page::MOST;
        let since = Since {
            back: Some(Page { limit, before }),
            ..Since::default()
        };
        let mut outputs = service.output(who.clone(), since).await?;
        let Some(Output::Events { events, .. }) = outputs.next().await else {
            break;
        };
        before = events.first().map(Event::seq);
        number = number.max(events.last().map_or(0, Event::seq));
        let shown = events.into_iter().rev();
        // What says nothing to people is none of what they count.
        let shown = shown.filter(|event| as_json || !said(event, None).is_empty());
        for event in shown.take(last - newest.len()) {
            newest.push_front(event);
        }
    }
    Ok((newest.into(), number))
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
