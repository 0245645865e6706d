//! One question to the service, or one order, by a process that ends with the answer.
//!
//! Knows exit codes. Does not know what is asked.

use std::{error::Error as _, process::ExitCode, time::Duration};

use anyhow::Context as _;
use serde::Serialize;
use wire::Code;

use super::{USAGE, terminal};
use crate::{
    config::Config,
    service::{Service, ServiceError},
};

/// What is printed, and whether it went well: where not, the exit code tells.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) went_well: bool,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self {
            text,
            went_well: true,
        }
    }
}

/// Prints the answer. A mistake in the configuration does not keep it back, but shows in the exit code: what was
/// configured may be missing from it.
pub(super) fn ask(
    config: Config,
    question: impl AsyncFnOnce(&Service) -> Result<String, ServiceError>,
) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        question(service).await.map(Answer::from)
    })
}

/// The same for what may be done and not go well.
pub(super) fn answer(
    config: Config,
    question: impl AsyncFnOnce(&Service) -> Result<Answer, ServiceError>,
) -> anyhow::Result<ExitCode> {
    for mistake in &config.mistakes {
        terminal::complain(mistake);
    }
    let told = !config.mistakes.is_empty();
    let code = match config.mistakes.as_slice() {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    let service = Service::new(config).context("opening /proc")?;
    let answer = runtime.block_on(question(&service));
    // A process that blocks its reader must not hold up the end.
    runtime.shutdown_timeout(Duration::ZERO);
    match answer {
        Ok(Answer { text, went_well }) => {
            let code = if went_well { code } else { ExitCode::FAILURE };
            terminal::print(&text, code).context("writing the answer")
        }
        Err(error) => {
            terminal::complain_at_length(&sentence(&error, told));
            Ok(match error.code() == Code::BadRequest {
                true => ExitCode::from(USAGE),
                false => ExitCode::FAILURE,
            })
        }
    }
}

/// What the API's answers say in its own words, and how the same is said here.
const OUR_WORDS: [(&str, &str); 2] = [
    (
        "with POST /sessions {\"resume\":\"<id>\",\"fork\":true}",
        "with `session-manager new --resume ID --fork`",
    ),
    ("with \"fork\":true", "with --fork"),
];

/// `told` where the mistakes of the configuration have been named already.
fn sentence(error: &ServiceError, told: bool) -> String {
    if let ServiceError::Config(_) = error
        && told
    {
        return "Nothing is acted on until that is mended.".to_owned();
    }
    if let ServiceError::NotASession(pid) | ServiceError::NoProcess(pid) = error {
        return format!(
            "Process {pid} is no Claude Code session; `session-manager list` shows those that run."
        );
    }
    let sentence = match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    };
    OUR_WORDS
        .iter()
        .fold(sentence, |said, (api, ours)| said.replace(api, ours))
}

/// Writes a value as the API does, laid out for people to read as well.
pub(super) fn json(value: &impl Serialize) -> Result<String, ServiceError> {
    serde_json::to_string_pretty(value)
        .map(|json| safe(&json))
        .map_err(unwritable)
}

/// The same on one line.
pub(super) fn json_line(value: &impl Serialize) -> Result<String, ServiceError> {
    serde_json::to_string(value)
        .map(|json| safe(&json))
        .map_err(unwritable)
}

fn unwritable(error: serde_json::Error) -> ServiceError {
    ServiceError::fault("The answer can't be written as JSON", error)
}

fn safe(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 1);
    for c in json.chars() {
        match c {
            // JSON lets these stand in a string as they are, and a terminal would act on them. Escaped, they are
            // the same value.
            '\u{7f}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => text.push(c),
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_api_says_in_its_words_is_said_in_ours() {
        let live = ServiceError::Live {
            key: "4711:1".parse().unwrap(),
            session_id: "086ce0db".parse().unwrap(),
            holder: wire::Holder::Stdio {},
            age_sec: 60,
        };
        let said = sentence(&live, false);
        assert!(
            said.ends_with("go on in a copy of it with --fork."),
            "{said}"
        );
        let config = ServiceError::Config("port is no number".to_owned());
        assert!(sentence(&config, false).contains("port is no number"));
        assert!(!sentence(&config, true).contains("port is no number"));
    }

    #[test]
    fn json_keeps_its_value_and_leaves_the_terminal_alone() {
        let hostile = "\u{1b}[31m \u{9b}2J \u{7f} \u{202e}exe \u{2069} \n 日本語";
        let text = json(&hostile).unwrap();
        assert_eq!(
            text,
            "\"\\u001b[31m \\u009b2J \\u007f \\u202eexe \\u2069 \\n 日本語\"\n"
        );
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
