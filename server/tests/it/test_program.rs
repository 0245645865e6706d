//! The built program with a home of its own, ended when it is dropped.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use session_core::id::ProcessKey;
use session_manager::observe::proc::ProcReader;

use crate::client::Connection;

pub(crate) struct TestProgram {
    child: Child,
    pub(crate) port: u16,
    log: PathBuf,
}

impl TestProgram {
    pub(crate) fn start(home: &Path) -> Self {
        let log = home.join("log");
        let config = home.join(".config/session-manager");
        fs::create_dir_all(&config).unwrap();
        // A test acts faster than a person.
        fs::write(config.join("config.toml"), "actions_per_second = 100000\n").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_session-manager"))
            .env_clear()
            .env("HOME", home)
            .env("PATH", "/usr/bin:/bin")
            .env("SESSION_MANAGER_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        let port = ready["port"].as_u64().unwrap().try_into().unwrap();
        Self { child, port, log }
    }

    pub(crate) fn key(&self) -> ProcessKey {
        let stat = ProcReader::at("/proc").unwrap().stat(self.child.id());
        stat.unwrap().key
    }

    pub(crate) fn connect(&self) -> Connection {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        // A server that hangs fails the test instead of stopping it.
        let patience = Some(Duration::from_secs(60));
        stream.set_read_timeout(patience).unwrap();
        Connection(stream)
    }

    /// What it has warned of.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it as its host does.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for TestProgram {
    fn drop(&mut self) {
        // Both fail for one that has ended and been waited for.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
