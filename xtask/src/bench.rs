//! Measures what the server costs on a busy machine and what it keeps of what has passed.
//!
//! Knows the chores' options and gives them a machine of their own: a pid namespace, in which no other session runs
//! and which takes every process with it when we end. Does not know what is measured.

mod attack;
mod churn;
mod follower;
mod idle;
mod meter;
mod server;
mod sleeper;
mod world;

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{cargo, machine, workspace};

/// Says that the namespace is there already.
const INSIDE: &str = "--here";
const SERVER: &str = "SM_SERVER_BIN";

/// Runs one of the measurements.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let (what, options) = words
        .split_first()
        .context("bench what? idle, churn or attack")?;
    let server = match env::var_os(SERVER) {
        Some(path) => PathBuf::from(path),
        None => release_server()?,
    };
    if !options.contains(&INSIDE) {
        return isolated(words, &server);
    }
    let options = Options::parse(options)?;
    match *what {
        "idle" => idle::measure(&server, &options),
        "churn" => churn::measure(&server, &options),
        "attack" => attack::measure(&server, &options),
        other => bail!("bench {other}? idle, churn or attack"),
    }
}

/// What a person may choose.
#[derive(Debug)]
struct Options {
    /// Numbers of live sessions, one round each.
    live: Vec<usize>,
    seconds: u64,
    /// Sessions that come and go.
    count: usize,
    /// Of calm and of each attack.
    rounds: usize,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            live: vec![20],
            seconds: 60,
            count: 10_000,
            rounds: 4,
        };
        let mut words = words.iter().filter(|word| **word != INSIDE);
        while let Some(word) = words.next() {
            let value = words.next();
            let value = value.with_context(|| format!("{word} needs a value"))?;
            match *word {
                "--live" => options.live = value.split(',').map(number).collect::<Result<_>>()?,
                "--seconds" => options.seconds = number(value)? as u64,
                "--count" => options.count = number(value)?,
                "--rounds" => options.rounds = number(value)?.max(1),
                other => bail!("no such option: {other}"),
            }
        }
        let most = options.live.iter().max();
        ensure!(
            most.is_none_or(|&most| most <= world::SESSIONS),
            "the world has {} sessions",
            world::SESSIONS
        );
        Ok(options)
    }
}

fn number(word: &str) -> Result<usize> {
    word.parse()
        .with_context(|| format!("{word:?} is no number"))
}

/// Runs the same once more where only its own processes are seen.
fn isolated(words: &[&str], server: &std::path::Path) -> Result<()> {
    machine::provide(&machine::BENCH)?;
    let mut command = Command::new("setpriv");
    // Whatever ends us ends `unshare`, which ends the namespace.
    command.args(["--pdeathsig", "KILL", "unshare"]);
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
    if machine::our_uid()? != 0 {
        command.args(["--user", "--map-current-user"]);
    }
    // Ten thousand connections are as many files.
    command.args([
        "sh",
        "-c",
        "ulimit -n \"$(ulimit -Hn)\"; exec \"$0\" \"$@\"",
    ]);
    command.arg(env::current_exe().context("finding ourselves")?);
    command.arg("bench").args(words).arg(INSIDE);
    cargo::run(command.env(SERVER, server))
}

fn release_server() -> Result<PathBuf> {
    let mut build = cargo::cargo();
    build.args(["build", "--locked", "--release", "-p", "session-manager"]);
    cargo::run(&mut build)?;
    Ok(workspace::target().join("release/session-manager"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_chosen_is_as_the_figures_say() {
        let options = Options::parse(&[INSIDE]).unwrap();
        assert_eq!((options.live, options.seconds), (vec![20], 60));
        let options = Options::parse(&["--live", "0,50", "--count", "7"]).unwrap();
        assert_eq!((options.live, options.count), (vec![0, 50], 7));
        for wrong in [
            &["--live"][..],
            &["--live", "501"],
            &["--count", "x"],
            &["x", "1"],
        ] {
            assert!(Options::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
