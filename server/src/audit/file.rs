//! The files of the log: added to under a lock, and put aside when they are long.
//!
//! `audit.jsonl` is the newest, `audit.1.jsonl` the one before it, and so on. `audit.lock` keeps servers of one user from
//! writing at once; in it stands the number that was given last, so that numbers grow even where the clock is set back.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Write as _},
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::FileExt as _,
    },
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use rustix::{
    fs::{FileType, FlockOperation, Mode, OFlags, Stat, fchmod, flock, fstat, openat, renameat},
    io::Errno,
    process::geteuid,
};

use super::line::Line;
use crate::beneath::{Directory, why};

/// A file that would grow beyond this is put aside, in bytes.
pub(super) const MAX_BYTES: u64 = 1 << 20;
/// So many are kept besides the newest.
const KEPT: u32 = 5;
const LOCK: &str = "audit.lock";
/// Whoever holds the lock for longer stands still.
const PATIENCE: Duration = Duration::from_secs(1);

/// The log, while nobody else writes to it.
#[derive(Debug)]
pub(super) struct Appender<'a> {
    directory: &'a Directory,
    lock: Lock,
}

#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone does not do it at once: a child that is just being started still has a copy of the descriptor.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

impl<'a> Appender<'a> {
    /// Waits for the lock, and for no more than a moment.
    pub(super) fn open(directory: &'a Directory) -> io::Result<Self> {
        let file = ours(directory, LOCK, OFlags::empty())?;
        let begun = Instant::now();
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if error != Errno::WOULDBLOCK || begun.elapsed() > PATIENCE {
                return Err(error.into());
            }
            sleep(Duration::from_millis(2));
        }
        Ok(Self {
            directory,
            lock: Lock(file),
        })
    }

    /// Writes lines at once. They are told a new number, which is returned.
    pub(super) fn append(&self, lines: impl FnOnce(u64) -> Vec<Line>) -> io::Result<u64> {
        let id = self.next_id()?;
        let mut text: String = lines(id).iter().map(Line::render).collect();
        let mut file = self.newest()?;
        let mut size = fstat(&file)?.st_size.unsigned_abs();
        if size > 0 && size + text.len() as u64 > MAX_BYTES {
            self.put_aside()?;
            file = self.newest()?;
            size = fstat(&file)?.st_size.unsigned_abs();
        }
        let mut last = *b"\n";
        if size > 0 {
            file.read_exact_at(&mut last, size - 1)?;
        }
        if last != *b"\n" {
            // The end of a line that did not fit on the disk.
            text.insert(0, '\n');
        }
        // One write, so that of two lines none ends up within the other even where the lock is not kept.
        if file.write(text.as_bytes())? < text.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(id)
    }

    /// Microseconds since 1970, or one more than the last where the clock is behind that.
    fn next_id(&self) -> io::Result<u64> {
        let Lock(file) = &self.lock;
        let mut last = [0; DIGITS];
        let read = file.read_at(&mut last, 0)?;
        let last = last.get(..read).unwrap_or_default();
        let last = std::str::from_utf8(last)
            .ok()
            .and_then(|last| last.trim().parse().ok());
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let now = u64::try_from(since.as_micros()).unwrap_or(u64::MAX);
        let id = last.map_or(now, |last: u64| now.max(last.saturating_add(1)));
        file.write_all_at(format!("{id:0DIGITS$}").as_bytes(), 0)?;
        Ok(id)
    }

    fn newest(&self) -> io::Result<File> {
        ours(self.directory, &name(0), OFlags::APPEND)
    }

    /// Gives each file the next number; the last one is replaced.
    fn put_aside(&self) -> io::Result<()> {
        for number in (0..KEPT).rev() {
            let (from, to) = (name(number), name(number + 1));
            match renameat(self.directory, &from, self.directory, &to) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// The digits of the greatest number there is.
const DIGITS: usize = 20;

/// The names of the files, the newest first.
pub(super) fn names() -> impl Iterator<Item = String> {
    (0..=KEPT).map(name)
}

fn name(number: u32) -> String {
    match number {
        0 => "audit.jsonl".to_owned(),
        number => format!("audit.{number}.jsonl"),
    }
}

/// Opens a file for reading and writing that is ours alone, and makes it where it is not there.
fn ours(directory: &Directory, name: &str, more: OFlags) -> io::Result<File> {
    // Without NONBLOCK a FIFO in its place would be waited for.
    let flags = OFlags::RDWR
        | OFlags::CREATE
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC
        | more;
    let opened = openat(directory, OsStr::new(name), flags, Mode::RUSR | Mode::WUSR);
    let refused = |why: String| {
        io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("{name} is not used: {why}"),
        )
    };
    let fd: OwnedFd = opened.map_err(|errno| match errno {
        Errno::LOOP => refused(why(&errno.into())),
        errno => errno.into(),
    })?;
    let facts = fstat(&fd)?;
    if let Some(why) = foreign(&facts) {
        return Err(refused(why.to_owned()));
    }
    if facts.st_mode & 0o777 != 0o600 {
        fchmod(fd.as_fd(), Mode::RUSR | Mode::WUSR)?;
    }
    Ok(fd.into())
}

fn foreign(facts: &Stat) -> Option<&'static str> {
    if FileType::from_raw_mode(facts.st_mode) != FileType::RegularFile {
        Some("it is not a file")
    } else if facts.st_uid != geteuid().as_raw() {
        Some("it is another user's")
    } else if facts.st_nlink != 1 {
        Some("it has another name somewhere else")
    } else {
        None
    }
}
