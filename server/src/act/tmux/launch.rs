//! Starting programs in detached terminals.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    thread::sleep,
    time::{Duration, Instant},
};

use super::{Tmux, TmuxError, target, told, uninherited, words};
use crate::act::front::{Front, Means, WayOut};

/// What to run in a new terminal.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Without `:` and `.`, which tmux reads as separators.
    pub session: String,
    pub cwd: PathBuf,
    /// At least two words: tmux gives a single one to a shell.
    pub argv: Vec<OsString>,
    /// Set for this session whatever the server's own environment has.
    pub variables: Vec<(&'static str, OsString)>,
}

/// A terminal with a program in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launched {
    pub session: String,
    /// The program's own pid, no shell between.
    pub pid: u32,
}

/// A server that ends takes some milliseconds for it.
const PARTING: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(20);

impl Tmux {
    /// Starts a program in a new detached session; a name that is taken gets a number.
    pub fn start(&self, launch: &Launch) -> Result<Launched, TmuxError> {
        let mut attempt = 1;
        let begun = Instant::now();
        loop {
            let session = match attempt {
                1 => launch.session.clone(),
                number => format!("{}-{number}", launch.session),
            };
            match self.launch_outside(launch, &session) {
                Ok(pid) => {
                    let pid = pid
                        .trim()
                        .parse()
                        .map_err(|_| TmuxError::Refused(format!("{pid:?} is no pid")))?;
                    return Ok(Launched { session, pid });
                }
                Err(error) if is_duplicate(&error) && attempt < 100 => attempt += 1,
                // A server whose last session has just ended still takes clients, and leaves them (tmux 3.3a).
                Err(error) if is_parting(&error) && begun.elapsed() < PARTING => sleep(STEP),
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts the program where our unit's end does not reach it; returns its pid.
    fn launch_outside(&self, launch: &Launch, session: &str) -> Result<String, TmuxError> {
        let Some(way_out) = &self.way_out else {
            return self.launch(launch, session, None);
        };
        match way_out.means {
            Means::Scope => match self.launch(launch, session, Some(way_out)) {
                Err(error) if !is_duplicate(&error) => {
                    tracing::warn!(%error, "no scope of its own: the session will end with this server's unit");
                    self.launch(launch, session, None)
                }
                started => started,
            },
            // A tmux server starts the programs of its terminals itself, and the one that runs is outside.
            Means::Service if self.run(words(["list-sessions"])).is_ok() => {
                self.launch(launch, session, None)
            }
            Means::Service => {
                self.launch(launch, session, Some(way_out))
                    .map_err(|error| TmuxError::Confined(Box::new(error)))?;
                // What a service writes goes to the journal.
                let target = target(session);
                self.run(words([
                    "display-message",
                    "-p",
                    "-t",
                    &target,
                    "#{pane_pid}",
                ]))
            }
        }
    }

    fn launch(
        &self,
        launch: &Launch,
        session: &str,
        way_out: Option<&WayOut>,
    ) -> Result<String, TmuxError> {
        let front = Front {
            open_files: self.open_files.as_ref(),
            way_out,
            user: self.user.as_ref(),
            // The client's own directory, not `-c`: that one is a format, in which `#(...)` runs a shell.
            cwd: Some(&launch.cwd),
        };
        let mut command = front.command(&self.program, arguments(launch, session));
        let output = uninherited(&mut command).stdin(Stdio::null()).output();
        told(output.map_err(|error| TmuxError::Run(self.program.clone(), error))?)
    }

    /// Whether the program has ended; its last screen is kept until `end`.
    pub fn is_dead(&self, session: &str) -> bool {
        let dead = self.run(words([
            "display-message",
            "-p",
            "-t",
            &target(session),
            "#{pane_dead}",
        ]));
        match dead {
            Ok(dead) => dead.trim() != "0",
            // Session or server is gone, and the program with it.
            Err(TmuxError::Refused(_)) => true,
            // Not being able to ask says nothing.
            Err(TmuxError::Run(..) | TmuxError::Silent | TmuxError::Confined(_)) => false,
        }
    }

    /// What the terminal shows, without its empty lines. The last lines that have left it are included: tmux
    /// scrolls once to write that the program has ended.
    pub fn screen(&self, session: &str) -> String {
        let screen = self
            .run(words([
                "capture-pane",
                "-p",
                "-S",
                "-50",
                "-t",
                &target(session),
            ]))
            .unwrap_or_default();
        let lines: Vec<_> = screen
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        lines.join("\n")
    }

    /// From now on the terminal goes when its program ends.
    pub fn let_go(&self, session: &str) -> Result<(), TmuxError> {
        self.run(words([
            "set-option",
            "-p",
            "-u",
            "-t",
            &target(session),
            "remain-on-exit",
        ]))
        .map(drop)
    }

    /// Closes the terminal that `start` made.
    pub fn end(&self, session: &str) -> Result<(), TmuxError> {
        self.run(words(["kill-session", "-t", &format!("={session}")]))
            .map(drop)
    }
}

fn is_parting(error: &TmuxError) -> bool {
    matches!(error, TmuxError::Refused(reason) if reason.contains("server exited"))
}

fn is_duplicate(error: &TmuxError) -> bool {
    matches!(error, TmuxError::Refused(reason) if reason.contains("duplicate session"))
}

/// tmux takes a semicolon at the end of a word for the end of a command.
fn literal(word: OsString) -> OsString {
    match word.as_encoded_bytes().strip_suffix(b";") {
        Some(rest) => OsString::from_vec([rest, b"\\;"].concat()),
        None => word,
    }
}

fn arguments(launch: &Launch, session: &str) -> Vec<OsString> {
    let mut arguments = words([
        "-u",
        "new-session",
        "-d",
        "-P",
        "-F",
        "#{pane_pid}",
        "-x",
        "160",
        "-y",
        "48",
        "-s",
        session,
    ]);
    for (name, value) in &launch.variables {
        let mut pair = OsString::from(name);
        pair.push("=");
        pair.push(value);
        arguments.extend([OsString::from("-e"), literal(pair)]);
    }
    arguments.push("--".into());
    arguments.extend(launch.argv.iter().cloned().map(literal));
    // A program that ends at once leaves its last words on the screen.
    arguments.extend(words([
        ";",
        "set-option",
        "-p",
        "-t",
        &target(session),
        "remain-on-exit",
        "on",
    ]));
    arguments
}

/// Whether a directory can be a terminal's: tmux falls back to another one without a word.
pub fn is_usable_cwd(path: &Path) -> bool {
    path.is_absolute() && path.is_dir() && !path.as_os_str().as_encoded_bytes().contains(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_comes_from_outside_ends_a_command() {
        let launch = Launch {
            session: "claude-086ce0db".to_owned(),
            cwd: PathBuf::from("/home/dev/#(touch x);"),
            argv: ["/odd;", "--resume", "086ce0db"].map(OsString::from).into(),
            variables: vec![("HOME", OsString::from("/home/dev;"))],
        };
        let arguments = arguments(&launch, "claude-086ce0db");
        let ends = arguments
            .iter()
            .filter(|word| word.as_encoded_bytes().ends_with(b";"));
        let ends: Vec<_> = ends.map(|word| word.to_str().unwrap()).collect();
        assert_eq!(ends, ["HOME=/home/dev\\;", "/odd\\;", ";"]);
        assert!(
            arguments
                .iter()
                .all(|word| !word.as_encoded_bytes().contains(&b'('))
        );
    }
}
