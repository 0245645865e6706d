//! The chores of the project, each a subcommand: `cargo xtask <chore>`.
//!
//! Knows the names of the chores. What each does stands in the module of its name.

mod bench;
mod cargo;
mod ci;
mod dist;
mod licences;
mod machine;
mod page;
mod plugin_dir;
mod source;
mod suite;
mod workspace;

use std::{env, process::ExitCode};

use anyhow::{Result, bail};

const USAGE: &str = "\
cargo xtask page [--out FILE]        build the page into one ES module (target/page/index.js)
cargo xtask dist [--check]           build dist/, or build it aside and compare
cargo xtask plugin-dir --out DIR     what the host would install, built from this checkout
cargo xtask test                     every test but those of e2e (npm test)
cargo xtask e2e                      the tests against the real host and the real CLI (npm run e2e)
cargo xtask bench idle [--live 20] [--seconds 60]
                                     what the server costs while nothing happens (docs/figures.md)
cargo xtask bench churn [--count 10000]
                                     what it keeps of sessions that have come and gone
cargo xtask bench attack [--rounds 4]
                                     how long a good client waits while others are in the way
cargo xtask licences                 licences and origins of all crates
cargo xtask ci                       everything that must hold (.ci/run)";

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
        ["dist"] => dist::make(),
        ["dist", "--check"] => dist::check::check(),
        ["plugin-dir", "--out", out] => plugin_dir::make(&workspace::absolute(out)?),
        ["test"] => suite::test(),
        ["e2e"] => suite::e2e(),
        ["bench", words @ ..] => bench::run(words),
        ["licences"] => licences::check(),
        ["ci"] => ci::run(),
        [] | ["help" | "-h" | "--help"] => {
            workspace::say(USAGE);
            Ok(())
        }
        other => bail!("no such chore: {}\n{USAGE}", other.join(" ")),
    }
}
