//! Terminals held by the user's own tmux server, which outlives ours.
//!
//! Knows tmux (3.3a) and how to run it as another user. Does not know Claude Code.

pub mod launch;
pub mod pane;

use std::{
    ffi::OsString,
    fs::File,
    io::{self, Seek as _, Write as _},
    path::PathBuf,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{MemfdFlags, memfd_create},
    process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal},
};

use super::front::{Front, OpenFiles, OtherUser, WayOut};

/// tmux, and the user whose server it talks to.
#[derive(Clone, Debug)]
pub struct Tmux {
    pub program: PathBuf,
    /// Where the server listens; `None` for the place that tmux takes by itself.
    pub socket: Option<PathBuf>,
    /// `None` for our own user.
    pub user: Option<OtherUser>,
    /// `None` where nothing would take a new tmux server down with ours.
    pub way_out: Option<WayOut>,
    /// `None` where it is the limit that we have.
    pub open_files: Option<OpenFiles>,
}

#[derive(Debug, thiserror::Error)]
pub enum TmuxError {
    #[error("{} could not be run", .0.display())]
    Run(PathBuf, #[source] io::Error),
    #[error("tmux says: {0}")]
    Refused(String),
    /// Its server hangs.
    #[error("tmux does not answer")]
    Silent,
    /// What would be started from here could never leave the sandbox of our unit.
    #[error("systemd did not start a terminal outside of this server's sandbox")]
    Confined(#[source] Box<Self>),
}

/// Variables of our host, or of a session that we were started from: a tmux server that is born here would
/// hand them to every program in it (`NODE_ENV=production` makes `npm install` leave out half).
pub const NOT_INHERITED: [&str; 7] = [
    // The server that we happen to be in is not the one that `attach_command` leads to.
    "TMUX",
    "TMUX_PANE",
    // Where it is wanted, `Launch` names it.
    "CLAUDE_CONFIG_DIR",
    "NODE_ENV",
    "PLUGIN_NAME",
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
];

/// A tmux server answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

impl Tmux {
    /// The command that shows a session to its user.
    pub fn attach_command(&self, session: &str) -> String {
        match &self.user {
            None => format!("tmux attach -t {session}"),
            Some(user) => format!("runuser -u {} -- tmux attach -t {session}", user.name),
        }
    }

    fn run(&self, arguments: Vec<OsString>) -> Result<String, TmuxError> {
        self.feed(arguments, &[])
    }

    /// Runs it with this on its standard input.
    fn feed(&self, arguments: Vec<OsString>, input: &[u8]) -> Result<String, TmuxError> {
        let front = Front {
            user: self.user.as_ref(),
            ..Front::default()
        };
        let mut words = Vec::new();
        if let Some(socket) = &self.socket {
            words.extend(["-S".into(), socket.clone().into_os_string()]);
        }
        words.extend(arguments);
        let mut command = front.command(&self.program, words);
        let broken = |error| TmuxError::Run(self.program.clone(), error);
        match input {
            [] => command.stdin(Stdio::null()),
            // No pipe: its writer would hang with a server that does.
            input => command.stdin(in_memory(input).map_err(broken)?),
        };
        let output = within(PATIENCE, uninherited(&mut command)).map_err(broken)?;
        told(output.ok_or(TmuxError::Silent)?)
    }
}

/// Runs a command to its end; `None` where that takes too long.
fn within(patience: Duration, command: &mut Command) -> io::Result<Option<Output>> {
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let process = pidfd_open(pid.ok_or(io::ErrorKind::NotFound)?, PidfdFlags::empty())?;
    let patience = Timespec::try_from(patience).map_err(io::Error::other)?;
    // Whoever reads what it says can't look at the time as well.
    let watch = thread::spawn(move || {
        let hangs = poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience)) == Ok(0);
        if hangs {
            pidfd_send_signal(&process, Signal::KILL).ok();
        }
        hangs
    });
    let output = child.wait_with_output()?;
    let hangs = watch.join().unwrap_or(false);
    Ok((!hangs).then_some(output))
}

fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("typed", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

fn uninherited(command: &mut Command) -> &mut Command {
    for name in NOT_INHERITED {
        command.env_remove(name);
    }
    command
}

fn told(output: Output) -> Result<String, TmuxError> {
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(TmuxError::Refused(said.trim().to_owned()))
    }
}

fn words<const N: usize>(words: [&str; N]) -> Vec<OsString> {
    words.map(OsString::from).into()
}

/// Names exactly this session: a bare name also matches as a prefix.
fn target(session: &str) -> String {
    format!("={session}:")
}
