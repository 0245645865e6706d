//! Executes a cleanup's plan, item by item, each one looked at again just before.
//!
//! Knows how to delete and compress. Does not know what should be: the plan says it.

use std::{ffi::OsStr, io, io::Read};

use session_core::{
    cleanup::{Action, Item, Orphan, Plan},
    transcript::Place,
};

use super::archive::{self, ArchiveError};
use crate::beneath::{Directory, FileId};

/// A registry file is well under a kilobyte.
const REGISTRY_LIMIT: u64 = 1 << 20;

/// The questions that are asked again; each answers why the item must be left alone, or `None`.
pub struct Recheck<'a> {
    /// Whether the process that the file names might run after all.
    pub process: &'a dyn Fn(&Orphan) -> Option<String>,
    /// Whether the conversation runs, or its file is open in some process.
    pub transcript: &'a dyn Fn(&Place, FileId) -> Option<String>,
}

/// An item and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub item: Item,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As planned.
    Kept,
    Deleted,
    /// `bytes` is the archive's size.
    Compressed {
        bytes: u64,
    },
    /// Left alone after all: it is not what was planned any more.
    Skipped {
        reason: String,
    },
    Failed {
        error: String,
    },
}

/// Does what the plan says. One item's failure does not stop the next.
pub fn execute(plan: Plan, recheck: &Recheck<'_>) -> Vec<Done> {
    plan.items
        .into_iter()
        .map(|item| Done {
            outcome: match &item.action {
                Action::Keep => Outcome::Kept,
                Action::Delete(orphan) => delete(orphan, recheck),
                Action::Compress { place, version } => {
                    let in_use = |file| (recheck.transcript)(place, file);
                    outcome(archive::compress(place, *version, in_use, |_| {}))
                }
            },
            item,
        })
        .collect()
}

fn outcome(result: Result<archive::Compressed, ArchiveError>) -> Outcome {
    let error = match result {
        Ok(archive::Compressed { bytes }) => return Outcome::Compressed { bytes },
        Err(error) => error,
    };
    match error {
        ArchiveError::Missing(_)
        | ArchiveError::Busy(_)
        | ArchiveError::Conflict
        | ArchiveError::Changed(_) => Outcome::Skipped {
            reason: error.to_string(),
        },
        ArchiveError::Damaged { .. } | ArchiveError::Fault { .. } => Outcome::Failed {
            error: error.to_string(),
        },
    }
}

fn delete(orphan: &Orphan, recheck: &Recheck<'_>) -> Outcome {
    let skipped = |reason: &str| Outcome::Skipped {
        reason: reason.to_owned(),
    };
    if let Some(reason) = (recheck.process)(orphan) {
        return Outcome::Skipped { reason };
    }
    match remove_unchanged(orphan) {
        Ok(true) => Outcome::Deleted,
        Ok(false) => skipped("it changed since the plan was made"),
        Err(error) if error.kind() == io::ErrorKind::NotFound => skipped("it is gone already"),
        Err(error) => Outcome::Failed {
            error: format!("it can't be deleted: {error}"),
        },
    }
}

/// Returns whether the file still held what was planned, and was removed.
fn remove_unchanged(orphan: &Orphan) -> io::Result<bool> {
    let name = format!("{}.json", orphan.pid);
    let directory = Directory::inside(&orphan.config, "sessions")?;
    let (file, _) = directory.file(OsStr::new(&name))?;
    let mut content = Vec::new();
    file.take(REGISTRY_LIMIT).read_to_end(&mut content)?;
    if content != orphan.content {
        return Ok(false);
    }
    directory.remove(OsStr::new(&name))?;
    Ok(true)
}
