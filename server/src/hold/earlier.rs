//! What was said in a conversation before this holder held it: as the first events of its log, where that has none, and the
//! messages that it must not be told again.

use std::{collections::VecDeque, io, path::Path};

use wire::{Event, NoteCode};

use super::{place::Place, spec::Earlier, talk::SENT};
use crate::{
    event_log::{EventLog, LogReader, fit},
    observe::transcript::{
        Transcripts,
        onward::{From, Onward},
    },
    present,
};

/// Of a long conversation only the end is told, in bytes of its transcript.
const TAIL: u64 = 1 << 20;

/// So many events back a message that is repeated is known.
const EVENTS: u64 = 10_000;

/// What is read of a log at once, in bytes.
const PART: usize = 128 << 10;

/// Tells it in a log that is empty. Without its transcript the log begins with what is said from now on.
pub(super) fn tell(earlier: &Earlier, log: &mut EventLog) -> io::Result<()> {
    let id = present::core_session_id(&earlier.session_id);
    let transcripts = Transcripts::at(Path::new(&earlier.config_dir));
    let Some(transcript) = transcripts.find(&id, None)? else {
        return Ok(());
    };
    let mut lines = transcripts
        .onward(&transcript, From::Last(TAIL))
        .map_err(|unreadable| io::Error::other(unreadable.to_string()))?;
    let mut at = transcript.modified.0;
    if lines.offset() > 0 {
        let note = Event::Note {
            seq: log.last_seq() + 1,
            at,
            code: NoteCode::Incomplete,
            text: "What came before stands in the transcript.".to_owned(),
        };
        log.append(&[note])?;
    }
    while let Some(events) = next(&mut lines, &mut at, log.last_seq())? {
        log.append(&events)?;
    }
    Ok(())
}

/// The ids of the messages among the last events of a log, oldest first: Claude Code drops a message whose id it knows, and says
/// nothing to it.
pub(super) fn messages(place: &Place, last: u64) -> io::Result<VecDeque<String>> {
    let mut reader = LogReader::open(place.directory(), last.saturating_sub(EVENTS))?;
    let mut messages = VecDeque::new();
    loop {
        let events = reader.next(PART)?;
        if events.is_empty() {
            return Ok(messages);
        }
        for event in events {
            if let Event::User { uuid: Some(id), .. } = event {
                messages.push_back(id);
            }
            if messages.len() > SENT {
                messages.pop_front();
            }
        }
    }
}

/// The next events, `None` at the end.
fn next(lines: &mut Onward, at: &mut u64, last: u64) -> io::Result<Option<Vec<Event>>> {
    let block = lines.read()?;
    if block.is_empty() {
        return Ok(None);
    }
    let mut events = Vec::new();
    let mut seq = last;
    for (_, said, at) in present::said::of_lines(block.lines(), at) {
        if let Some(event) = present::said::event(said, seq + 1, at) {
            seq += 1;
            events.push(fit(event));
        }
    }
    Ok(Some(events))
}
