//! Holding a conversation, so that no two actions of ours touch its files at once.
//!
//! The lock is `flock` on the transcript and on its archive, whichever are there: it holds between threads, servers and
//! users, leaves nothing behind and ends with the process. Claude Code does not ask for it; whether a session is live
//! is the caller's question.

use std::{
    ffi::OsStr,
    fs::File,
    io,
    ops::Deref,
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::{
    fs::{FlockOperation, flock, fstat},
    io::Errno,
};
use session_core::transcript::Place;

use super::{ArchiveError, Restored, Step, copy, fault};
use crate::beneath::{Directory, Entry};

/// A conversation that nobody else acts on while this lives.
#[derive(Debug)]
pub struct Hold {
    pub(super) place: Place,
    pub(super) directory: Directory,
    pub(super) transcript: Option<Locked>,
    pub(super) archive: Option<Locked>,
}

/// A file that we have locked.
#[derive(Debug)]
pub(super) struct Locked {
    pub(super) file: Flock,
    /// As it was when it was locked.
    pub(super) entry: Entry,
}

/// A file that has no final name yet.
pub(super) struct Temporary {
    pub(super) name: String,
    pub(super) file: Flock,
}

/// An open file whose lock ends with this value. Closing alone does not do it at once: a child that is just being
/// started still has a copy of the descriptor.
#[derive(Debug)]
pub(super) struct Flock(File);

impl Flock {
    fn new(file: File) -> Result<Self, Errno> {
        flock(&file, FlockOperation::NonBlockingLockExclusive)?;
        Ok(Self(file))
    }
}

impl Deref for Flock {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Flock {
    fn drop(&mut self) {
        // Where it fails, closing the file is all that is left.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Hold {
    /// Locks the conversation's files, and removes what an interrupted action on them left.
    pub fn take(place: &Place) -> Result<Self, ArchiveError> {
        let directory = Directory::inside(&place.config, "projects")
            .and_then(|projects| projects.directory(OsStr::new(&place.project)))
            .map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    ArchiveError::Missing(place.id.clone())
                } else {
                    fault("the project's directory can't be opened", error)
                }
            })?;
        let lock = |name: &str| lock(&directory, place, name);
        let transcript = lock(&place.transcript_name())?;
        let archive = lock(&place.archive_name())?;
        if transcript.is_none() && archive.is_none() {
            return Err(ArchiveError::Missing(place.id.clone()));
        }
        let hold = Self {
            place: place.clone(),
            directory,
            transcript,
            archive,
        };
        hold.tidy();
        Ok(hold)
    }

    /// Restores the transcript from its archive, unless it is there, so that Claude Code can resume it.
    pub fn restore(&mut self) -> Result<Restored, ArchiveError> {
        super::restore(self, |_| {})
    }

    /// Does what `restore` does, and tells of each step.
    pub fn restore_by_steps(
        &mut self,
        after_step: impl FnMut(Step),
    ) -> Result<Restored, ArchiveError> {
        super::restore(self, after_step)
    }

    /// Removes the archive once the session has proved alive, if the transcript still begins with all it holds.
    /// Returns whether it was removed.
    pub fn discard_archive(mut self) -> Result<bool, ArchiveError> {
        let Some(archive) = self.archive.take() else {
            return Ok(false);
        };
        // By its name: Claude Code may have put another file in its place.
        let begins = match self
            .directory
            .file(OsStr::new(&self.place.transcript_name()))
        {
            Ok((transcript, _)) => copy::begins_with(&transcript, &archive.file)
                .map_err(|error| fault("transcript and archive can't be compared", error))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(fault("the transcript can't be opened", error)),
        };
        if !begins {
            return Ok(false);
        }
        self.directory
            .remove(OsStr::new(&self.place.archive_name()))
            .and_then(|()| self.directory.sync())
            .map_err(|error| fault("the archive can't be removed", error))?;
        Ok(true)
    }

    /// Removes a restored transcript again where the session did not come alive, if nobody has written to it.
    /// Returns whether it was removed. The archive stays.
    pub fn undo_restore(self) -> Result<bool, ArchiveError> {
        let (Some(transcript), Some(archive)) = (&self.transcript, &self.archive) else {
            return Ok(false);
        };
        let name = self.place.transcript_name();
        let same = copy::same(&transcript.file, &archive.file)
            .map_err(|error| fault("transcript and archive can't be compared", error))?;
        let named = self
            .directory
            .entry(OsStr::new(&name))
            .is_ok_and(|now| now.is_some_and(|now| now == transcript.entry));
        if !same || !named {
            return Ok(false);
        }
        self.directory
            .remove(OsStr::new(&name))
            .and_then(|()| self.directory.sync())
            .map_err(|error| fault("the transcript can't be removed", error))?;
        Ok(true)
    }

    /// Creates a locked file in the same directory, so that it keeps its lock when it gets its final name.
    pub(super) fn temporary(&self) -> Result<Temporary, ArchiveError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "{}{}-{}{SUFFIX}",
            self.prefix(),
            std::process::id(),
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let file = self
            .directory
            .create(OsStr::new(&name))
            .map_err(|error| fault("no file can be created in the project's directory", error))?;
        match Flock::new(file) {
            Ok(file) => Ok(Temporary { name, file }),
            Err(error) => {
                // What remains is removed by the next action on the conversation.
                drop(self.directory.remove(OsStr::new(&name)));
                Err(fault("the new file can't be locked", error.into()))
            }
        }
    }

    /// Whoever made one of these held the lock that we hold now, so it is nobody's any more.
    fn tidy(&self) {
        for name in self.directory.names().unwrap_or_default() {
            if name.starts_with(&self.prefix()) && name.ends_with(SUFFIX) {
                // It only takes room; the next action tries again.
                drop(self.directory.remove(OsStr::new(&name)));
            }
        }
    }

    fn prefix(&self) -> String {
        format!(".{}.session-manager-", self.place.id)
    }
}

const SUFFIX: &str = ".tmp";

impl Temporary {
    pub(super) fn discard(&self, hold: &Hold) {
        // What remains is removed by the next action on the conversation.
        drop(hold.directory.remove(OsStr::new(&self.name)));
    }
}

/// Locks one file, `None` where it is not there.
fn lock(directory: &Directory, place: &Place, name: &str) -> Result<Option<Locked>, ArchiveError> {
    let name = OsStr::new(name);
    let (file, _) = match directory.file(name) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault("the transcript can't be opened", error)),
    };
    let file = match Flock::new(file) {
        Ok(file) => file,
        Err(Errno::WOULDBLOCK) => return Err(ArchiveError::Busy(place.id.clone())),
        Err(error) => return Err(fault("the transcript can't be locked", error.into())),
    };
    let stat =
        fstat(&*file).map_err(|error| fault("the transcript can't be looked at", error.into()))?;
    let entry = Entry::of(&stat);
    // Whoever held the lock before us may have removed or replaced the file that we opened.
    let named = directory
        .entry(name)
        .map_err(|error| fault("the transcript can't be looked at", error))?;
    if named.is_some_and(|named| named.file == entry.file) {
        Ok(Some(Locked { file, entry }))
    } else {
        Err(ArchiveError::Busy(place.id.clone()))
    }
}
