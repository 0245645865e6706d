//! Compressing a transcript and bringing it back, so that nothing is lost whenever the machine stops.
//!
//! Knows the order of steps: at any moment either the transcript or a complete, checked archive of it has its final
//! name. Does not know which transcripts are old, live or wanted.

mod copy;
pub mod hold;

use std::{ffi::OsStr, fs::File, io};

use rustix::fs::{
    Gid, Mode, Timespec, Timestamps, UTIME_NOW, Uid, fchmod, fchown, fstat, futimens,
};
use session_core::{cleanup::Version, id::SessionId, transcript::Place};

use self::hold::{Hold, Locked};
use crate::beneath::{Entry, FileId};

/// Why a transcript was not compressed or restored. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("no transcript of {0} is there")]
    Missing(SessionId),
    #[error("another action on {0} is running")]
    Busy(SessionId),
    #[error("an archive lies beside the transcript already")]
    Conflict,
    /// It is not what was planned any more, or somebody uses it.
    #[error("{0}")]
    Changed(String),
    #[error("the archive {path} is damaged")]
    Damaged {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("{what}")]
    Fault {
        what: String,
        #[source]
        source: io::Error,
    },
}

/// The points between which a machine may stop; the order is that of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    Locked,
    TemporaryCreated,
    Written,
    Synced,
    Verified,
    Named,
    NameSynced,
    Rechecked,
    Removed,
}

impl Step {
    pub const ALL: [Self; 9] = [
        Self::Locked,
        Self::TemporaryCreated,
        Self::Written,
        Self::Synced,
        Self::Verified,
        Self::Named,
        Self::NameSynced,
        Self::Rechecked,
        Self::Removed,
    ];
}

/// A transcript that is an archive now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressed {
    /// The size of the archive.
    pub bytes: u64,
}

/// A transcript that Claude Code can resume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    pub path: std::path::PathBuf,
    pub bytes: u64,
    /// False where the transcript had never been away; an archive beside it is older and was left alone.
    pub from_archive: bool,
}

/// Compresses the transcript of `place`, if it still is the planned version. `in_use` tells, just before the original
/// is removed, why it must not be; `None` lets it go. `after_step` is told of each step done.
pub fn compress(
    place: &Place,
    planned: Version,
    in_use: impl Fn(FileId) -> Option<String>,
    mut after_step: impl FnMut(Step),
) -> Result<Compressed, ArchiveError> {
    let mut hold = Hold::take(place)?;
    let Some(source) = hold.transcript.take() else {
        return Err(ArchiveError::Missing(place.id.clone()));
    };
    if hold.archive.is_some() {
        return Err(ArchiveError::Conflict);
    }
    let found = Version {
        bytes: source.entry.size_bytes,
        modified: source.entry.modified,
    };
    if found != planned {
        return Err(changed("it changed since the plan was made"));
    }
    if let Some(reason) = in_use(source.entry.file) {
        return Err(ArchiveError::Changed(reason));
    }
    after_step(Step::Locked);

    let temporary = hold.temporary()?;
    after_step(Step::TemporaryCreated);
    let archive = write_archive(&source, &temporary.file, &mut after_step)
        .and_then(|()| name(&hold, &temporary, &place.archive_name()))
        .inspect_err(|_| temporary.discard(&hold))?;
    after_step(Step::Named);

    let rest = hold
        .directory
        .sync()
        .map_err(|error| fault("the archive's name did not reach the disk", error))
        .and_then(|()| {
            after_step(Step::NameSynced);
            unchanged(&hold, &source)?;
            in_use(source.entry.file).map_or(Ok(()), |reason| Err(ArchiveError::Changed(reason)))
        });
    if let Err(error) = rest {
        take_back(&hold, &archive)?;
        return Err(error);
    }
    after_step(Step::Rechecked);

    let removed = hold.directory.remove(OsStr::new(&place.transcript_name()));
    if let Err(error) = removed {
        take_back(&hold, &archive)?;
        return Err(fault("the transcript can't be removed", error));
    }
    rescue(&hold, &source, &archive)?;
    hold.directory
        .sync()
        .map_err(|error| fault("the removal did not reach the disk", error))?;
    after_step(Step::Removed);
    Ok(Compressed {
        bytes: archive.size_bytes,
    })
}

/// Fills the temporary file and reads it back from the disk.
fn write_archive(
    source: &Locked,
    temporary: &File,
    mut after_step: impl FnMut(Step),
) -> Result<(), ArchiveError> {
    copy::compress(&source.file, temporary)
        .map_err(|error| fault("the archive can't be written", error))?;
    after_step(Step::Written);
    // The times last, since writing changes them.
    let keep = |stat: &rustix::fs::Stat| {
        own(temporary, stat)?;
        futimens(
            temporary,
            &Timestamps {
                last_access: timespec(stat.st_atime, stat.st_atime_nsec),
                last_modification: timespec(stat.st_mtime, stat.st_mtime_nsec),
            },
        )?;
        temporary.sync_all()
    };
    fstat(&*source.file)
        .map_err(io::Error::from)
        .and_then(|stat| keep(&stat))
        .map_err(|error| fault("the archive did not reach the disk", error))?;
    after_step(Step::Synced);
    let same = copy::same(&source.file, temporary)
        .map_err(|error| fault("the archive can't be read back", error))?;
    if !same {
        return Err(changed("it changed while it was compressed"));
    }
    after_step(Step::Verified);
    Ok(())
}

/// Restores the transcript under `hold` from its archive, unless it is there. The archive stays until
/// [`Hold::discard_archive`]. `after_step` is told of each step done.
pub(crate) fn restore(
    hold: &mut Hold,
    mut after_step: impl FnMut(Step),
) -> Result<Restored, ArchiveError> {
    let path = hold.place.transcript_path();
    if let Some(transcript) = &hold.transcript {
        return Ok(Restored {
            path,
            bytes: transcript.entry.size_bytes,
            from_archive: false,
        });
    }
    let Some(archive) = &hold.archive else {
        return Err(ArchiveError::Missing(hold.place.id.clone()));
    };
    after_step(Step::Locked);
    let temporary = hold.temporary()?;
    after_step(Step::TemporaryCreated);
    let entry = copy::decompress(&archive.file, &temporary.file)
        .map_err(|error| match error {
            copy::Fault::Archive(source) => ArchiveError::Damaged {
                path: hold.place.archive_path().display().to_string(),
                source,
            },
            copy::Fault::Target(error) => fault("the transcript can't be written", error),
        })
        .and_then(|()| {
            after_step(Step::Written);
            // Claude Code deletes by age, so the time is now and not the archive's.
            let now = Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_NOW,
            };
            let times = Timestamps {
                last_access: now,
                last_modification: now,
            };
            fstat(&*archive.file)
                .map_err(io::Error::from)
                .and_then(|stat| {
                    own(&temporary.file, &stat)?;
                    futimens(&*temporary.file, &times)?;
                    temporary.file.sync_all()
                })
                .map_err(|error| fault("the transcript did not reach the disk", error))?;
            after_step(Step::Synced);
            name(hold, &temporary, &hold.place.transcript_name())
        })
        .inspect_err(|_| temporary.discard(hold))?;
    after_step(Step::Named);
    hold.directory
        .sync()
        .map_err(|error| fault("the transcript's name did not reach the disk", error))?;
    after_step(Step::NameSynced);
    hold.transcript = Some(Locked {
        file: temporary.file,
        entry,
    });
    Ok(Restored {
        path,
        bytes: entry.size_bytes,
        from_archive: true,
    })
}

/// Gives the finished temporary file its final name, and returns what it is.
fn name(hold: &Hold, temporary: &hold::Temporary, name: &str) -> Result<Entry, ArchiveError> {
    match hold
        .directory
        .rename_new(OsStr::new(&temporary.name), OsStr::new(name))
    {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(ArchiveError::Conflict);
        }
        Err(error) => return Err(fault("the finished file can't be named", error)),
    }
    let stat = fstat(&*temporary.file)
        .map_err(|error| fault("the finished file is gone", error.into()))?;
    Ok(Entry::of(&stat))
}

/// Gives a copy the owner and mode of the original.
fn own(copy: &File, original: &rustix::fs::Stat) -> io::Result<()> {
    if rustix::process::geteuid().is_root() {
        let (user, group) = (
            Uid::from_raw(original.st_uid),
            Gid::from_raw(original.st_gid),
        );
        fchown(copy, Some(user), Some(group))?;
    }
    fchmod(copy, Mode::from_raw_mode(original.st_mode & 0o777))?;
    Ok(())
}

/// Checks that the name still means the file that was compressed, and that nobody has written to it.
fn unchanged(hold: &Hold, source: &Locked) -> Result<(), ArchiveError> {
    let now = hold
        .directory
        .entry(OsStr::new(&hold.place.transcript_name()));
    match now {
        Ok(Some(now)) if now == source.entry => Ok(()),
        Ok(_) => Err(changed("it changed while it was compressed")),
        Err(error) => Err(fault("the transcript can't be looked at", error)),
    }
}

/// Removes the archive that was just made: the transcript stays.
fn take_back(hold: &Hold, archive: &Entry) -> Result<(), ArchiveError> {
    let name = hold.place.archive_name();
    let is_ours = hold
        .directory
        .entry(OsStr::new(&name))
        .is_ok_and(|now| now.is_some_and(|now| now.file == archive.file));
    if is_ours {
        hold.directory
            .remove(OsStr::new(&name))
            .and_then(|()| hold.directory.sync())
            .map_err(|error| fault("the unneeded archive can't be removed", error))?;
    }
    Ok(())
}

/// Puts a transcript back that somebody wrote to between the last look and its removal: we still hold its contents.
fn rescue(hold: &Hold, source: &Locked, archive: &Entry) -> Result<(), ArchiveError> {
    let now = fstat(&*source.file)
        .map_err(|error| fault("the transcript can't be looked at", error.into()))?;
    let now = Entry::of(&now);
    if (now.size_bytes, now.modified_nanos)
        == (source.entry.size_bytes, source.entry.modified_nanos)
    {
        return Ok(());
    }
    let temporary = hold.temporary()?;
    copy::plain(&source.file, &temporary.file)
        .and_then(|()| {
            own(&temporary.file, &fstat(&*source.file)?)?;
            temporary.file.sync_all()
        })
        .map_err(|error| fault("the transcript can't be put back", error))
        .and_then(|()| name(hold, &temporary, &hold.place.transcript_name()))
        .inspect_err(|_| temporary.discard(hold))?;
    take_back(hold, archive)?;
    Err(changed(
        "it was written to while it was removed; it was put back",
    ))
}

/// The type of the nanoseconds differs between architectures; they are always below a billion.
fn timespec(seconds: i64, nanos: impl TryInto<i64>) -> Timespec {
    Timespec {
        tv_sec: seconds,
        tv_nsec: nanos.try_into().unwrap_or(0),
    }
}

fn changed(reason: &str) -> ArchiveError {
    ArchiveError::Changed(reason.to_owned())
}

fn fault(what: &str, source: io::Error) -> ArchiveError {
    ArchiveError::Fault {
        what: format!("{what}: {source}"),
        source,
    }
}
