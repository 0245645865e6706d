//! Processes that do nothing: killed and reaped through their handles when they are dropped.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context as _, Result};
use wire::{Pid, ProcessKey};

#[derive(Debug)]
pub(super) struct Sleeper(Child);

impl Sleeper {
    /// Starts a `sleep` with the home of whoever is said to have started it. It ends by itself within the hour, whatever
    /// becomes of us.
    pub(super) fn start(program: &Path, home: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("3600").env("HOME", home).stdin(Stdio::null());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let shown = program.display();
        Ok(Self(child.with_context(|| format!("starting {shown}"))?))
    }

    /// Starts many that are nobody's session.
    pub(super) fn crowd(number: usize, home: &Path) -> Result<Vec<Self>> {
        let sleep = Path::new("sleep");
        (0..number).map(|_| Self::start(sleep, home)).collect()
    }

    pub(super) fn key(&self) -> Result<ProcessKey> {
        let pid = self.0.id();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name may contain anything, so it is counted from its end: the start is field 22, the state 3.
        let fields = stat.rsplit_once(')').map(|(_, rest)| rest);
        let start = fields.and_then(|rest| rest.split_whitespace().nth(22 - 3)?.parse().ok());
        Ok(ProcessKey {
            pid: Pid::new(pid).context("the kernel gives out no such pid")?,
            start_ticks: start.context("proc(5) tells when a process started")?,
        })
    }

    /// Ends it as SIGKILL does.
    pub(super) fn end(mut self) -> Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        // Both fail for one that has been waited for.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleeper_is_told_from_the_next_owner_of_its_pid() {
        let sleeper = Sleeper::start(Path::new("sleep"), Path::new("/")).unwrap();
        let key = sleeper.key().unwrap();
        assert_eq!(key.pid.get(), sleeper.0.id());
        assert!(key.start_ticks > 0);
        sleeper.end().unwrap();
        assert!(!Path::new(&format!("/proc/{}/stat", key.pid)).exists());
    }
}
