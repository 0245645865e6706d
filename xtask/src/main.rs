//! The chores of the project, each a subcommand: `cargo xtask <chore>`.
//!
//! Knows the names of the chores. What each does stands in the module of its name.

mod cargo;
mod page;
mod workspace;

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask page [--out FILE]        build the page into one ES module (target/page/index.js)";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            workspace::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["page"] => page::build(&workspace::target().join("page/index.js")),
        ["page", "--out", out] => page::build(&workspace::absolute(out)?),
        [] | ["help" | "-h" | "--help"] => {
            workspace::say(USAGE);
            Ok(())
        }
        other => bail!("no such chore: {}\n{USAGE}", other.join(" ")),
    }
}
