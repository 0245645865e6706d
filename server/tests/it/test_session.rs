//! A process that a registry file calls a session, killed and reaped when it is dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
};

use session_core::id::ProcessKey;
use session_manager::observe::proc::ProcReader;

pub(crate) struct TestSession {
    pub(crate) child: Child,
    output: BufReader<ChildStdout>,
}

/// Takes SIGTERM for a line to print, and ends when it is told to.
const STUBBORN: &str =
    r#"trap 'echo TERM' TERM; echo ready; while :; do read line && exit 0; done"#;

impl TestSession {
    /// Ends on SIGTERM.
    pub(crate) fn start() -> Self {
        let mut sleep = Command::new("sleep");
        sleep.arg("600");
        Self::spawn(sleep)
    }

    /// Ignores SIGTERM and says that it came.
    pub(crate) fn stubborn() -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", STUBBORN]);
        let mut session = Self::spawn(shell);
        assert_eq!(session.line(), "ready");
        session
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn key(&self) -> ProcessKey {
        let stat = ProcReader::at("/proc").unwrap().stat(self.pid());
        stat.unwrap().key
    }

    /// The key as it stands in a row.
    pub(crate) fn key_text(&self) -> String {
        let key = self.key();
        format!("{}:{}", key.pid, key.start_ticks)
    }

    /// Writes the registry file below `home`; `more` are fields that begin with a comma.
    pub(crate) fn register(&self, home: &Path, more: &str) {
        register(home, self.key(), more);
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Lets a stubborn one end by itself.
    pub(crate) fn tell_to_end(&mut self) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(b"end\n").unwrap();
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for TestSession {
    fn drop(&mut self) {
        // Both fail for one that has ended and been waited for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn register(home: &Path, key: ProcessKey, more: &str) {
    let sessions = home.join(".claude/sessions");
    fs::create_dir_all(&sessions).unwrap();
    let ProcessKey { pid, start_ticks } = key;
    let file = format!(r#"{{"pid":{pid},"procStart":"{start_ticks}"{more}}}"#);
    fs::write(sessions.join(format!("{pid}.json")), file).unwrap();
}
