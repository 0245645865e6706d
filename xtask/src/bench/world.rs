//! A home in which much has happened: a registry, transcripts, live sessions.
//!
//! Knows what Claude Code leaves on disk. Does not know who looks at it.

use std::{
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde_json::json;
use wire::ProcessKey;

use super::sleeper::Sleeper;
use crate::workspace;

/// Files in the registry, and as many transcripts.
pub(super) const SESSIONS: usize = 500;
/// Directories that people work in.
const PROJECTS: usize = 50;
const LARGE_BYTES: u64 = 300 << 20;
/// An image in a prompt, on one line.
const LONG_LINE_BYTES: usize = 20 << 20;
/// No process of this machine: pids end at 2^22.
const DEAD_PIDS: usize = 5_000_000;

/// The home. It goes with its value.
pub(super) struct World {
    home: tempfile::TempDir,
    /// A `sleep` that lies where Claude Code's executable would.
    claude: PathBuf,
    /// A transcript that the real CLI wrote.
    turns: Vec<u8>,
}

/// One session of it.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) process: Sleeper,
    pub(super) key: ProcessKey,
    number: usize,
    registry: PathBuf,
    transcript: PathBuf,
}

impl World {
    pub(super) fn empty() -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("session-manager-bench")
            .tempdir()?;
        let versions = home.path().join(".local/share/claude/versions");
        fs::create_dir_all(&versions)?;
        fs::create_dir_all(home.path().join(".claude/sessions"))?;
        let claude = versions.join("2.1.329");
        fs::copy("/bin/sleep", &claude).context("copying sleep")?;
        let turns = "server/core/testdata/transcripts/interactive-all-states.jsonl";
        let turns = fs::read(workspace::root().join(turns)).context("reading a transcript")?;
        Ok(Self {
            home,
            claude,
            turns,
        })
    }

    pub(super) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Leaves `SESSIONS` files in the registry and as many transcripts, the first of them large; the first `live` belong
    /// to the sessions that are returned, the others to processes that are long gone.
    pub(super) fn populate(&self, live: usize) -> Result<Vec<Session>> {
        let mut sessions = Vec::new();
        for number in 0..SESSIONS {
            let transcript = self.transcript(number)?;
            if number == 0 {
                self.write_large(&transcript)?;
            } else if is_alone_in_silence(number) {
                // It has been started, and nothing was said yet.
            } else {
                fs::write(&transcript, &self.turns)?;
            }
            if number < live {
                sessions.push(self.begin(number)?);
            } else {
                let pid = DEAD_PIDS + number;
                let record = record(number, pid as u64, 1, &Said::of(number));
                fs::write(self.registry(pid), record)?;
            }
        }
        Ok(sessions)
    }

    /// Starts a session and writes what proves it.
    pub(super) fn begin(&self, number: usize) -> Result<Session> {
        let process = Sleeper::start(&self.claude, self.home())?;
        let key = process.key()?;
        let registry = self.registry(key.pid.get() as usize);
        let said = Said::of(number);
        let record = record(number, key.pid.get().into(), key.start_ticks, &said);
        fs::write(&registry, record)?;
        Ok(Session {
            process,
            key,
            number,
            registry,
            transcript: self.transcript(number)?,
        })
    }

    fn registry(&self, pid: usize) -> PathBuf {
        let sessions = self.home().join(".claude/sessions");
        sessions.join(format!("{pid}.json"))
    }

    fn transcript(&self, number: usize) -> Result<PathBuf> {
        let project = cwd(number).replace('/', "-");
        let directory = self.home().join(".claude/projects").join(project);
        fs::create_dir_all(&directory)?;
        Ok(directory.join(format!("{}.jsonl", id(number))))
    }

    fn write_large(&self, path: &Path) -> Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        let repeated = LARGE_BYTES / self.turns.len() as u64;
        for _ in 0..repeated {
            file.write_all(&self.turns)?;
        }
        let image = "A".repeat(LONG_LINE_BYTES);
        let line = json!({"type": "user", "message": {"role": "user", "content": [
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}},
        ]}});
        writeln!(file, "{line}")?;
        file.write_all(&self.turns)?;
        file.into_inner()?;
        Ok(())
    }
}

impl Session {
    /// Says something, at the length of a short turn.
    pub(super) fn say(&self, world: &World) -> Result<()> {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(&self.transcript)?;
        let end = world.turns.len().saturating_sub(8 << 10);
        let turn = world.turns.get(end..).unwrap_or_default();
        let whole = turn
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        file.write_all(turn.get(whole..).unwrap_or_default())?;
        Ok(())
    }

    /// Rewrites its registry file with another status.
    pub(super) fn work(&self) -> Result<()> {
        let (pid, start_ticks) = (self.key.pid.get(), self.key.start_ticks);
        let record = record(self.number, pid.into(), start_ticks, &AT_WORK);
        fs::write(&self.registry, record)?;
        Ok(())
    }

    /// Ends as one that is told to, which removes its file first.
    pub(super) fn end(self) -> Result<()> {
        fs::remove_file(&self.registry)?;
        self.process.end()
    }

    /// Is ended by SIGKILL; returns the file that it leaves.
    pub(super) fn kill(self) -> Result<PathBuf> {
        self.process.end()?;
        Ok(self.registry)
    }
}

/// What a registry file says of a session's state.
struct Said {
    entrypoint: &'static str,
    status: Option<&'static str>,
    waiting_for: Option<&'static str>,
}

const AT_WORK: Said = Said {
    entrypoint: "cli",
    status: Some("busy"),
    waiting_for: None,
};

impl Said {
    /// Of ten sessions, two are the Agent SDK's, which write no status, one is at work, one waits for a person, and the
    /// others are at their prompts.
    fn of(number: usize) -> Self {
        match number % 10 {
            1 => AT_WORK,
            2 => Self {
                status: Some("waiting"),
                waiting_for: Some("permission prompt"),
                ..AT_WORK
            },
            3 | 4 => Self {
                entrypoint: "sdk-ts",
                status: None,
                waiting_for: None,
            },
            _ => Self {
                status: Some("idle"),
                ..AT_WORK
            },
        }
    }
}

fn record(number: usize, pid: u64, start_ticks: u64, said: &Said) -> String {
    let started_at = 1_795_225_610_594_u64 + number as u64;
    let stated_at = said.status.map(|_| started_at);
    let record = json!({
        "pid": pid, "sessionId": id(number), "cwd": cwd(number), "startedAt": started_at,
        "procStart": start_ticks.to_string(), "version": "2.1.329", "peerProtocol": 1,
        "kind": "interactive", "entrypoint": said.entrypoint, "name": format!("project-{number}"),
        "nameSource": "derived", "status": said.status, "waitingFor": said.waiting_for,
        "updatedAt": stated_at, "statusUpdatedAt": stated_at,
    });
    record.to_string()
}

fn is_alone_in_silence(number: usize) -> bool {
    number % 10 == 5
}

fn id(number: usize) -> String {
    format!("{number:08}-5e55-4000-8000-000000000000")
}

fn cwd(number: usize) -> String {
    format!("/home/dev/work/project{}", number % PROJECTS)
}
