//! The program with its pipes, and the signals that end it.

use std::{
    cell::{Cell, RefCell},
    io,
    process::Stdio,
    rc::Rc,
    time::Duration,
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::mpsc,
    task::{JoinHandle, spawn_local},
    time::timeout,
};

use super::super::{key, spec::Spec};
use crate::observe::hooks::HELD;

/// The program with the ends of its pipes.
#[derive(Debug)]
pub(in crate::hold) struct Process {
    pub(super) child: Child,
    /// `None` once it was handed on.
    pub(super) stdin: Option<Input>,
    pub(super) stdout: BufReader<ChildStdout>,
    stderr: Rc<RefCell<Vec<u8>>>,
    /// Reads the standard error until it is closed.
    listens: JoinHandle<()>,
}

/// Where lines for it are put.
#[derive(Debug)]
pub(super) struct Input {
    lines: mpsc::UnboundedSender<String>,
    /// What it has not read yet, in bytes.
    waiting: Rc<Cell<usize>>,
}

/// What is kept of the standard error, in bytes.
const STDERR: usize = 8 * 1024;

/// What an ended process has written is there to be read within this.
pub(super) const REST: Duration = Duration::from_millis(200);

/// What may wait for a program that does not read, in bytes: two of the longest messages.
const BACKLOG: usize = 32 * 1024 * 1024;

impl Process {
    /// Starts the program.
    pub(in crate::hold) fn start(spec: &Spec) -> io::Result<Self> {
        let mut words = spec.argv.iter();
        let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command
            .args(words)
            .current_dir(&spec.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for name in &spec.without {
            command.env_remove(name);
        }
        for (name, value) in &spec.variables {
            command.env(name, value);
        }
        if let Some(own) = key(std::process::id()) {
            command.env(HELD, own.to_string());
        }
        // A group of its own: what is sent to ours is not meant for it.
        let mut child = command.process_group(0).spawn()?;
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = child.stdout.take().ok_or_else(missing)?;
        let error = child.stderr.take().ok_or_else(missing)?;
        let (lines, outbox) = mpsc::unbounded_channel();
        let waiting = Rc::default();
        spawn_local(hand_over(stdin, outbox, Rc::clone(&waiting)));
        let stderr = Rc::default();
        let listens = spawn_local(keep_end(error, Rc::clone(&stderr)));
        Ok(Self {
            child,
            stdin: Some(Input { lines, waiting }),
            stdout: BufReader::new(stdout),
            stderr,
            listens,
        })
    }

    pub(in crate::hold) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub(super) fn signal(&self, signal: Signal) {
        // It has not been waited for, so the number is still its own.
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            return;
        };
        let sent = pidfd_open(pid, PidfdFlags::empty())
            .and_then(|process| pidfd_send_signal(process, signal));
        if let Err(error) = sent {
            tracing::warn!(%error, "the session can't be signalled");
        }
    }

    /// The end of what it wrote to its standard error; it has ended.
    pub(super) async fn last_words(&mut self) -> String {
        // What it leaves running may keep the pipe open.
        timeout(REST, &mut self.listens).await.ok();
        let text = String::from_utf8_lossy(&self.stderr.borrow()).into_owned();
        text.trim().to_owned()
    }
}

impl Input {
    pub(super) fn say(&self, line: String) {
        self.waiting
            .set(self.waiting.get().saturating_add(line.len()));
        // Without a reader it is about to end.
        self.lines.send(line).ok();
    }

    /// Whether a message of so many bytes may be added to what waits to be read.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        let waiting = self.waiting.get();
        waiting == 0 || waiting.saturating_add(bytes) <= BACKLOG
    }
}

/// Writes whole lines only: half of one would end the session (2.1.329).
async fn hand_over(
    mut stdin: ChildStdin,
    mut lines: mpsc::UnboundedReceiver<String>,
    waiting: Rc<Cell<usize>>,
) {
    while let Some(line) = lines.recv().await {
        if let Err(error) = stdin.write_all(line.as_bytes()).await {
            tracing::debug!(%error, "the session takes nothing any more");
            return;
        }
        waiting.set(waiting.get().saturating_sub(line.len()));
    }
}

/// Keeps the end of what comes.
async fn keep_end(mut from: impl AsyncRead + Unpin, end: Rc<RefCell<Vec<u8>>>) {
    let mut part = vec![0; STDERR];
    while let Ok(read @ 1..) = from.read(&mut part).await {
        let mut end = end.borrow_mut();
        end.extend_from_slice(part.get(..read).unwrap_or_default());
        let surplus = end.len().saturating_sub(STDERR);
        end.drain(..surplus);
    }
}
