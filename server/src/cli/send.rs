//! `session-manager send`: a message to a session, and its answer where that is waited for.

use std::{
    io::{self, Read as _},
    process::ExitCode,
};

use clap::Args;
use wire::{Code, Driven, Event, HolderKind, MessageRequest, Output, Since, State, Who};

use super::{
    drive::{EXIT_CODES, caller, driven_line, tell},
    question::{Answer, answer},
    said::said,
    tail, terminal, text, who,
};
use crate::{
    config::Config,
    service::{Service, ServiceError},
};

static AFTER_HELP: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    format!(
        "With --wait the exit code is 1 where the turn failed.\n\n{}\n\n{EXIT_CODES}",
        who::TAKES
    )
});

#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP.as_str())]
pub(super) struct SendArgs {
    /// The session
    who: String,
    /// What to say; standard input where it is - or left out
    text: Option<String>,
    /// Wait until the session rests, and print what it answered
    #[arg(long)]
    wait: bool,
    /// Print what the API answers; with --wait the events
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &SendArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let who = who::running(service, &arguments.who).await?;
        let request = MessageRequest {
            text: words(arguments.text.as_deref())?,
            uuid: None,
        };
        let driven = service.message(who, request, caller()).await?;
        if arguments.wait {
            return wait(service, &driven, arguments.json).await;
        }
        tell(arguments.json, &driven, driven_line(&driven), true)
    })
}

/// What is to be said: these words, or what standard input has.
pub(super) fn words(said: Option<&str>) -> Result<String, ServiceError> {
    if let Some(said) = said.filter(|said| *said != "-") {
        return Ok(said.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| ServiceError::fault("Standard input can't be read", error))?;
    String::from_utf8(bytes).map_err(|_| {
        let sentence = "What standard input has is not UTF-8; convert it.";
        ServiceError::told(Code::BadRequest, sentence)
    })
}

/// Goes along until the session has done what it was told.
async fn wait(service: &Service, driven: &Driven, as_json: bool) -> Result<Answer, ServiceError> {
    let who = Who::Session(driven.session_id.clone());
    let since = Since {
        after: driven.seq,
        follow: true,
        ..Since::default()
    };
    let sessions = service.sessions().await?;
    let its = |row: &&wire::Session| row.session_id.as_ref() == Some(&driven.session_id);
    let is_in_terminal = sessions
        .iter()
        .find(its)
        .is_some_and(|row| row.holder != Some(HolderKind::Stdio));
    let mut outputs = service.output(who, since).await?;
    let mut turn = Turn {
        is_in_terminal,
        ..Turn::default()
    };
    let mut reason = None;
    while turn.is_open()
        && let Some(output) = outputs.next().await
    {
        match output {
            Output::Events { events, .. } => {
                if as_json {
                    tail::print(&events, true)?;
                }
                for event in &events {
                    if let Some(asked) = turn.hear(event)
                        && !as_json
                    {
                        terminal::complain(&asked);
                    }
                }
            }
            Output::End { reason: why, .. } => reason = why,
            Output::Delta { .. } | Output::Caught { .. } => {}
        }
    }
    let went_well = turn.went_well();
    if let Some(reason) = reason.or_else(|| turn.why.take())
        && !went_well
    {
        terminal::complain_at_length(&reason);
    }
    let text = if as_json { String::new() } else { turn.answer };
    Ok(Answer { text, went_well })
}

/// Without its colours.
fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

/// What a session has answered so far.
#[derive(Debug, Default)]
struct Turn {
    /// Then a transcript tells of it, which knows the ends of turns and no states.
    is_in_terminal: bool,
    /// What is printed in the end.
    answer: String,
    /// Where the newest part of it begins, in bytes.
    newest: usize,
    /// Why the newest turn failed.
    why: Option<String>,
    /// `None` until a turn has ended.
    failed: Option<bool>,
    over: bool,
}

impl Turn {
    fn is_open(&self) -> bool {
        !self.over
    }

    fn went_well(&self) -> bool {
        self.over && self.failed == Some(false)
    }

    /// Takes the reason of a failure out of what is printed.
    fn failure(&mut self, subtype: &str) -> String {
        // What the API answered instead of the model comes as the model's words, and the turn as one that went its way
        // (2.1.329).
        let told = match subtype {
            "success" => self.answer.split_off(self.newest.min(self.answer.len())),
            _ => String::new(),
        };
        match told.trim_end() {
            "" => format!("The turn failed ({}).", text::line(subtype)),
            told => told.to_owned(),
        }
    }

    /// Takes an event in; returns what a person has to do before it goes on.
    fn hear(&mut self, event: &Event) -> Option<String> {
        match event {
            Event::Assistant {
                text,
                thinking: false,
                parent: None,
                ..
            } => {
                self.newest = self.answer.len();
                for line in text::lines(text) {
                    self.answer.push_str(&line);
                    self.answer.push('\n');
                }
                None
            }
            Event::Usage {
                is_error, subtype, ..
            } => {
                self.failed = Some(*is_error);
                self.why = is_error.then(|| self.failure(subtype));
                self.over = self.is_in_terminal;
                None
            }
            // What was queued has had its turn as well.
            Event::Status {
                state: State::Idle, ..
            } => {
                self.over = self.failed.is_some();
                None
            }
            Event::Exit { .. } => {
                self.over = true;
                self.failed = Some(self.failed.unwrap_or(true));
                if self.failed == Some(true) {
                    self.why = Some(plain(&said(event, None)));
                }
                None
            }
            Event::Approval {
                request_id, ask, ..
            } => Some(format!(
                "it asks: {}; answer with `session-manager approve {request_id}`",
                super::said::question(ask)
            )),
            Event::Status { .. }
            | Event::User { .. }
            | Event::Assistant { .. }
            | Event::Tool { .. }
            | Event::ToolResult { .. }
            | Event::Decision { .. }
            | Event::Note { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_turn_is_over_when_the_session_rests() {
        let golden = include_str!("../../../wire/tests/golden/events.json");
        let events: Vec<Event> = serde_json::from_str(golden).unwrap();
        let mut turn = Turn::default();
        let mut asked = Vec::new();
        for event in &events {
            if matches!(event, Event::Note { .. }) {
                break;
            }
            asked.extend(turn.hear(event));
        }
        assert_eq!(turn.answer, "I may not.\n");
        assert_eq!(
            asked,
            ["it asks: Bash: touch x; answer with `session-manager approve 0c1f7a52`"]
        );
        // The golden file begins at rest, which is not the end of a turn.
        assert!(turn.is_open());
        turn.hear(&events[0]);
        assert!(!turn.is_open() && turn.went_well());
    }

    #[test]
    fn a_session_that_ends_before_its_turn_has_failed() {
        let golden = include_str!("../../../wire/tests/golden/events.json");
        let events: Vec<Event> = serde_json::from_str(golden).unwrap();
        let mut turn = Turn::default();
        turn.hear(events.last().unwrap());
        assert!(!turn.is_open() && !turn.went_well());
    }

    #[test]
    fn the_reason_of_a_failure_is_no_answer() {
        let said = |text: &str| {
            let event =
                json!({"type": "assistant", "seq": 1, "at": 0, "text": text, "thinking": false});
            serde_json::from_value::<Event>(event).unwrap()
        };
        let failed = |subtype: &str| {
            let event =
                json!({"type": "usage", "seq": 2, "at": 0, "subtype": subtype, "isError": true});
            serde_json::from_value::<Event>(event).unwrap()
        };
        let mut turn = Turn::default();
        for event in [
            said("I try."),
            said("API Error: 400\nno"),
            failed("success"),
        ] {
            turn.hear(&event);
        }
        assert_eq!(turn.answer, "I try.\n");
        assert_eq!(turn.why.as_deref(), Some("API Error: 400\nno"));
        let mut turn = Turn::default();
        for event in [said("So far."), failed("error_max_turns")] {
            turn.hear(&event);
        }
        assert_eq!(turn.answer, "So far.\n");
        assert_eq!(
            turn.why.as_deref(),
            Some("The turn failed (error_max_turns).")
        );
    }

    #[test]
    fn words_are_taken_as_they_are() {
        assert_eq!(words(Some("say hello")).unwrap(), "say hello");
    }
}
