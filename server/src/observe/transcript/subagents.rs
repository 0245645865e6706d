//! The transcripts of one conversation's subagents.
//!
//! Knows where Claude Code puts them: below the conversation's own directory from 2.1 on, beside its transcript before
//! that. Does not know what a subagent does.

use std::{ffi::OsStr, fs::File, io, path::PathBuf};

use rustix::fs::FileType;
use session_core::{
    id::UnixMillis,
    transcript::{Place, tail::Tail},
};

use super::{
    Transcripts,
    reading::Unreadable,
    tail::{Known, Version},
};
use crate::beneath::{Directory, Entry};

/// More than this many are not at work at once.
const LIMIT: usize = 8;

/// The transcript of one subagent, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subagent {
    /// The conversation's.
    place: Place,
    nest: Nest,
    name: String,
    version: Version,
    pub modified: UnixMillis,
    modified_nanos: i128,
}

/// Where subagents' transcripts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nest {
    /// In `<project>/<id>/subagents/`.
    Own,
    /// In `<project>/`, together with those of every other conversation.
    Shared,
}

impl Subagent {
    pub fn path(&self) -> PathBuf {
        let project = self.place.projects().join(&self.place.project);
        match self.nest {
            Nest::Own => project.join(self.place.id.as_str()).join(NEST),
            Nest::Shared => project,
        }
        .join(&self.name)
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }
}

/// The directory's name in the conversation's.
const NEST: &str = "subagents";

impl Transcripts {
    /// Lists the youngest that were changed at or after `since`, the newest first. Those of other conversations may be
    /// among them; reading tells.
    pub fn subagents(&self, place: &Place, since: UnixMillis) -> Vec<Subagent> {
        let found = self.nest(place, Nest::Own).map(|it| (it, Nest::Own));
        let found = found.or_else(|_| self.nest(place, Nest::Shared).map(|it| (it, Nest::Shared)));
        let Ok((directory, nest)) = found else {
            return Vec::new();
        };
        let subagent = |name: String| {
            if !(name.starts_with("agent-") && name.ends_with(".jsonl")) {
                return None;
            }
            let entry = directory.entry(OsStr::new(&name)).ok()??;
            let is_asked_for = entry.kind == FileType::RegularFile && entry.modified >= since;
            is_asked_for.then(|| Subagent {
                place: place.clone(),
                nest,
                name,
                version: Version::of(&entry),
                modified: entry.modified,
                modified_nanos: entry.modified_nanos,
            })
        };
        let names = directory.names().unwrap_or_default();
        let mut found: Vec<Subagent> = names.into_iter().filter_map(subagent).collect();
        found.sort_by_key(|subagent| std::cmp::Reverse(subagent.modified_nanos));
        found.truncate(LIMIT);
        found
    }

    /// Reads what `known` does not know yet, or the file's end.
    pub(super) fn subagent_tail(
        &self,
        subagent: &Subagent,
        known: Option<Known>,
    ) -> Result<Known, Unreadable> {
        let read = || {
            let directory = self.nest(&subagent.place, subagent.nest)?;
            let (file, entry): (File, Entry) = directory.file(OsStr::new(&subagent.name))?;
            let blank = Tail::of_subagent(subagent.place.id.clone());
            Known::read(file, Version::of(&entry), &blank, known)
        };
        read().map_err(|error| Unreadable::new(&subagent.path(), &error))
    }

    fn nest(&self, place: &Place, nest: Nest) -> io::Result<Directory> {
        let project =
            Directory::inside(&self.config, "projects")?.directory(OsStr::new(&place.project))?;
        match nest {
            Nest::Own => project
                .directory(OsStr::new(place.id.as_str()))?
                .directory(OsStr::new(NEST)),
            Nest::Shared => Ok(project),
        }
    }
}
