//! One question to the service, asked by a process that ends with the answer.
//!
//! Knows exit codes. Does not know what is asked.

use std::{error::Error as _, process::ExitCode, time::Duration};

use anyhow::Context as _;

use super::{USAGE, terminal};
use crate::{
    config::Config,
    service::{Service, ServiceError},
};

/// Prints the answer. A mistake in the configuration does not keep it back, but shows in the exit code: what was
/// configured may be missing from it.
pub(super) fn ask(
    config: Config,
    question: impl AsyncFnOnce(&Service) -> Result<String, ServiceError>,
) -> anyhow::Result<ExitCode> {
    for mistake in &config.mistakes {
        terminal::complain(mistake);
    }
    let code = match config.mistakes.as_slice() {
        [] => ExitCode::SUCCESS,
        _ => ExitCode::from(USAGE),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .context("starting the runtime")?;
    let service = Service::new(config).context("opening /proc")?;
    let answer = runtime.block_on(question(&service));
    // A process that blocks its reader must not hold up the end.
    runtime.shutdown_timeout(Duration::ZERO);
    match answer {
        Ok(answer) => terminal::print(&answer, code).context("writing the answer"),
        Err(error) => {
            terminal::complain(&sentence(&error));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn sentence(error: &ServiceError) -> String {
    if let ServiceError::NotASession(pid) | ServiceError::NoProcess(pid) = error {
        return format!(
            "Process {pid} is no Claude Code session; `session-manager list` shows those that run."
        );
    }
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Writes a value as the API does, for people to read as well.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, ServiceError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| ServiceError::fault("The answer can't be written as JSON", error))?;
    text.push('\n');
    Ok(text)
}
