//! Typing into a pane, and what has to be known of it before.
//!
//! A pane keeps its id as long as its server lives, and none is given twice.

use std::{
    ffi::OsString,
    fs::File,
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, OFlags, flock},
    io::Errno,
};
use uuid::Uuid;

use super::{Tmux, TmuxError, words};
use crate::{hold::screen::Run, typing::draft};

/// One pane, as its server tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pane {
    /// The server's pid.
    pub server: u32,
    /// `%3`.
    pub id: String,
    /// The process that it was opened with.
    pub pid: u32,
    pub state: PaneState,
    /// What `remember` was told, newest last.
    pub remembered: Vec<String>,
}

/// Whether what is typed into a pane gets to its program, and to no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneState {
    Open,
    /// Its program has ended.
    Dead,
    /// Each key goes to the other panes of its window as well.
    Synchronized,
    /// It takes no keys (`select-pane -d`).
    Closed,
}

/// A key with a name of tmux's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedKey {
    Enter,
    Escape,
    ShiftTab,
}

/// Sole right to type on a terminal. It is given back when this is dropped, also by the end of the program.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "the lock goes with it")] File);

/// Where a pane keeps what it is to remember: the server that has the pane has this as long.
const MEMORY: &str = "@session-manager";

/// So many of the words that a pane was told to remember are kept.
const REMEMBERED: usize = 32;

const STEP: Duration = Duration::from_millis(20);

impl Tmux {
    /// The pane with this terminal; `None` where the server has none.
    pub fn pane_at(&self, tty: &Path) -> Result<Option<Pane>, TmuxError> {
        let filter = format!("#{{==:#{{pane_tty}},{}}}", tty.display());
        let format = format!(
            "#{{pid}} #{{pane_id}} #{{pane_pid}} #{{pane_dead}} #{{pane_synchronized}} #{{pane_input_off}} #{{{MEMORY}}}"
        );
        let told = self.run(words(["list-panes", "-a", "-f", &filter, "-F", &format]))?;
        // A window that is in several sessions is listed in each.
        let Some(line) = told.lines().next() else {
            return Ok(None);
        };
        let pane = Pane::parse(line);
        pane.map(Some)
            .ok_or_else(|| TmuxError::Refused(format!("{line:?} is no pane")))
    }

    /// Pastes a text. A program that has asked for that is told where it begins and ends.
    pub fn paste(&self, pane: &Pane, text: &str) -> Result<(), TmuxError> {
        let buffer = format!("session-manager-{}", Uuid::new_v4());
        let mut arguments = words(["load-buffer", "-b", &buffer, "-", ";"]);
        arguments.extend(leave_modes(pane));
        // Without `-r` each end of a line would be replaced.
        let paste = [
            "paste-buffer",
            "-p",
            "-r",
            "-d",
            "-b",
            &buffer,
            "-t",
            &pane.id,
        ];
        arguments.extend(words(paste));
        let pasted = self.feed(arguments, text.as_bytes());
        if pasted.is_err() {
            // It may be there, and is nobody's to read.
            self.run(words(["delete-buffer", "-b", &buffer])).ok();
        }
        pasted.map(drop)
    }

    pub fn press(&self, pane: &Pane, key: NamedKey) -> Result<(), TmuxError> {
        let mut arguments = leave_modes(pane);
        let key = match key {
            NamedKey::Enter => "Enter",
            NamedKey::Escape => "Escape",
            NamedKey::ShiftTab => "BTab",
        };
        arguments.extend(words(["send-keys", "-t", &pane.id, key]));
        self.run(arguments).map(drop)
    }

    /// What a pane shows, line by line.
    pub(crate) fn rows(&self, pane: &Pane) -> Result<Vec<Vec<Run>>, TmuxError> {
        let size = "#{pane_width} #{pane_height}";
        let size = self.run(words(["display-message", "-p", "-t", &pane.id, size]))?;
        let mut size = size.split_whitespace().map(str::parse);
        let (Some(Ok(columns)), Some(Ok(lines))) = (size.next(), size.next()) else {
            return Ok(Vec::new());
        };
        let captured = self.run(words(["capture-pane", "-p", "-e", "-t", &pane.id]))?;
        Ok(draft::drawn(&captured, columns, lines))
    }

    /// Has a pane keep a word; `pane_at` tells it again.
    pub fn remember(&self, pane: &Pane, word: &str) -> Result<(), TmuxError> {
        let kept = pane.remembered.iter().map(String::as_str).chain([word]);
        let kept: Vec<&str> = kept.collect();
        let kept = kept.get(kept.len().saturating_sub(REMEMBERED)..);
        let kept = kept.unwrap_or_default().join(",");
        self.run(words(["set-option", "-p", "-t", &pane.id, MEMORY, &kept]))
            .map(drop)
    }
}

/// In copy mode and the like, keys are commands to tmux, and nothing tells of a program that wants its pastes marked. In one
/// go with what is typed, so that nobody enters one between.
fn leave_modes(pane: &Pane) -> Vec<OsString> {
    words(["copy-mode", "-q", "-t", &pane.id, ";"])
}

impl Pane {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(7, ' ');
        let server = fields.next()?.parse().ok()?;
        let id = fields.next().filter(|id| id.starts_with('%'))?.to_owned();
        let pid = fields.next()?.parse().ok()?;
        let mut is_set = || fields.next().map(|flag| flag == "1");
        let state = match (is_set()?, is_set()?, is_set()?) {
            (true, _, _) => PaneState::Dead,
            (false, true, _) => PaneState::Synchronized,
            (false, false, true) => PaneState::Closed,
            (false, false, false) => PaneState::Open,
        };
        let remembered = fields.next().unwrap_or_default().split(',');
        let remembered = remembered.filter(|word| !word.is_empty());
        Some(Self {
            server,
            id,
            pid,
            state,
            remembered: remembered.map(str::to_owned).collect(),
        })
    }
}

impl Turn {
    /// Waits for the right to type on the terminal `tty`, whose device has this number; `None` where somebody keeps it.
    pub fn take(tty: &Path, device: u64, patience: Duration) -> io::Result<Option<Self>> {
        let flags = OFlags::NOCTTY | OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
        let mut options = File::options();
        let terminal = options.read(true).custom_flags(flags).open(tty)?;
        if terminal.metadata()?.rdev() != device {
            return Err(io::ErrorKind::NotFound.into());
        }
        let begun = Instant::now();
        loop {
            match flock(&terminal, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Some(Self(terminal))),
                Err(Errno::WOULDBLOCK | Errno::INTR) if begun.elapsed() < patience => sleep(STEP),
                Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pane_is_read_as_its_server_tells_it() {
        let pane = Pane {
            server: 77,
            id: "%3".to_owned(),
            pid: 78,
            state: PaneState::Open,
            remembered: Vec::new(),
        };
        assert_eq!(Pane::parse("77 %3 78 0 0 0 "), Some(pane.clone()));
        let remembered = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(
            Pane::parse("77 %3 78 0 0 0 a,b"),
            Some(Pane { remembered, ..pane })
        );
        let state = |line| Pane::parse(line).map(|pane| pane.state);
        assert_eq!(state("77 %3 78 1 1 0 "), Some(PaneState::Dead));
        assert_eq!(state("77 %3 78 0 1 0 "), Some(PaneState::Synchronized));
        assert_eq!(state("77 %3 78 0 0 1 "), Some(PaneState::Closed));
        assert_eq!(state("77 3 78 0 0 0 "), None);
        assert_eq!(state("77 %3 78 0"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(line in ".*") {
            Pane::parse(&line);
        }
    }
}
