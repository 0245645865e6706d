//! What is written of a session whose holder has ended without a word: killed, out of memory, or the machine stopped.
//!
//! Whoever finds the lock free and the log without an end writes it, so that nobody takes the session for held.

use std::io;

use wire::{Event, NoteCode};

use super::place::Place;
use crate::{
    clock::now,
    event_log::{EventLog, LogReader},
    state_dir::StateDir,
};

/// Ends the log of a session that nobody holds any more, unless it has its end. Returns whether nobody holds it.
pub fn conclude(state: &StateDir, id: &wire::SessionId) -> io::Result<bool> {
    let Some(place) = Place::find(state, id)? else {
        return Ok(true);
    };
    let Some(_lock) = place.lock()? else {
        return Ok(false);
    };
    if let Some(log) = Place::find(state, id)? {
        let mut log = EventLog::open(log.into_directory())?;
        let last = log.last_seq();
        if last > 0 && !has_ended(&place, last)? {
            log.append(&farewell(last))?;
            log.sync()?;
        }
    }
    place.clear_socket()?;
    Ok(true)
}

fn has_ended(place: &Place, last: u64) -> io::Result<bool> {
    let mut reader = LogReader::open(place.directory(), last.saturating_sub(1))?;
    let newest = reader.next(usize::MAX)?.pop();
    Ok(matches!(newest, Some(Event::Exit { .. })))
}

fn farewell(last: u64) -> [Event; 2] {
    let at = now().0;
    let text = "What held the session has ended without a word. Claude Code ends with its input; what it said meanwhile stands in its transcript. Go on with resume.";
    let note = Event::Note {
        seq: last + 1,
        at,
        code: NoteCode::HolderLost,
        text: text.to_owned(),
    };
    let exit = Event::Exit {
        seq: last + 2,
        at,
        code: None,
        signal: None,
        cancelled: false,
        stderr: String::new(),
    };
    [note, exit]
}
