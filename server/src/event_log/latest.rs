//! A log from its end towards its beginning, a part at a time, so that nobody has to read all of a long one to show its end.

use std::{collections::VecDeque, io};

use wire::Event;

use super::{LogReader, json_bytes, segments::Segments};
use crate::beneath::Directory;

/// What is read at once, in bytes.
const PART: usize = 256 << 10;

/// The newest of the events that are put in, oldest first.
#[derive(Debug)]
pub struct Latest {
    most: usize,
    most_bytes: usize,
    events: VecDeque<(Event, usize)>,
    bytes: usize,
    has_dropped: bool,
}

impl Latest {
    /// Keeps at most so many events, with about so many bytes of JSON together; one is kept however long it is.
    pub fn of(most: usize, most_bytes: usize) -> Self {
        Self {
            most,
            most_bytes,
            events: VecDeque::new(),
            bytes: 0,
            has_dropped: false,
        }
    }

    /// Adds an event that is newer than all others.
    pub fn push(&mut self, event: Event) {
        let bytes = json_bytes(&event);
        self.bytes += bytes;
        self.events.push_back((event, bytes));
        while self.events.len() > 1
            && (self.events.len() > self.most || self.bytes > self.most_bytes)
            && let Some((_, bytes)) = self.events.pop_front()
        {
            self.bytes -= bytes;
            self.has_dropped = true;
        }
    }

    /// Whether no older one would be kept.
    pub fn is_full(&self) -> bool {
        self.has_dropped || self.events.len() >= self.most
    }

    pub fn into_events(self) -> Vec<Event> {
        self.events.into_iter().map(|(event, _)| event).collect()
    }

    /// Without any event, and with the same limits.
    pub fn emptied(&self) -> Self {
        Self::of(self.most, self.most_bytes)
    }
}

/// Returns the newest events before the one of this number, as many as `kept` keeps. At most one segment is read in vain.
pub fn latest_before(dir: &Directory, before: u64, mut kept: Latest) -> io::Result<Vec<Event>> {
    let firsts = Segments::find(dir)?.firsts()?;
    let mut end = before;
    for first in firsts.into_iter().rev() {
        if first >= end {
            continue;
        }
        let emptied = kept.emptied();
        let newer = std::mem::replace(&mut kept, emptied);
        let mut reader = LogReader::open(dir, first.saturating_sub(1))?;
        let mut is_before = true;
        while is_before {
            let events = reader.next(PART)?;
            is_before = !events.is_empty();
            for event in events {
                is_before &= event.seq() < end;
                if is_before {
                    kept.push(event);
                }
            }
        }
        for event in newer.into_events() {
            kept.push(event);
        }
        end = first;
        if kept.is_full() {
            break;
        }
    }
    Ok(kept.into_events())
}
