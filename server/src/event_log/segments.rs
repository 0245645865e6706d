//! The files of a log: `log/<number of the first event, 20 digits>.jsonl`, so that their names tell where an event is.

use std::{ffi::OsStr, fs::File, io};

use rustix::{
    fs::{FlockOperation, Mode, OFlags, flock, mkdirat, openat},
    io::Errno,
};

use crate::beneath::Directory;

const DIRECTORY: &str = "log";
const ENDING: &str = ".jsonl";
/// The digits of the greatest number there is.
const DIGITS: usize = 20;

/// The directory of a log.
#[derive(Debug)]
pub(super) struct Segments {
    dir: Directory,
}

/// The right to write; readers need none.
#[derive(Debug)]
pub(super) struct Lock(Option<Directory>);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone does not do it at once: a child that is just being started still has a copy of the descriptor.
        if let Some(dir) = &self.0 {
            let _ = flock(dir, FlockOperation::Unlock);
        }
    }
}

impl Segments {
    /// Opens the directory in that of a session, and makes it where it is not there.
    pub(super) fn make(session: &Directory) -> io::Result<Self> {
        match mkdirat(session, DIRECTORY, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => Self::find(session),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn find(session: &Directory) -> io::Result<Self> {
        let dir = session.directory(OsStr::new(DIRECTORY))?;
        Ok(Self { dir })
    }

    pub(super) fn lock(&self) -> io::Result<Lock> {
        let dir = Directory::root(self.dir.path())?;
        match flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Lock(Some(dir))),
            Err(Errno::WOULDBLOCK) => Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                "another process writes to this event log",
            )),
            // Not every file system can lock a directory (NFS does not), and who starts a session makes sure of it anyway.
            Err(_) => Ok(Lock(None)),
        }
    }

    /// The numbers that the names tell, in order.
    pub(super) fn firsts(&self) -> io::Result<Vec<u64>> {
        let mut firsts: Vec<_> = self
            .dir
            .names()?
            .iter()
            .filter_map(|name| parse(name))
            .collect();
        firsts.sort_unstable();
        Ok(firsts)
    }

    /// How long a segment is, 0 where there is none.
    pub(super) fn bytes(&self, first: u64) -> io::Result<u64> {
        let entry = self.dir.entry(OsStr::new(&name(first)))?;
        Ok(entry.map_or(0, |entry| entry.size_bytes))
    }

    /// Opens a segment for reading, `None` where there is none any more.
    pub(super) fn to_read(&self, first: u64) -> io::Result<Option<File>> {
        match self.dir.file(OsStr::new(&name(first))) {
            Ok((file, _)) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a segment for reading and writing.
    pub(super) fn to_write(&self, first: u64) -> io::Result<File> {
        // A FIFO or a device in its place would do something on being opened for writing.
        drop(self.dir.file(OsStr::new(&name(first)))?);
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        Ok(openat(&self.dir, name(first), flags, Mode::empty())?.into())
    }

    /// Makes a segment, for reading and writing.
    pub(super) fn create(&self, first: u64) -> io::Result<File> {
        self.dir.create(OsStr::new(&name(first)))
    }

    pub(super) fn remove(&self, first: u64) -> io::Result<()> {
        match self.dir.remove(OsStr::new(&name(first))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Waits until the names have reached the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.dir.sync()
    }
}

fn name(first: u64) -> String {
    format!("{first:0DIGITS$}{ENDING}")
}

fn parse(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(ENDING)?;
    let plain = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_a_number_and_sorts_like_it() {
        for first in [0, 1, 42, u64::MAX] {
            assert_eq!(parse(&name(first)), Some(first));
        }
        assert!(name(9) < name(10));
        for other in [
            "1.jsonl",
            "00000000000000000001.json",
            "+0000000000000000001.jsonl",
            "99999999999999999999.jsonl",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
