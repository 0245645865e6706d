//! A holder: the small process of its own that keeps one session, and lives as long as it, whatever becomes of the server.
//!
//! Knows how it comes loose from whoever starts it, and in which order its parts begin and end. It is the same program as the
//! server, and may be of an older version than the one that talks to it.

mod chronicle;
pub mod client;
mod earlier;
mod look;
pub mod lost;
pub mod place;
pub mod protocol;
mod pty;
pub mod screen;
mod shown;
mod socket;
pub mod spec;
mod stdio;
mod talk;
pub mod terminal;

use std::{
    cell::RefCell,
    collections::VecDeque,
    error::Error as _,
    fs::File,
    io::{self, Read as _, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    rc::Rc,
    time::Duration,
};

use rustix::{
    process::setsid,
    stdio::{dup2_stderr, dup2_stdin, dup2_stdout},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{LocalSet, spawn_local},
};
use wire::{Code, HolderKind, Pid, ProcessKey, State};

use self::{
    chronicle::Chronicle,
    place::Place,
    protocol::Now,
    shown::Shown,
    socket::Desk,
    spec::{Outset, Spec},
    stdio::Judge,
    talk::Talk,
};
use crate::{
    clock::now, event_log::EventLog, observe::proc::ProcReader, present, state_dir::StateDir,
};

/// Clients that are connected at the end may read the rest for so long.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is read of a specification, in bytes: a prompt of 16 MB, escaped.
const SPEC: u64 = 100 * 1024 * 1024;

/// Comes loose: a session of our own, and a parent that has ended, so that whoever started us neither waits for us nor takes
/// us along.
pub fn come_loose() -> io::Result<ExitCode> {
    // Fails where we lead a group already; then nobody shares it.
    setsid().ok();
    Command::new(program())
        .arg0("session-manager")
        .args(["hold", "--loose"])
        .spawn()?;
    Ok(ExitCode::SUCCESS)
}

/// The program that we are, also where an update has put another one in its place.
pub fn program() -> PathBuf {
    let own = std::env::current_exe().ok().filter(|path| path.exists());
    own.unwrap_or_else(|| PathBuf::from("/proc/self/exe"))
}

/// Holds one session until it has ended. Reads what to hold from the standard input, and says on the standard output whether
/// it lives.
pub fn hold() -> io::Result<ExitCode> {
    let mut text = Vec::new();
    io::stdin().take(SPEC).read_to_end(&mut text)?;
    let spec: Spec = serde_json::from_slice(&text)?;
    drop(text);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    let held = runtime.block_on(local.run_until(run(spec)));
    // Readers of the log are in nobody's way.
    runtime.shutdown_timeout(Duration::from_millis(100));
    held.map(|()| ExitCode::SUCCESS)
}

async fn run(mut spec: Spec) -> io::Result<()> {
    let desk = match prepare(&spec) {
        Ok(prepared) => prepared,
        Err((code, sentence)) => return say(&Outset::Failed { code, sentence }),
    };
    let Prepared {
        log,
        place,
        lock,
        messages,
    } = desk;
    let program = match Program::start(&mut spec) {
        Ok(program) => program,
        Err(why) => {
            let (code, sentence) = (
                Code::NoClaude,
                format!("Claude Code can't be started: {why}"),
            );
            return say(&Outset::Failed { code, sentence });
        }
    };
    let key = program.pid().and_then(key).ok_or(io::ErrorKind::NotFound)?;
    // What is said in a terminal stands in the transcript; a log that has something must not end without a word of it.
    let is_kept = program.shown().is_none() || log.last_seq() > 0;
    let chronicle = Chronicle::new(is_kept.then_some(log));
    let first = Now {
        session_id: spec.session_id.clone(),
        key,
        cwd: Path::new(&spec.cwd).display().to_string(),
        name: spec.name.take(),
        state: State::Starting,
        since: now().0,
        model: None,
        permission_mode: None,
        seq: chronicle.last(),
        approvals: Vec::new(),
    };
    let listener = socket::listen_at(&place)?;
    let (commands, inbox) = mpsc::unbounded_channel();
    let desk = Rc::new(Desk {
        kind: spec.kind,
        place,
        chronicle: RefCell::new(chronicle),
        now: watch::Sender::new(first.clone()),
        shown: program.shown().cloned(),
        commands,
        lock: RefCell::new(Some(lock)),
        ended: watch::Sender::new(false),
    });
    spawn_local(socket::serve(listener, Rc::clone(&desk)));
    let (ready, is_ready) = oneshot::channel();
    let kept = match program {
        Program::Stdio(process) => {
            let prompt = spec.prompt.take();
            let judge = Judge::at(StateDir::at(Path::new(&spec.state_dir)));
            let talk = Talk::new(first, messages);
            let desk = Rc::clone(&desk);
            spawn_local(stdio::keep(
                *process, talk, prompt, judge, desk, inbox, ready,
            ))
        }
        Program::Pty(process) => {
            spawn_local(pty::keep(*process, first, Rc::clone(&desk), inbox, ready))
        }
    };
    let outset = match is_ready.await {
        Ok(Ok(())) => Outset::Lives {
            key: desk.now.borrow().key,
        },
        Ok(Err(stillborn)) => Outset::Failed {
            code: stillborn.code,
            sentence: stillborn.sentence,
        },
        Err(_) => Outset::Failed {
            code: Code::Fault,
            sentence: "The holder failed unexpectedly".to_owned(),
        },
    };
    // Whoever started us may have gone meanwhile; the session goes on.
    say(&outset).ok();
    if let Err(error) = let_go(&desk.place) {
        tracing::warn!(%error, "what was inherited is kept");
    }
    // Normally the lock is given back by now.
    if kept.await.is_err() {
        tracing::error!("holding the session failed unexpectedly");
        desk.give_up();
    }
    desk.leave();
    tokio::time::sleep(FAREWELL).await;
    Ok(())
}

/// What is held, by what.
enum Program {
    Stdio(Box<stdio::Process>),
    Pty(Box<pty::Process>),
}

impl Program {
    /// Starts it; returns why that failed.
    fn start(spec: &mut Spec) -> Result<Self, String> {
        match spec.kind {
            HolderKind::Pty => match pty::Process::start(spec) {
                Ok(process) => Ok(Self::Pty(Box::new(process))),
                Err(error) => Err(match error.source() {
                    Some(cause) => format!("{error}: {cause}"),
                    None => error.to_string(),
                }),
            },
            HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => {
                let process = stdio::Process::start(spec);
                let process = process.map_err(|error| error.to_string())?;
                Ok(Self::Stdio(Box::new(process)))
            }
        }
    }

    fn pid(&self) -> Option<u32> {
        match self {
            Self::Stdio(process) => process.pid(),
            Self::Pty(process) => Some(process.pid()),
        }
    }

    /// What its terminal shows, `None` where it has none.
    fn shown(&self) -> Option<&Rc<Shown>> {
        match self {
            Self::Stdio(_) => None,
            Self::Pty(process) => Some(&process.shown),
        }
    }
}

struct Prepared {
    log: EventLog,
    place: Place,
    lock: place::Lock,
    /// The ids of messages that were handed over before, oldest first.
    messages: VecDeque<String>,
}

/// Takes the session's directory.
fn prepare(spec: &Spec) -> Result<Prepared, (Code, String)> {
    let state = StateDir::at(Path::new(&spec.state_dir));
    let fault = |error: io::Error| {
        let place = state.path();
        let sentence = format!("{} can't be used: {error}", place.display());
        (Code::Fault, sentence)
    };
    let place = Place::make(&state, &spec.session_id).map_err(fault)?;
    let lock = place.wait_for_lock().map_err(fault)?.ok_or_else(|| {
        let sentence = "What holds this conversation's log has not let go of it: it is starting, ending, or goes on with another conversation since /clear. End that one, or go on in a copy with fork.";
        (Code::Busy, sentence.to_owned())
    })?;
    let directory = Place::make(&state, &spec.session_id).map_err(fault)?;
    let mut log = EventLog::open(directory.into_directory()).map_err(fault)?;
    if let Some(earlier) = spec.earlier.as_ref().filter(|_| log.last_seq() == 0)
        && let Err(error) = earlier::tell(earlier, &mut log)
    {
        // The session does not depend on it.
        tracing::warn!(%error, "what was said before can't be told");
    }
    let messages = earlier::messages(&place, log.last_seq()).unwrap_or_else(|error| {
        tracing::warn!(%error, "what was sent before can't be read");
        VecDeque::new()
    });
    Ok(Prepared {
        log,
        place,
        lock,
        messages,
    })
}

fn say(outset: &Outset) -> io::Result<()> {
    let mut line = serde_json::to_vec(outset)?;
    line.push(b'\n');
    let mut stdout = io::stdout().lock();
    stdout.write_all(&line)?;
    stdout.flush()
}

/// Lets go of what was inherited. What is logged from now on goes to a file of the session's.
fn let_go(place: &Place) -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    // The session does not depend on what is logged of it.
    match place.own_log() {
        Ok(file) => dup2_stderr(file)?,
        Err(_) => dup2_stderr(&nothing)?,
    }
    Ok(())
}

fn key(pid: u32) -> Option<ProcessKey> {
    let proc = ProcReader::at("/proc").ok()?;
    let key = present::key(proc.stat(pid)?.key)?;
    debug_assert_eq!(Some(key.pid), Pid::new(pid));
    Some(key)
}
