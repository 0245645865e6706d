//! Reading the end of a transcript, and from then on only what is appended.
//!
//! The cost does not depend on the size of the file. A file that was replaced, truncated or written over is read anew. A
//! line that has no end yet is left for the next time.

use std::{
    hash::{DefaultHasher, Hasher},
    io::{self, Read, Seek, SeekFrom},
    ops::ControlFlow,
    sync::Arc,
};

use session_core::transcript::tail::Tail;

use super::{Transcript, Transcripts, forwards, reading::Unreadable};
use crate::beneath::{Entry, FileId};

/// The newest lines of a running turn fit, unless one holds an image or a whole file.
const FIRST_WINDOW: u64 = 256 << 10;
/// Where nothing is found in this much, nothing is looked for.
const LAST_WINDOW: u64 = 16 << 20;
/// So much before the place where reading goes on has to be what it was: a line's time and id are in it.
const MARK: u64 = 1 << 10;

/// What is known of a transcript's end, and where reading goes on.
#[derive(Clone, Debug)]
pub struct Known {
    version: Version,
    place: Place,
    tail: Arc<Tail>,
}

/// While this is the same, nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    file: FileId,
    size_bytes: u64,
    modified_nanos: i128,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    /// Where the first line begins that was not taken in.
    offset: u64,
    /// A hash of what is before it.
    mark: u64,
}

impl Known {
    pub fn tail(&self) -> &Arc<Tail> {
        &self.tail
    }

    pub(super) fn is_of(&self, version: Version) -> bool {
        self.version == version
    }

    /// Reads what `known` does not know yet, or the end of what has been opened; `blank` takes its lines.
    pub(super) fn read(
        mut file: impl Read + Seek,
        version: Version,
        blank: &Tail,
        known: Option<Self>,
    ) -> io::Result<Self> {
        let known = known.filter(|known| known.version.file == version.file);
        let known = match known {
            Some(known) if known.version == version => return Ok(known),
            Some(known) => Some((known.place, Arc::unwrap_or_clone(known.tail))),
            None => None,
        };
        let (place, tail) = read(&mut file, version.size_bytes, blank, known)?;
        Ok(Self {
            version,
            place,
            tail: Arc::new(tail),
        })
    }
}

impl Version {
    pub(super) fn of(entry: &Entry) -> Self {
        Self {
            file: entry.file,
            size_bytes: entry.size_bytes,
            modified_nanos: entry.modified_nanos,
        }
    }

    pub(super) fn of_transcript(transcript: &Transcript) -> Self {
        Self {
            file: transcript.file,
            size_bytes: transcript.size_bytes,
            modified_nanos: transcript.modified_nanos,
        }
    }
}

impl Transcripts {
    /// Reads what `known` does not know yet, or the file's end. An archive has no turn that could go on: it reads as
    /// an empty file does.
    pub fn tail(&self, transcript: &Transcript, known: Option<Known>) -> Result<Known, Unreadable> {
        let (file, entry) = self.open(transcript)?;
        let mut version = Version::of(&entry);
        if transcript.archived {
            version.size_bytes = 0;
        }
        Known::read(file, version, &Tail::new(), known)
            .map_err(|error| Unreadable::new(&transcript.path, &error))
    }
}

fn read(
    file: &mut (impl Read + Seek),
    size: u64,
    blank: &Tail,
    known: Option<(Place, Tail)>,
) -> io::Result<(Place, Tail)> {
    if let Some((place, tail)) = known
        && (place.offset..=place.offset.saturating_add(LAST_WINDOW)).contains(&size)
        && mark(file, place.offset)? == place.mark
    {
        return read_from(file, place.offset, size, tail);
    }
    let mut window = FIRST_WINDOW;
    loop {
        let start = size.saturating_sub(window);
        let (place, tail) = read_from(file, start, size, blank.clone())?;
        if tail.is_anchored() || start == 0 || window >= LAST_WINDOW {
            return Ok((place, tail));
        }
        window *= 4;
    }
}

/// Takes the lines between `start` and `end` into `tail`. What is cut off at the start is no JSON and counts for nothing.
fn read_from(
    file: &mut (impl Read + Seek),
    start: u64,
    end: u64,
    mut tail: Tail,
) -> io::Result<(Place, Tail)> {
    file.seek(SeekFrom::Start(start))?;
    let mut stream = file.by_ref().take(end - start);
    let mut unfinished = 0;
    let result = forwards::runs(&mut stream, |run| {
        let mut lines = run.split(|byte| *byte == b'\n');
        let last = lines.next_back().unwrap_or_default();
        unfinished = last.len() as u64;
        for line in lines {
            tail.line(line);
        }
        ControlFlow::Continue(())
    });
    if let forwards::End::Broken(error) = result {
        return Err(error);
    }
    // The file may have become shorter meanwhile.
    let offset = (end - stream.limit()).saturating_sub(unfinished);
    let mark = mark(file, offset)?;
    Ok((Place { offset, mark }, tail))
}

fn mark(file: &mut (impl Read + Seek), offset: u64) -> io::Result<u64> {
    let start = offset.saturating_sub(MARK);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.by_ref().take(offset - start).read_to_end(&mut bytes)?;
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    Ok(hasher.finish())
}

#[cfg(test)]
mod tests {
    use session_core::transcript::tail::Turn;

    use super::*;

    /// A file that counts what is read of it.
    struct Counting {
        bytes: io::Cursor<Vec<u8>>,
        read: u64,
    }

    impl Read for Counting {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.bytes.read(buffer)?;
            self.read += read as u64;
            Ok(read)
        }
    }

    impl Seek for Counting {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.bytes.seek(to)
        }
    }

    fn counting(bytes: Vec<u8>) -> Counting {
        Counting {
            bytes: io::Cursor::new(bytes),
            read: 0,
        }
    }

    fn prompt(text: &str) -> String {
        format!("{{\"type\":\"user\",\"message\":{{\"content\":\"{text}\"}}}}\n")
    }

    fn answer(text: &str) -> String {
        format!(
            "{{\"type\":\"assistant\",\"message\":{{\"stop_reason\":\"end_turn\",\"content\":\"{text}\"}}}}\n"
        )
    }

    fn noise(bytes: usize) -> String {
        format!("{{\"type\":\"noise\",\"x\":\"{}\"}}\n", "x".repeat(1_000)).repeat(bytes / 1_000)
    }

    #[test]
    fn a_long_file_costs_its_end_and_then_what_is_added() {
        let mut content = noise(40 << 20);
        content.push_str(&prompt("x"));
        let size = content.len() as u64;
        let mut file = counting(content.into_bytes());
        let (place, tail) = read(&mut file, size, &Tail::new(), None).unwrap();
        assert_eq!((tail.turn(), place.offset), (Turn::Model, size));
        assert_eq!(file.read, FIRST_WINDOW + MARK);
        file.read = 0;
        let added = answer("y");
        file.bytes.get_mut().extend_from_slice(added.as_bytes());
        let longer = size + added.len() as u64;
        let (place, tail) = read(&mut file, longer, &Tail::new(), Some((place, tail))).unwrap();
        assert_eq!((tail.turn(), place.offset), (Turn::Done, longer));
        assert_eq!(file.read, added.len() as u64 + 2 * MARK);
    }

    #[test]
    fn where_the_end_says_nothing_more_is_read_up_to_a_limit() {
        let mut content = prompt("x");
        content.push_str(&noise(3 << 20));
        let size = content.len() as u64;
        let (_, tail) = read(
            &mut counting(content.into_bytes()),
            size,
            &Tail::new(),
            None,
        )
        .unwrap();
        assert_eq!(tail.turn(), Turn::Model);
        let content = noise(40 << 20);
        let size = content.len() as u64;
        let mut file = counting(content.into_bytes());
        let (_, tail) = read(&mut file, size, &Tail::new(), None).unwrap();
        assert_eq!(tail.turn(), Turn::Silent);
        assert!(file.read < 2 * LAST_WINDOW, "{}", file.read);
        // So much at once is not read through either.
        let known = Some((
            Place {
                offset: 0,
                mark: mark(&mut file, 0).unwrap(),
            },
            Tail::new(),
        ));
        file.read = 0;
        read(&mut file, size, &Tail::new(), known).unwrap();
        assert!(file.read < 2 * LAST_WINDOW, "{}", file.read);
    }

    #[test]
    fn a_huge_line_is_passed_over_and_what_follows_is_read() {
        let huge = prompt(&"x".repeat(9 << 20));
        let mut content = answer("before");
        content.push_str(huge.trim_end());
        let mut file = counting(content.clone().into_bytes());
        let known = read(&mut file, content.len() as u64, &Tail::new(), None).unwrap();
        content.push('\n');
        content.push_str(&answer("after"));
        let mut file = counting(content.clone().into_bytes());
        let known = read(&mut file, content.len() as u64, &Tail::new(), Some(known)).unwrap();
        assert_eq!(known.1.last_text(), Some("after"));
        let anew = read(&mut file, content.len() as u64, &Tail::new(), None).unwrap();
        assert_eq!(anew, known);
    }

    #[test]
    fn a_file_that_became_shorter_while_it_was_read_is_read_on_from_its_end() {
        let content = prompt("x");
        let mut file = counting(content.clone().into_bytes());
        let (place, tail) =
            read(&mut file, content.len() as u64 + 1_000, &Tail::new(), None).unwrap();
        assert_eq!(
            (tail.turn(), place.offset),
            (Turn::Model, content.len() as u64)
        );
    }
}
