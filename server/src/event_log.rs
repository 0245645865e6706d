//! The event log of one session: numbered events, one JSON object a line, that are only ever added to.
//!
//! Knows the files, how they are mended after a crash, and which are dropped. Does not know where events come from or who
//! follows them. One process writes, any number read at the same time, without a lock between them.

mod fit;
mod latest;
mod line;
mod reader;
mod segments;

use std::{fs::File, io, os::unix::fs::FileExt as _};

use wire::Event;

pub use self::{
    fit::{DEPTH, fit, is_deeper, json_bytes},
    latest::{Latest, latest_before},
    reader::LogReader,
};
use self::{
    line::whole_lines,
    segments::{Lock, Segments},
};
use crate::beneath::Directory;

/// The most that an event may have as JSON, in bytes; see [`fit`].
pub const EVENT_BYTES: usize = 1 << 20;

/// How long the files may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A segment that would grow beyond this is followed by another one, in bytes.
    pub segment: u64,
    /// All segments together, in bytes; the oldest are dropped.
    pub total: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            segment: 4 << 20,
            total: 256 << 20,
        }
    }
}

/// The log, for the one that writes it.
#[derive(Debug)]
pub struct EventLog {
    segments: Segments,
    _lock: Lock,
    limits: Limits,
    last: u64,
    /// Older segments, the oldest first.
    full: Vec<Full>,
    /// The newest segment, `None` where there is none yet.
    newest: Option<Newest>,
    /// A segment was made or dropped and the directory not synced since.
    renamed: bool,
}

/// A segment to which nothing is added any more.
#[derive(Debug)]
struct Full {
    first: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Newest {
    first: u64,
    file: File,
    /// What is in it as whole lines.
    bytes: u64,
    /// There may be something behind that.
    torn: bool,
}

/// Lines that are written at once.
#[derive(Debug, Default)]
struct Batch {
    text: Vec<u8>,
    /// Where each line ends in it.
    ends: Vec<usize>,
}

/// Removes the log of a session's directory, to which nobody writes; it may have none.
pub fn remove(dir: &Directory) -> io::Result<()> {
    let segments = match Segments::find(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let _lock = segments.lock()?;
    for first in segments.firsts()? {
        segments.remove(first)?;
    }
    Ok(())
}

impl EventLog {
    /// Opens the log in a session's directory, and makes it where there is none. What a crash has left of a line is cut off.
    /// Fails with `WouldBlock` where somebody else writes to it.
    pub fn open(dir: Directory) -> io::Result<Self> {
        Self::with_limits(dir, Limits::default())
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "whoever writes the log has no other use for its handle"
    )]
    pub fn with_limits(dir: Directory, limits: Limits) -> io::Result<Self> {
        let segments = Segments::make(&dir)?;
        let lock = segments.lock()?;
        let mut log = Self {
            last: 0,
            full: Vec::new(),
            newest: None,
            renamed: true,
            limits,
            _lock: lock,
            segments,
        };
        let mut firsts = log.segments.firsts()?;
        if let Some(first) = firsts.pop() {
            for first in firsts {
                let bytes = log.segments.bytes(first)?;
                log.full.push(Full { first, bytes });
            }
            let file = log.segments.to_write(first)?;
            let (last, bytes) = scan(&file, first)?;
            log.last = last;
            let mut newest = Newest {
                first,
                file,
                bytes,
                torn: true,
            };
            newest.mend()?;
            log.newest = Some(newest);
        }
        Ok(log)
    }

    /// The number of the newest event, 0 where there is none. The next one has the number after it.
    pub fn last_seq(&self) -> u64 {
        self.last
    }

    /// Adds events, which are numbered from the one after the last on. Returns how many are in the log now, at least one of
    /// those that were given. An error means none, and that the same may be tried again: the disk is full, for example.
    pub fn append(&mut self, events: &[Event]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = events.get(done..)
            && !rest.is_empty()
        {
            match self.append_some(rest) {
                Ok(count) => done += count,
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Waits until what was added has reached the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        if let Some(newest) = &self.newest {
            newest.file.sync_data()?;
        }
        if self.renamed {
            self.segments.sync()?;
            self.renamed = false;
        }
        Ok(())
    }

    /// Adds as many events as have room in one segment, by one write. Returns how many, at least one.
    fn append_some(&mut self, events: &[Event]) -> io::Result<usize> {
        let mut batch = Batch::default();
        let room = self.room();
        for (number, event) in (self.last + 1..).zip(events) {
            if event.seq() != number {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!(
                        "event {} can't be the next after {}",
                        event.seq(),
                        number - 1
                    ),
                ));
            }
            let line = line::render(event);
            if (batch.text.len() + line.len()) as u64 > room && !batch.ends.is_empty() {
                break;
            }
            batch.push(&line);
        }
        let is_empty = self.newest.as_ref().is_none_or(|newest| newest.bytes == 0);
        // Anything goes into an empty segment.
        if !is_empty && batch.ends.first().is_some_and(|end| *end as u64 > room) {
            self.rotate()?;
        }
        let newest = match &mut self.newest {
            Some(newest) => newest,
            none => {
                let first = self.last + 1;
                self.renamed = true;
                none.insert(Newest {
                    first,
                    file: self.segments.create(first)?,
                    bytes: 0,
                    torn: false,
                })
            }
        };
        let count = newest.write(&batch)?;
        self.last += count as u64;
        Ok(count)
    }

    /// What the newest segment has room for.
    fn room(&self) -> u64 {
        let taken = self.newest.as_ref().map_or(0, |newest| newest.bytes);
        self.limits.segment.saturating_sub(taken)
    }

    /// Puts the newest segment to the others, and drops the oldest where they are too long together.
    fn rotate(&mut self) -> io::Result<()> {
        if let Some(newest) = &mut self.newest {
            newest.mend()?;
            self.full.push(Full {
                first: newest.first,
                bytes: newest.bytes,
            });
            self.newest = None;
        }
        let mut total: u64 = self.full.iter().map(|segment| segment.bytes).sum();
        // One stays in any case: until the next one is there, its end tells which number comes next.
        while let [oldest, _, ..] = &*self.full
            && total.saturating_add(self.limits.segment) > self.limits.total
        {
            self.segments.remove(oldest.first)?;
            self.renamed = true;
            total -= oldest.bytes;
            self.full.remove(0);
        }
        Ok(())
    }
}

impl Newest {
    /// Returns how many lines were written whole, at least one. Nothing is left of the others.
    fn write(&mut self, batch: &Batch) -> io::Result<usize> {
        self.mend()?;
        self.torn = true;
        let written = loop {
            match self.file.write_at(&batch.text, self.bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let bytes = *written.as_ref().unwrap_or(&0);
        let whole = batch.ends.iter().take_while(|end| **end <= bytes);
        let count = whole.count();
        let end = count.checked_sub(1).and_then(|last| batch.ends.get(last));
        self.bytes += end.map_or(0, |end| *end as u64);
        if end == Some(&batch.text.len()) {
            self.torn = false;
        } else if let Err(error) = self.mend() {
            // It is tried again before anything else is written, and a reader waits for the end of a line.
            tracing::warn!(%error, "the end of an event log can't be cut off");
        }
        match written {
            Err(error) => Err(error),
            Ok(_) if count == 0 => Err(io::ErrorKind::StorageFull.into()),
            Ok(_) => Ok(count),
        }
    }

    /// Cuts off what is no whole line.
    fn mend(&mut self) -> io::Result<()> {
        if self.torn {
            self.file.set_len(self.bytes)?;
            self.torn = false;
        }
        Ok(())
    }
}

impl Batch {
    fn push(&mut self, line: &[u8]) {
        self.text.extend_from_slice(line);
        self.ends.push(self.text.len());
    }
}

/// Returns the number of a segment's last event and how many bytes its whole lines are.
fn scan(file: &File, first: u64) -> io::Result<(u64, u64)> {
    const STEP: usize = 256 << 10;
    let mut last = first.saturating_sub(1);
    let mut offset = 0;
    loop {
        let lines = whole_lines(file, offset, STEP)?;
        if lines.next == offset {
            return Ok((last, offset));
        }
        offset = lines.next;
        for line in lines.iter() {
            // What can't be read was an event, too, and its number is not given again.
            last = match line::number(line) {
                Some(number) => last.max(number),
                None => last.saturating_add(1),
            };
        }
    }
}
