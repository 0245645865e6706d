//! A terminal of its own for a program, and the program in it.
//!
//! Knows pseudoterminals and the process that was started in one. Does not know what is written to them.
//!
//! The program leads a session of its own whose controlling terminal this is, and has no descriptor but the three of
//! the terminal (all of ours are closed on exec). When `Output` and `Input` have both been dropped, the terminal is
//! hung up: the kernel sends SIGHUP to the program and to its foreground process group. What else has the terminal
//! open, such as a job in the background, may outlive the program; `Output` does not end before that ends as well, so
//! that the end of the session is the program's, told by `Process`.

use std::{
    ffi::OsString, io, os::unix::process::ExitStatusExt as _, path::PathBuf, process::ExitStatus,
};

use pty_process::{Command, OwnedReadPty, OwnedWritePty};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
};

/// Columns and rows that a screen can be kept of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    columns: u16,
    rows: u16,
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The program, and its arguments. A program without a `/` is looked for on the `PATH` in `environment`.
    pub argv: Vec<OsString>,
    /// All of it: nothing of ours is handed on.
    pub environment: Vec<(OsString, OsString)>,
    pub cwd: PathBuf,
    pub size: Size,
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("there is no program to start")]
    Nothing,
    #[error("no terminal could be opened")]
    Terminal(#[source] pty_process::Error),
    #[error("{} could not be started in {}", .program.display(), .cwd.display())]
    Program {
        program: PathBuf,
        cwd: PathBuf,
        #[source]
        source: pty_process::Error,
    },
}

/// A terminal with a program that runs in it. Its parts are used at the same time.
#[derive(Debug)]
pub struct Terminal {
    pub output: Output,
    pub input: Input,
    pub process: Process,
}

/// What is written on the terminal.
#[derive(Debug)]
pub struct Output(OwnedReadPty);

/// Its keyboard, and its size.
#[derive(Debug)]
pub struct Input(OwnedWritePty);

/// The program. When it is dropped, the program goes on.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
}

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exited { code: i32 },
    Signalled { signal: i32 },
}

impl Size {
    /// At most.
    pub const COLUMNS: u16 = 500;
    pub const ROWS: u16 = 200;

    /// The nearest that can be kept; 2 columns at least, for wide characters.
    pub fn new(columns: u16, rows: u16) -> Self {
        Self {
            columns: columns.clamp(2, Self::COLUMNS),
            rows: rows.clamp(1, Self::ROWS),
        }
    }

    pub fn columns(self) -> u16 {
        self.columns
    }

    pub fn rows(self) -> u16 {
        self.rows
    }
}

impl Terminal {
    /// Opens a terminal and starts the program in it; within a tokio runtime.
    pub fn start(launch: &Launch) -> Result<Self, StartError> {
        let (program, arguments) = launch.argv.split_first().ok_or(StartError::Nothing)?;
        let (terminal, other_side) = pty_process::open().map_err(StartError::Terminal)?;
        // Before the program asks for it.
        terminal
            .resize(launch.size.into())
            .map_err(StartError::Terminal)?;
        let failed = |source| StartError::Program {
            program: program.into(),
            cwd: launch.cwd.clone(),
            source,
        };
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&launch.cwd)
            .spawn(other_side)
            .map_err(failed)?;
        // It has a number for as long as it was not waited for.
        let pid = child.id().unwrap_or(0);
        let (output, input) = terminal.into_split();
        Ok(Self {
            output: Output(output),
            input: Input(input),
            process: Process { child, pid },
        })
    }
}

impl Output {
    /// Reads what there is, at least a byte, at most as much as fits into `buffer`; 0 once nobody has the terminal open
    /// any more. May be cancelled without a loss.
    pub async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer).await {
            // How the kernel says so.
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
                Ok(0)
            }
            read => read,
        }
    }
}

impl Input {
    /// Types what fits, and returns how much did. May be cancelled without a loss. Waits where the program reads nothing:
    /// a terminal holds 4 KB for it.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).await
    }

    /// Changes the size; the program's foreground process group gets SIGWINCH where it is another one.
    pub fn resize(&self, size: Size) -> io::Result<()> {
        self.0.resize(size.into()).map_err(io::Error::other)
    }
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end. May be cancelled, and be asked again.
    pub async fn wait(&mut self) -> io::Result<End> {
        self.child.wait().await.map(End::of)
    }
}

impl End {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited { code },
            (None, signal) => Self::Signalled {
                signal: signal.unwrap_or(0),
            },
        }
    }
}

impl From<Size> for pty_process::Size {
    fn from(size: Size) -> Self {
        Self::new(size.rows, size.columns)
    }
}
