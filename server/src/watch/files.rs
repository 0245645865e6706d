//! The files of the sessions that are followed, compared by time and size.
//!
//! For what inotify does not tell: a file on a network or an overlay file system that changes from elsewhere, and a
//! directory that can't be watched. Does not open them.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use session_core::id::SessionId;

use super::Events;

/// What tells one content from the next. `None` where there is no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(Option<(u64, i64, i64, u64)>);

/// What a change of the file is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Registry(u32),
    Transcript(SessionId),
}

#[derive(Debug, Default)]
pub(super) struct Files(BTreeMap<PathBuf, (Subject, Stamp)>);

impl Stamp {
    pub(super) fn of(path: &Path) -> Self {
        let inode_time_size = |metadata: fs::Metadata| {
            let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
            (metadata.ino(), seconds, nanos, metadata.size())
        };
        Self(fs::symlink_metadata(path).ok().map(inode_time_size))
    }
}

impl Subject {
    fn tell(&self, events: &mut Events) {
        match self {
            Self::Registry(pid) => {
                events.registry.insert(*pid);
            }
            Self::Transcript(id) => {
                events.transcripts.insert(id.clone());
            }
        }
    }
}

impl Files {
    /// Compares these and no others. A new one counts as changed: it may have, since it was last read.
    pub(super) fn follow(&mut self, wanted: &BTreeMap<PathBuf, Subject>, events: &mut Events) {
        self.0.retain(|path, _| wanted.contains_key(path));
        for (path, subject) in wanted {
            if let Entry::Vacant(entry) = self.0.entry(path.clone()) {
                let stamp = Stamp::of(path);
                entry.insert((subject.clone(), stamp));
                subject.tell(events);
            }
        }
    }

    /// Takes note of a change that has been told, so that it is not told again.
    pub(super) fn told(&mut self, path: &Path) {
        if let Some((_, stamp)) = self.0.get_mut(path) {
            *stamp = Stamp::of(path);
        }
    }

    pub(super) fn check(&mut self, events: &mut Events) {
        for (path, (subject, known)) in &mut self.0 {
            let stamp = Stamp::of(path);
            if *known != stamp {
                *known = stamp;
                subject.tell(events);
            }
        }
    }
}
