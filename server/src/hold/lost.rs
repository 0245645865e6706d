//! What is written of a session whose holder has ended without a word: killed, out of memory, or the machine stopped.
//!
//! Whoever finds the lock free and the log without an end writes it, so that nobody takes the session for held.

use std::io;

use wire::{DecidedBy, DecisionOutcome, Event, NoteCode};

use super::place::Place;
use crate::{
    clock::now,
    event_log::{self, EventLog, LogReader},
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
            let withdrawn = open_requests(&place)?;
            let farewell = farewell(withdrawn, last);
            if log.append(&farewell)? < farewell.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            log.sync()?;
        }
    }
    place.clear_socket()?;
    Ok(true)
}

/// Removes the log of a session that has never come to life, once its holder has let go of it.
pub fn forget(state: &StateDir, id: &wire::SessionId) -> io::Result<()> {
    let Some(place) = Place::find(state, id)? else {
        return Ok(());
    };
    match place.wait_for_lock()? {
        Some(_lock) => event_log::remove(place.directory()),
        None => Err(io::ErrorKind::WouldBlock.into()),
    }
}

fn has_ended(place: &Place, last: u64) -> io::Result<bool> {
    let mut reader = LogReader::open(place.directory(), last.saturating_sub(1))?;
    let newest = reader.next(usize::MAX)?.pop();
    Ok(matches!(newest, Some(Event::Exit { .. })))
}

/// The requests that nobody has decided.
fn open_requests(place: &Place) -> io::Result<Vec<String>> {
    const PART: usize = 1 << 20;
    let mut reader = LogReader::open(place.directory(), 0)?;
    let mut open: Vec<String> = Vec::new();
    loop {
        let events = reader.next(PART)?;
        if events.is_empty() {
            return Ok(open);
        }
        for event in events {
            if let Event::Approval { request_id, .. } = event {
                open.push(request_id);
            } else if let Event::Decision { request_id, .. } = event {
                open.retain(|asked| *asked != request_id);
            }
        }
    }
}

fn farewell(withdrawn: Vec<String>, last: u64) -> Vec<Event> {
    let at = now().0;
    let mut seq = last;
    let mut next = || {
        seq += 1;
        seq
    };
    let withdraw = |request_id| Event::Decision {
        seq: next(),
        at,
        request_id,
        outcome: DecisionOutcome::Withdrawn,
        by: DecidedBy::Session,
        reason: None,
        rule: None,
    };
    let mut events: Vec<Event> = withdrawn.into_iter().map(withdraw).collect();
    let text = "What held the session has ended without a word. Claude Code ends with its input; what it said meanwhile stands in its transcript. Go on with resume.";
    events.push(Event::Note {
        seq: next(),
        at,
        code: NoteCode::HolderLost,
        text: text.to_owned(),
    });
    events.push(Event::Exit {
        seq: next(),
        at,
        code: None,
        signal: None,
        cancelled: false,
        stderr: String::new(),
    });
    events
}
