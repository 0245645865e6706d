//! What Claude Code runs at its events: takes the payload from standard input and keeps what it tells.
//!
//! Must never disturb Claude Code, which waits for its hooks and shows what they print. So nothing is printed but an answer that
//! was asked for, nothing else is waited for longer than moments, and whatever goes wrong goes wrong silently: hooks are evidence
//! that may be missing.

use std::{
    ffi::OsStr,
    fs,
    io::{self, IsTerminal as _, Read as _},
    os::unix::fs::MetadataExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FlockOperation, Mode, flock, mkdirat},
    io::Errno,
};
use session_core::{
    hook::{Ancestor, Call, Event, MAX_PAYLOAD, Report},
    id::{SessionId, UnixMillis},
    process::Likeness,
};

use super::ask;
use crate::{
    beneath::{Access, Directory},
    clock,
    observe::{
        hooks::{self, HookReports, OWN, SHARED},
        proc::ProcReader,
    },
};

/// For as long as this a report is of use: its session may be looked for among the recent ones.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The payload stands in the pipe as soon as we run; whoever sends none is not Claude Code.
const PATIENCE: Duration = Duration::from_secs(1);
/// Each of those ahead of us takes a fraction of a millisecond.
const LOCK_TRIES: u32 = 50;
/// A shell or two stand between us and Claude Code.
const MAX_ANCESTORS: usize = 16;

/// Carries out `session-manager hook`.
pub fn run() {
    quietly(|home, payload, at| keep(home, payload, at, nearest_claude()));
}

/// Carries out `session-manager hook --ask`: what Claude Code asks is asked of the servers too, and their answer printed.
pub fn run_and_ask() {
    quietly(|home, payload, at| {
        let process = nearest_claude();
        let kept = keep(home, payload, at, process.clone());
        // A full disk keeps nobody from answering.
        ask(home, payload, at, process.as_ref()).and(kept)
    });
}

fn quietly(work: impl FnOnce(&Path, &[u8], UnixMillis) -> io::Result<()> + std::panic::UnwindSafe) {
    // A panic would print, and its exit code would be shown.
    std::panic::set_hook(Box::new(|_| {}));
    let done = std::panic::catch_unwind(|| {
        let at = clock::now();
        let payload = payload(io::stdin())?;
        let home = std::env::var_os("HOME").ok_or(io::ErrorKind::NotFound)?;
        work(own(Path::new(&home))?, &payload, at)
    });
    // There is nobody to tell.
    drop(done);
}

/// Root in somebody's home must neither write there nor be led elsewhere from there.
fn own(home: &Path) -> io::Result<&Path> {
    if home.is_absolute() && fs::metadata(home)?.uid() == rustix::process::geteuid().as_raw() {
        Ok(home)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// Asks the servers, or tells them of what may have answered them.
fn ask(home: &Path, payload: &[u8], at: UnixMillis, process: Option<&Ancestor>) -> io::Result<()> {
    // Whoever holds the session is asked by it without us.
    if is_held(process) {
        return Ok(());
    }
    match Call::of_payload(payload) {
        Some(call) if call.event == Event::PermissionRequest => ask::ask(home, call, at.0, process),
        Some(call) => ask::tell(home, call, at.0),
        None => Ok(()),
    }
}

/// Whether the session is held by the process that its environment names, and not only descends from one that is: a tool of a held
/// session may be Claude Code, too.
fn is_held(process: Option<&Ancestor>) -> bool {
    let Some(held) = std::env::var_os(hooks::HELD) else {
        return false;
    };
    // Of a holder of an earlier version a word without a key is all that there is.
    let Some(holder) = held.to_str().filter(|text| text.contains(':')) else {
        return true;
    };
    let Ok(proc) = ProcReader::at("/proc") else {
        return true;
    };
    let session = process.map_or_else(std::os::unix::process::parent_id, |it| it.key.pid);
    let lineage = proc.lineage(session);
    let is_holder = |pid: &u32| {
        let key = proc.running(*pid);
        key.is_some_and(|key| format!("{}:{}", key.pid, key.start_ticks) == holder)
    };
    // What a holder starts leads a group of its own, with all that stands between it and Claude Code. Tools have other groups.
    let Some(below) = lineage
        .iter()
        .position(is_holder)
        .and_then(|at| at.checked_sub(1))
    else {
        return false;
    };
    let group = proc.stat(session).map(|stat| stat.group);
    group.is_some() && group == lineage.get(below).copied()
}

/// Keeps what a payload tells below `home`, which is our own. `process` is found first: it is most of the work, and needs no lock.
fn keep(home: &Path, payload: &[u8], at: UnixMillis, process: Option<Ancestor>) -> io::Result<()> {
    let owner = rustix::process::geteuid().as_raw();
    let Some(first) = Report::of_payload(payload, at, None) else {
        return Ok(());
    };
    make(home)?;
    let (directory, _) = HookReports::at(home).open()?;
    lock(&directory);
    let known = hooks::read(&directory, &first.session_id, owner);
    let Some(mut report) = Report::of_payload(payload, at, known.as_ref()) else {
        return Ok(());
    };
    report.process = process.or(report.process);
    if known.as_ref() != Some(&report) {
        write(&directory, &report.session_id, report.render().as_bytes())?;
    }
    if first.event == Event::SessionStart {
        sweep(&directory, at)?;
    }
    Ok(())
}

/// Reads all of standard input, since its writer may mind a closed pipe, and returns what counts of it.
fn payload(mut stdin: io::Stdin) -> io::Result<Vec<u8>> {
    if stdin.is_terminal() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let deadline = Instant::now() + PATIENCE;
    let mut payload = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        if poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&left))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        // The chunk is larger than standard input's own buffer and so bypasses it: what is there, poll sees.
        let count = stdin.read(&mut chunk)?;
        let read = chunk.get(..count).unwrap_or_default();
        if read.is_empty() {
            return Ok(payload);
        }
        // One more than counts, so that the excess is noticed.
        let room = (MAX_PAYLOAD + 1).saturating_sub(payload.len());
        payload.extend(read.iter().take(room));
    }
}

/// The nearest process above us that looks like Claude Code.
fn nearest_claude() -> Option<Ancestor> {
    let proc = ProcReader::at("/proc").ok()?;
    let mut pid = std::os::unix::process::parent_id();
    for _ in 0..MAX_ANCESTORS {
        if proc.may_be_claude(pid)
            && let Some(process) = proc.process(pid)
            && process.likeness() != Likeness::None
        {
            return Some(Ancestor {
                key: process.key,
                namespace: proc.pid_namespace().to_owned(),
            });
        }
        pid = proc.stat(pid)?.ppid;
    }
    None
}

/// Makes the directory of the reports, for our eyes only.
fn make(home: &Path) -> io::Result<()> {
    let mut directory = Directory::root(home)?;
    let mut path = home.to_owned();
    for name in SHARED {
        make_one(&directory, name)?;
        path.push(name);
        directory = Directory::root(&path)?;
    }
    for name in OWN {
        make_one(&directory, name)?;
        directory = directory.directory(OsStr::new(name))?;
    }
    Ok(())
}

fn make_one(parent: &Directory, name: &str) -> io::Result<()> {
    match mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Keeps other hooks out until `directory` is closed: of two that read the same report, one would lose what the other says.
fn lock(directory: &Directory) {
    for _ in 0..LOCK_TRIES {
        if flock(directory, FlockOperation::NonBlockingLockExclusive) != Err(Errno::WOULDBLOCK) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    // Whoever holds it is stopped. The newest event matters more than what may get lost.
}

/// Puts a report in its place as a whole. Claude Code waits for us, and no session outlives the machine: the disk is not waited for.
fn write(directory: &Directory, id: &SessionId, content: &[u8]) -> io::Result<()> {
    directory.replace_for_now(OsStr::new(&hooks::name(id)), content, Access::Ours)
}

/// Removes what nobody will ask for any more.
fn sweep(directory: &Directory, now: UnixMillis) -> io::Result<()> {
    let ours = |name: &&String| hooks::session(name).is_some() || name.ends_with(".tmp");
    for name in directory.names()?.iter().filter(ours) {
        let name = OsStr::new(name);
        let entry = directory.entry(name)?;
        if entry.is_some_and(|entry| now.saturating_since(entry.modified) > KEPT) {
            directory.remove(name)?;
        }
    }
    Ok(())
}
