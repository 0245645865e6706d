//! A transcript's lines from any byte on, and those that are added while it grows.
//!
//! Where a byte is, is counted without compression. Holds one block and one line at most.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    os::unix::fs::FileExt as _,
};

use flate2::read::MultiGzDecoder;

use super::{Transcript, Transcripts, backwards::LINE_LIMIT, reading::Unreadable};

/// What is read at once, in bytes.
const STEP: usize = 64 << 10;

/// Where to begin.
#[derive(Clone, Copy, Debug)]
pub enum From {
    /// With the line that has this byte.
    Byte(u64),
    /// With the first line that begins within the last so many bytes. An archive is read from its start.
    Last(u64),
}

/// One reader's way through a transcript.
#[derive(Debug)]
pub struct Onward {
    source: Source,
    /// Where `rest` begins.
    offset: u64,
    /// The beginning of a line whose end has not been read.
    rest: Vec<u8>,
    /// Where the line begins that is too long to hold, while its end is looked for.
    passing: Option<u64>,
}

#[derive(Debug)]
enum Source {
    Plain(File),
    Archive(Box<MultiGzDecoder<BufReader<File>>>),
}

/// Some lines, the first one first.
#[derive(Debug, Default)]
pub struct Block {
    /// Where the line before them begins, if it was too long to be read.
    pub passed: Option<u64>,
    start: u64,
    text: Vec<u8>,
}

impl Transcripts {
    pub fn onward(&self, transcript: &Transcript, from: From) -> Result<Onward, Unreadable> {
        let (file, entry) = self.open(transcript)?;
        let begin = || {
            if transcript.archived {
                let decoder = MultiGzDecoder::new(BufReader::new(file));
                return Ok((0, Source::Archive(Box::new(decoder))));
            }
            let length = entry.size_bytes;
            let start = match from {
                From::Byte(byte) => line_start(&file, byte.min(length))?,
                From::Last(bytes) if bytes >= length => 0,
                From::Last(bytes) => next_line(&file, length - bytes, length)?,
            };
            (&file).seek(SeekFrom::Start(start))?;
            Ok((start, Source::Plain(file)))
        };
        let (offset, source) =
            begin().map_err(|error| Unreadable::new(&transcript.path, &error))?;
        Ok(Onward {
            source,
            offset,
            rest: Vec::new(),
            passing: None,
        })
    }
}

impl Onward {
    /// Where the next line begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Reads on. No line means that there is no whole one more for now.
    pub fn read(&mut self) -> io::Result<Block> {
        loop {
            let searched = self.rest.len();
            if self.source.read(&mut self.rest)? == 0 {
                return Ok(Block::default());
            }
            let mut block = Block::default();
            if let Some(start) = self.passing {
                let newline = memchr::memchr(b'\n', &self.rest);
                self.pass(newline.map_or(self.rest.len(), |newline| newline + 1));
                if newline.is_none() {
                    continue;
                }
                self.passing = None;
                block.passed = Some(start);
            }
            let unsearched = self.rest.get(searched..).unwrap_or(&self.rest);
            let newline = memchr::memrchr(b'\n', unsearched);
            if let Some(newline) = newline {
                let end = self.rest.len() - unsearched.len() + newline + 1;
                let rest = self.rest.split_off(end);
                block.start = self.offset;
                block.text = std::mem::replace(&mut self.rest, rest);
                self.offset += block.text.len() as u64;
            } else if self.rest.len() > LINE_LIMIT {
                self.passing = Some(self.offset);
                self.pass(self.rest.len());
            }
            if !block.is_empty() {
                return Ok(block);
            }
        }
    }

    /// What is there of a line that nobody will end any more.
    pub fn rest(&mut self) -> Block {
        let text = std::mem::take(&mut self.rest);
        let start = self.offset;
        self.offset += text.len() as u64;
        Block {
            passed: self.passing.take(),
            start,
            text,
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.rest.drain(..bytes);
        self.offset += bytes as u64;
    }
}

impl Source {
    /// Adds a block of what is there; 0 where there is no more for now.
    fn read(&mut self, rest: &mut Vec<u8>) -> io::Result<usize> {
        match self {
            Self::Plain(file) => {
                let here = file.stream_position()?;
                if file.metadata()?.len() < here {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "it has become shorter",
                    ));
                }
                file.take(STEP as u64).read_to_end(rest)
            }
            Self::Archive(decoder) => decoder.take(STEP as u64).read_to_end(rest),
        }
    }
}

impl Block {
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() && self.passed.is_none()
    }

    /// Each line with the place where it begins.
    pub fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let lines = self.text.split_inclusive(|byte| *byte == b'\n');
        lines.scan(self.start, |next, line| {
            let start = *next;
            *next += line.len() as u64;
            Some((start, line))
        })
    }
}

/// Where the line begins that has this byte, or that ends before it where there is none.
fn line_start(file: &File, byte: u64) -> io::Result<u64> {
    let mut block = Vec::new();
    let mut end = byte;
    while end > 0 {
        let length = usize::try_from(end).map_or(STEP, |end| end.min(STEP));
        block.resize(length, 0);
        let start = end - length as u64;
        file.read_exact_at(&mut block, start)?;
        if let Some(newline) = memchr::memrchr(b'\n', &block) {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Where the first line begins that does so at this byte or behind it; the end where none does.
fn next_line(file: &File, byte: u64, end: u64) -> io::Result<u64> {
    let mut block = vec![0; STEP];
    // The newline before the line may be the byte before this one.
    let mut start = byte.saturating_sub(1);
    while start < end {
        let count = file.read_at(&mut block, start)?;
        let read = block.get(..count).unwrap_or_default();
        if let Some(newline) = memchr::memchr(b'\n', read) {
            return Ok(start + newline as u64 + 1);
        }
        if count == 0 {
            break;
        }
        start += count as u64;
    }
    Ok(end)
}
