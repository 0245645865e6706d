//! The built program over a home of its own, and what an attack could harm there: a session that keeps a record of its
//! signals, and a file that a cleanup would delete.

use std::{fs, path::PathBuf};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::{
    client::{Answer, Connection},
    reuse::recorder::{Manners, Recorder, Signals},
    test_program::TestProgram,
    test_session::register,
};

pub(super) struct Scene {
    program: TestProgram,
    home: TempDir,
    victim: Recorder,
}

/// The largest pid that there can be: the kernel gives out smaller ones first.
const NOBODY: &str = "4194304";

impl Scene {
    pub(super) fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let victim = Recorder::start(Manners::Stubborn);
        register(home.path(), victim.key(), "");
        let scene = Self {
            program: TestProgram::start(home.path()),
            home,
            victim,
        };
        let left_over = format!(r#"{{"pid":{NOBODY},"procStart":"1"}}"#);
        fs::write(scene.left_over(), left_over).unwrap();
        scene.lists_the_victim();
        scene
    }

    /// The registry file of a process that has ended.
    fn left_over(&self) -> PathBuf {
        let sessions = self.home.path().join(".claude/sessions");
        sessions.join(format!("{NOBODY}.json"))
    }

    pub(super) fn connect(&self) -> Connection {
        let connection = self.program.connect();
        connection.0.set_nodelay(true).unwrap();
        connection
    }

    /// Puts in what is known only now: `PORT`, the victim's `PID`, and as `LENGTH` how many bytes follow the head.
    pub(super) fn fill(&self, bytes: &[u8]) -> Vec<u8> {
        let bytes = replace(bytes, b"PORT", &self.program.port.to_string());
        let bytes = replace(&bytes, b"PID", &self.victim.key().pid.to_string());
        let mut places = bytes.windows(4);
        let head = places.position(|four| four == b"\r\n\r\n");
        let length = bytes.len() - head.map_or(0, |head| head + 4);
        replace(&bytes, b"LENGTH", &length.to_string())
    }

    /// Asks on a connection of its own; the lines of `request` end in `\n`.
    pub(super) fn ask(&self, request: &str) -> Answer {
        let request = self.fill(request.replace('\n', "\r\n").as_bytes());
        let mut connection = self.connect();
        connection.send(str::from_utf8(&request).unwrap());
        connection.receive().expect("an answer")
    }

    /// A request that must always work.
    pub(super) fn is_well(&self) {
        let answer = self.ask("GET /health HTTP/1.1\nHost: 127.0.0.1:PORT\n\n");
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["ok"], true);
    }

    pub(super) fn lists_the_victim(&self) {
        let answer = self.ask("GET /sessions HTTP/1.1\nHost: 127.0.0.1:PORT\n\n");
        assert_eq!(answer.status, 200, "{answer:?}");
        let key = self.victim.key();
        let key = format!("{}:{}", key.pid, key.start_ticks);
        let rows = answer.json();
        let row = rows
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["key"] == key);
        let row =
            row.unwrap_or_else(|| panic!("{key} is not among {rows:#} {}", self.program.log()));
        assert_eq!(row["actions"]["kill"], true, "{row:?}");
    }

    /// The server is the one that was started, lists what is there, and nothing was done. What the attacks were after
    /// would have been done for somebody who may ask.
    pub(super) fn has_stood(mut self) {
        assert!(self.program.is_alive(), "{}", self.program.log());
        self.lists_the_victim();
        assert!(self.left_over().exists());
        assert_eq!(self.victim.reap(), None, "{}", self.program.log());

        let answer = self.ask("POST /sessions/cleanup HTTP/1.1\nHost: 127.0.0.1:PORT\n\n");
        assert_eq!(answer.json()["deletedSessions"], 1, "{answer:?}");
        assert!(!self.left_over().exists());
        let kill = "POST /sessions/PID/kill HTTP/1.1\nHost: 127.0.0.1:PORT\n\
            Content-Type: application/json\nContent-Length: LENGTH\n\n{\"graceMs\":0}";
        assert_eq!(self.ask(kill).json()["outcome"], "killed");
        // The only signals of its life are those of this last request.
        let sent = Signals::of(&[Signal::SIGTERM, Signal::SIGKILL]);
        loop {
            if let Some(signals) = self.victim.reap() {
                assert_eq!(signals, sent, "{}", self.program.log());
                break;
            }
        }
        assert!(
            !self.program.log().contains("panic"),
            "{}",
            self.program.log()
        );
    }
}

fn replace(bytes: &[u8], word: &[u8], by: &str) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        if rest.starts_with(word) {
            replaced.extend(by.as_bytes());
            rest = &rest[word.len()..];
        } else {
            replaced.push(first);
            rest = &rest[1..];
        }
    }
    replaced
}
