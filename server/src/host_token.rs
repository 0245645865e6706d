//! `session-manager host-token`: hands the token to CloudCLI, which then sends it with all that it hands on to this plugin.
//!
//! The token itself is never shown. Does not know who has to show it.

mod plugins_file;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args;
use session_core::settings::{Refusal, secret};

use self::plugins_file::{Fault, PluginsFile};
use crate::{config::Config, hooks, token::TokenFile};

/// The file is not what it should be (`EX_DATAERR` of sysexits.h).
const DATA_ERROR: u8 = 65;
/// Try again (`EX_TEMPFAIL`).
const TRY_AGAIN: u8 = 75;

/// Our name among CloudCLI's plugins.
const PLUGIN: &str = "session-manager";
/// CloudCLI sends it as `x-plugin-secret-token`.
const NAME: &str = "token";

#[derive(Debug, Args)]
pub struct HostTokenArgs {
    /// Take the token out again and delete it, so that it opens nothing any more
    #[arg(long)]
    remove: bool,
}

/// Carries out `session-manager host-token`.
pub fn run(arguments: &HostTokenArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let done = if arguments.remove {
        remove(config)
    } else {
        install(config)
    };
    match done {
        Ok(text) => {
            writeln!(io::stdout().lock(), "{text}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            writeln!(io::stderr(), "session-manager: {error:#}").ok();
            let code = match error.downcast_ref() {
                Some(Fault::Changed(_)) => TRY_AGAIN,
                Some(Fault::Wrong { .. }) => DATA_ERROR,
                None if error.is::<Unfit>() => DATA_ERROR,
                Some(Fault::Io { .. }) | None => 1,
            };
            Ok(ExitCode::from(code))
        }
    }
}

/// CloudCLI's file can't take the token as it is.
#[derive(Debug, thiserror::Error)]
#[error("{path} {}; it was left as it is", hooks::why(.refusal))]
struct Unfit {
    path: String,
    refusal: Refusal,
}

fn install(config: &Config) -> anyhow::Result<String> {
    let token = TokenFile::of(&config.home);
    hand_over(config, &token).map_err(|error| match token.make() {
        Ok(_) => error.context(format!(
            "the token is in {}, but was handed to nobody; send it as `Authorization: Bearer`",
            token.path().display()
        )),
        // Then that is the fault, or the home is not ours.
        Err(_) => error,
    })
}

fn hand_over(config: &Config, token: &TokenFile) -> anyhow::Result<String> {
    let place = PluginsFile::path(&config.home).display().to_string();
    let unfit = |refusal| Unfit {
        path: place.clone(),
        refusal,
    };
    let Some(file) = PluginsFile::read(&config.home)? else {
        return Err(Fault::Wrong {
            path: PluginsFile::path(&config.home),
            what: "is not there, nor its directory: CloudCLI has not run in this home",
        }
        .into());
    };
    let text = file.text.as_deref().unwrap_or("{}\n");
    let before = secret::find(text, PLUGIN, NAME).map_err(unfit)?;
    // Whoever could read that file may know the token.
    if before.is_some() && file.is_open {
        token.remove()?;
    }
    let secret = token.make()?;
    let with = secret::put(text, PLUGIN, NAME, &secret.hex()).map_err(unfit)?;
    let mut lines = format!("The token is in {}.", token.path().display());
    if file.text.as_deref() == Some(with.as_str()) && !file.is_open {
        lines += &format!("\nCloudCLI has it already: {place}");
    } else {
        file.replace(&with)?;
        lines += &format!("\nCloudCLI sends it to this plugin from now on: {place}");
    }
    if file.is_open {
        lines += "\nOthers could read that file; now its owner alone can.";
    }
    Ok(lines)
}

fn remove(config: &Config) -> anyhow::Result<String> {
    let token = TokenFile::of(&config.home);
    let path = token.path().display().to_string();
    // First: whatever has become of CloudCLI's file, the token opens nothing any more.
    let removed = if token.remove()? {
        format!(
            "{path} was deleted and opens nothing any more; a ticket that was given stays good for 30 s, and open feeds go on until they are closed."
        )
    } else {
        format!("{path} was not there.")
    };
    let taken = take_out(config)
        .with_context(|| format!("{removed} CloudCLI's file could not be cleaned"))?;
    Ok(format!("{removed}\n{taken}"))
}

fn take_out(config: &Config) -> anyhow::Result<String> {
    let place = PluginsFile::path(&config.home).display().to_string();
    let mut words = "was not in";
    if let Some(file) = PluginsFile::read(&config.home)?
        && let Some(text) = file.text.as_deref()
    {
        let without = secret::take(text, PLUGIN, NAME).map_err(|refusal| Unfit {
            path: place.clone(),
            refusal,
        })?;
        if without != text {
            file.replace(&without)?;
            words = "was taken out of";
        }
    }
    Ok(format!("The token {words} {place}."))
}
