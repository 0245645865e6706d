//! Where something is told about sessions, and what a name there means.
//!
//! Reads names and times, never contents. Does not know how it is noticed that one changes.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use session_core::id::SessionId;

use super::{Events, files::Stamp};
use crate::observe::registry;

/// A directory, and what its names mean.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// `<config>/sessions`: `<pid>.json` and `<pid>.<hash>.key`.
    Registry(PathBuf),
    /// `<config>/projects/<name>`: `<session id>.jsonl`.
    Transcripts(PathBuf),
    /// What the hooks report: `<session id>.json`.
    Hooks(PathBuf),
}

impl Place {
    pub fn path(&self) -> &Path {
        match self {
            Self::Registry(path) | Self::Transcripts(path) | Self::Hooks(path) => path,
        }
    }

    /// Notes what a change of an entry means; most names mean nothing.
    pub(super) fn tell(&self, name: &OsStr, events: &mut Events) {
        let Some(name) = name.to_str() else {
            return;
        };
        match self {
            Self::Registry(_) => events.registry.extend(registry::pid_of_file(name)),
            Self::Transcripts(_) => events.transcripts.extend(session(name, ".jsonl")),
            Self::Hooks(_) => events.hooks.extend(session(name, ".json")),
        }
    }

    /// Notes everything that lies there.
    pub(super) fn tell_all(&self, events: &mut Events) {
        match self {
            Self::Registry(path) | Self::Hooks(path) => {
                for name in names(path) {
                    self.tell(&name, events);
                }
            }
            // Hundreds may lie there, and those that are followed are looked at by themselves.
            Self::Transcripts(_) => {}
        }
    }

    /// What to compare later.
    pub(super) fn stamps(&self) -> BTreeMap<OsString, Stamp> {
        match self {
            Self::Registry(path) | Self::Hooks(path) => {
                let stamp = |name: OsString| {
                    let stamp = Stamp::of(&path.join(&name));
                    (name, stamp)
                };
                names(path).map(stamp).collect()
            }
            Self::Transcripts(_) => BTreeMap::new(),
        }
    }
}

/// The session that a file is named after.
pub(super) fn session(name: &str, extension: &str) -> Option<SessionId> {
    SessionId::parse(name.strip_suffix(extension)?)
}

fn names(path: &Path) -> impl Iterator<Item = OsString> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name())
}
