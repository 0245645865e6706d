//! Reading a log from any event on, while it is being written.

use std::{fs::File, io};

use wire::{Event, NoteCode};

use super::{
    line::{self, Read, at, whole_lines},
    segments::Segments,
};
use crate::beneath::Directory;

/// One reader's way through a log. It blocks for as long as the disk does, and holds one open file.
#[derive(Debug)]
pub struct LogReader {
    segments: Segments,
    /// The number of the last event that was handed out, or that was not asked for.
    last: u64,
    /// Nothing was handed out yet, and lines before the first one are passed over.
    seeking: bool,
    /// `None` before the first segment.
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    first: u64,
    file: File,
    /// Where the next line begins.
    offset: u64,
    /// Nothing older is kept.
    oldest: bool,
    /// There is a newer segment, so that nothing is added to this one any more.
    full: bool,
}

impl LogReader {
    /// Reads from the event after `after` on. Fails with `NotFound` where the session's directory has no log.
    pub fn open(dir: &Directory, after: u64) -> io::Result<Self> {
        Ok(Self {
            segments: Segments::find(dir)?,
            last: after,
            seeking: true,
            place: None,
        })
    }

    /// Returns the next events, which are about `most_bytes` long in the log, and at least one where there is one. None means
    /// that there is no more for now.
    ///
    /// A number that is missing, because its line is damaged or not kept any more, is told by a note in its place as soon as
    /// a later one is there.
    pub fn next(&mut self, most_bytes: usize) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        while events.is_empty() {
            let Some(place) = &mut self.place else {
                if self.enter()? {
                    continue;
                }
                break;
            };
            let lines = whole_lines(&place.file, place.offset, most_bytes)?;
            if lines.next > place.offset {
                place.offset = lines.next;
                lines.iter().for_each(|line| self.take(line, &mut events));
            } else if place.full {
                // What is left of it is the beginning of a line, which nobody will end.
                if !self.enter()? {
                    break;
                }
            } else {
                let newest = self.segments.firsts()?.last().copied();
                if newest.is_none_or(|newest| newest <= place.first) {
                    break;
                }
                // It may have got its last lines since it was read.
                place.full = true;
            }
        }
        Ok(events)
    }

    /// Goes on to the segment after this one; at first to the one that has the first event. False where there is none.
    fn enter(&mut self) -> io::Result<bool> {
        loop {
            let firsts = self.segments.firsts()?;
            let next = match &self.place {
                Some(place) => firsts.iter().find(|first| **first > place.first),
                None => {
                    let wanted = self.last.saturating_add(1);
                    let before = firsts.iter().rfind(|first| **first <= wanted);
                    before.or(firsts.first())
                }
            };
            let Some(first) = next.copied() else {
                return Ok(false);
            };
            // It may have been dropped meanwhile.
            if let Some(file) = self.segments.to_read(first)? {
                self.place = Some(Place {
                    first,
                    file,
                    offset: 0,
                    oldest: firsts.first() == Some(&first),
                    full: false,
                });
                return Ok(true);
            }
        }
    }

    fn take(&mut self, line: &[u8], events: &mut Vec<Event>) {
        if self.seeking && line::number(line).is_some_and(|number| number <= self.last) {
            return;
        }
        let event = match line::parse(line) {
            Read::Event(event) => event,
            Read::Unknown { seq, at } => {
                let text = format!("Event {seq} is of a kind that this version does not know.");
                note(seq, at, NoteCode::Incomplete, text)
            }
            Read::Damaged => return,
        };
        let seq = event.seq();
        // A number that comes again was given by somebody who did not know better.
        if seq <= self.last {
            return;
        }
        events.extend(self.missing(&event));
        events.push(event);
        self.last = seq;
        self.seeking = false;
    }

    /// Tells what is not there between the last event and this one.
    fn missing(&self, next: &Event) -> Option<Event> {
        let (first, last) = (self.last + 1, next.seq() - 1);
        if first > last {
            return None;
        }
        let dropped = self
            .place
            .as_ref()
            .is_some_and(|place| place.oldest && first < place.first);
        let (code, why) = if dropped {
            (NoteCode::Dropped, "not kept any more")
        } else {
            (NoteCode::Incomplete, "lost, since the log is damaged")
        };
        let text = if first == last {
            format!("Event {first} is {why}.")
        } else {
            format!("Events {first} to {last} are {why}.")
        };
        Some(note(last, at(next), code, text))
    }
}

fn note(seq: u64, at: u64, code: NoteCode, text: String) -> Event {
    Event::Note {
        seq,
        at,
        code,
        text,
    }
}
