//! Everything that must hold before a change goes in, step by step, with the time that each took.
//!
//! A step that fails does not keep the next from running: one run tells all that is wrong.

use std::{
    os::unix::process::CommandExt as _,
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{cargo, dist, licences, machine, page, suite, workspace};

/// Runs all steps; an error names those that failed.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new(workspace::say);
    let mut installs = None;
    steps.run("machine", || {
        machine::provide(
            machine::TEST
                .iter()
                .chain(&machine::HOST)
                .chain(&machine::EMULATOR),
        )?;
        machine::provide_components(&[("rustfmt", "fmt"), ("clippy", "clippy")])?;
        machine::provide_targets(&[page::TARGET, dist::X86_64, dist::AARCH64])?;
        installs = Some(Installs::start()?);
        Ok(())
    });
    steps.run("fmt", || {
        cargo::run(cargo::cargo().args(["fmt", "--all", "--check"]))
    });
    steps.run("licences", licences::check);
    steps.run("npm test", || {
        cargo::run(cargo::command("npm").args(["run", "--silent", "test"]))
    });
    steps.run("clippy", || clippy(&["--workspace", "--all-targets"]));
    steps.run("clippy wasm32", || {
        clippy(&["-p", "session-manager-frontend", "--target", page::TARGET])
    });
    steps.run("dist --check", dist::check::check);
    steps.run("npm run build", || {
        cargo::run(cargo::command("npm").args(["run", "--silent", "build"]))
    });
    steps.run("installs", || {
        installs.take().map_or(Ok(()), Installs::wait)
    });
    steps.run("npm run e2e", || {
        cargo::run(cargo::command("npm").args(["run", "--silent", "e2e"]))
    });
    steps.finish()
}

fn clippy(words: &[&str]) -> Result<()> {
    let mut command = cargo::cargo();
    command.args(["clippy", "--locked", "--quiet"]).args(words);
    // The page of the tests: with another one the server would be compiled once more.
    command.env("SESSION_MANAGER_PAGE", suite::page_path());
    cargo::run(command.args(["--", "-D", "warnings"]))
}

/// What was run, how long it took, and what was wrong.
struct Steps {
    tell: fn(&str),
    done: Vec<(&'static str, Duration, Result<()>)>,
}

impl Steps {
    fn new(tell: fn(&str)) -> Self {
        Self {
            tell,
            done: Vec::new(),
        }
    }

    fn run(&mut self, name: &'static str, step: impl FnOnce() -> Result<()>) {
        (self.tell)(&format!("\n== {name}"));
        let start = Instant::now();
        let result = step();
        let took = start.elapsed();
        match &result {
            Ok(()) => (self.tell)(&format!("== {name}: passed in {} s", took.as_secs())),
            Err(error) => (self.tell)(&format!(
                "== {name}: FAILED in {} s: {error:#}",
                took.as_secs()
            )),
        }
        self.done.push((name, took, result));
    }

    fn finish(self) -> Result<()> {
        (self.tell)("");
        for (name, took, result) in &self.done {
            let verdict = if result.is_ok() { "passed" } else { "FAILED" };
            (self.tell)(&format!("{:>6} s  {verdict}  {name}", took.as_secs()));
        }
        let failed = self
            .done
            .iter()
            .filter(|(_, _, result)| result.is_err())
            .count();
        let total: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        let passed = self.done.len().saturating_sub(failed);
        (self.tell)(&format!(
            "steps: {passed} passed, {failed} failed in {} s",
            total.as_secs()
        ));
        ensure!(failed == 0, "{failed} steps failed");
        Ok(())
    }
}

/// The installs of the e2e tests, which take minutes and little of the processor: they run beside the compiler.
struct Installs {
    shell: Option<Child>,
}

impl Installs {
    fn start() -> Result<Self> {
        let mut shell: Command = cargo::command("sh");
        let script = "for name in claude nodes host; do node e2e/install/$name.mjs || exit 1; done";
        // A group of its own, so that npm ends with us when we end early.
        let shell = shell.args(["-c", script]).process_group(0).spawn();
        let shell = shell.context("starting the installs of the e2e tests")?;
        Ok(Self { shell: Some(shell) })
    }

    fn wait(mut self) -> Result<()> {
        let Some(mut shell) = self.shell.take() else {
            return Ok(());
        };
        let status = shell
            .wait()
            .context("waiting for the installs of the e2e tests")?;
        ensure!(
            status.success(),
            "the installs of the e2e tests ended with {status}"
        );
        Ok(())
    }
}

impl Drop for Installs {
    fn drop(&mut self) {
        let Some(shell) = &mut self.shell else {
            return;
        };
        // Still our child and not yet waited for, so its number, the group's, is nobody else's.
        let group = format!("-{}", shell.id());
        let kill = cargo::command("kill")
            .args(["-TERM", "--", &group])
            .status();
        let wait = shell.wait();
        if let Err(error) = kill.and(wait) {
            workspace::say(&format!("the installs may still run: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_the_run_and_spares_the_rest() {
        let mut steps = Steps::new(|_| {});
        let mut later = false;
        steps.run("first", || Ok(()));
        steps.run("second", || anyhow::bail!("broken"));
        steps.run("third", || {
            later = true;
            Ok(())
        });
        assert_eq!(steps.finish().unwrap_err().to_string(), "1 steps failed");
        assert!(later);
    }

    #[test]
    fn steps_that_all_pass_pass() {
        let mut steps = Steps::new(|_| {});
        steps.run("only", || Ok(()));
        steps.finish().unwrap();
    }
}
