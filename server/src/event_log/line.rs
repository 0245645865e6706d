//! One line of the log, written and read back, and whole lines of a file that is being written.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use serde::Deserialize;
use wire::Event;

use super::{EVENT_BYTES, fit};

/// A longer line is none of ours; it is passed over.
const LINE_BYTES: usize = 2 * EVENT_BYTES;
const STEP: usize = 64 << 10;

/// What a line was read to be.
#[derive(Debug)]
pub(super) enum Read {
    Event(Event),
    /// An event of a kind that a later version writes.
    Unknown {
        seq: u64,
        at: u64,
    },
    Damaged,
}

/// What every event has.
#[derive(Debug, Deserialize)]
struct Head {
    seq: u64,
    #[serde(default)]
    at: u64,
}

/// Returns the line with its newline.
pub(super) fn render(event: &Event) -> Vec<u8> {
    let json = |event: &Event| {
        serde_json::to_vec(event).expect("an event has string keys only, and its texts are UTF-8")
    };
    let mut line = json(event);
    if line.len() > EVENT_BYTES {
        line = json(&fit(event.clone()));
    }
    line.push(b'\n');
    line
}

pub(super) fn parse(line: &[u8]) -> Read {
    if let Ok(event) = serde_json::from_slice(line) {
        return Read::Event(event);
    }
    match serde_json::from_slice(line) {
        Ok(Head { seq, at }) => Read::Unknown { seq, at },
        Err(_) => Read::Damaged,
    }
}

/// The number of a line's event, `None` where it can't be read. Cheaper than all of the event.
pub(super) fn number(line: &[u8]) -> Option<u64> {
    serde_json::from_slice(line)
        .ok()
        .map(|Head { seq, .. }| seq)
}

/// When the event was, Unix milliseconds.
pub(super) fn at(event: &Event) -> u64 {
    match event {
        Event::Status { at, .. }
        | Event::User { at, .. }
        | Event::Assistant { at, .. }
        | Event::Tool { at, .. }
        | Event::ToolResult { at, .. }
        | Event::Approval { at, .. }
        | Event::Decision { at, .. }
        | Event::Usage { at, .. }
        | Event::Note { at, .. }
        | Event::Exit { at, .. } => *at,
    }
}

/// Some lines of a file, each with its end.
#[derive(Debug)]
pub(super) struct Lines {
    text: Vec<u8>,
    /// Where the next line begins. Where there is no whole line this is where it was asked for.
    pub(super) next: u64,
}

impl Lines {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split_inclusive(|byte| *byte == b'\n')
    }
}

/// Reads the whole lines from `offset` on, which is where one begins: about `most` bytes of them, and at least one where
/// there is one.
pub(super) fn whole_lines(file: &File, offset: u64, most: usize) -> io::Result<Lines> {
    let mut text = Vec::new();
    let mut wanted = most.clamp(1, LINE_BYTES);
    loop {
        let searched = text.len();
        let more = fill(file, offset, &mut text, wanted)?;
        let unsearched = text.get(searched..).unwrap_or_default();
        let newline = if searched == 0 {
            memchr::memrchr(b'\n', unsearched)
        } else {
            // It is long already; those behind it have time.
            memchr::memchr(b'\n', unsearched)
        };
        if let Some(newline) = newline {
            text.truncate(searched + newline + 1);
            let next = offset + text.len() as u64;
            return Ok(Lines { text, next });
        }
        if !more {
            break;
        }
        if wanted == LINE_BYTES {
            text.clear();
            let next = after_line(file, offset + LINE_BYTES as u64)?.unwrap_or(offset);
            return Ok(Lines { text, next });
        }
        wanted = (wanted + STEP).min(LINE_BYTES);
    }
    text.clear();
    Ok(Lines { text, next: offset })
}

/// Reads until there are `wanted` bytes. Returns whether there may be more behind them.
fn fill(file: &File, offset: u64, text: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let mut filled = text.len();
    text.resize(wanted.max(filled), 0);
    while let Some(rest) = text.get_mut(filled..)
        && !rest.is_empty()
    {
        match file.read_at(rest, offset + filled as u64) {
            Ok(0) => {
                text.truncate(filled);
                return Ok(false);
            }
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Returns where the line after this one begins, `None` where this one has no end yet.
fn after_line(file: &File, mut offset: u64) -> io::Result<Option<u64>> {
    let mut text = Vec::new();
    loop {
        text.clear();
        let more = fill(file, offset, &mut text, STEP)?;
        if let Some(newline) = memchr::memchr(b'\n', &text) {
            return Ok(Some(offset + newline as u64 + 1));
        }
        if !more {
            return Ok(None);
        }
        offset += STEP as u64;
    }
}
