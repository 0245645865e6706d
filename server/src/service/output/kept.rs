//! The events of a session from its log, once nobody holds it any more.

use std::time::Duration;

use tokio::time::sleep;
use wire::{Event, NoteCode, SessionId};

use super::{Gone, Outlet, PART, aside};
use crate::{
    clock::now,
    event_log::LogReader,
    hold::{lost, place::Place},
    state_dir::StateDir,
};

/// The log of one session, and where it is.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) reader: LogReader,
    pub(super) place: Place,
    pub(super) state: StateDir,
    /// The name of the holder's directory.
    pub(super) dir: SessionId,
}

/// What the rest of a log was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    /// The number of the last event, of what was told before where there was none.
    pub(super) last: u64,
    /// It ends with the end of the session, as far as was read.
    pub(super) ended: Ended,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Exit,
    /// The last event is another one.
    Open,
    /// There was no event.
    Untold,
    /// It can't be read on.
    Unreadable,
}

const LOST: &str = "what held the session has ended without a word";

/// So long the end may take to be written of a session whose holder has gone without a word.
const FAREWELL: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(50);

pub(super) async fn tell(kept: Kept, after: u64, outlet: Outlet) -> Result<(), Gone> {
    let Kept {
        reader,
        place,
        state,
        dir,
    } = kept;
    let mut rest = rest(reader, after, &outlet).await?;
    if rest.ended == Ended::Untold && is_exit(&place, after) {
        rest.ended = Ended::Exit;
    }
    let rest = finish(&state, &dir, &place, rest, &outlet).await?;
    outlet.caught(rest.last).await?;
    outlet.end(rest.reason()).await
}

/// Tells all that there is.
pub(super) async fn rest(mut reader: LogReader, after: u64, outlet: &Outlet) -> Result<Rest, Gone> {
    let mut rest = Rest {
        last: after,
        ended: Ended::Untold,
    };
    loop {
        let (back, read) = aside(reader, |reader| reader.next(PART)).await?;
        reader = back;
        let events = match read {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(%error, "an event log can't be read");
                rest.ended = Ended::Unreadable;
                let note = Event::Note {
                    seq: rest.last + 1,
                    at: now().0,
                    code: NoteCode::Incomplete,
                    text: format!("The event log can't be read: {error}."),
                };
                outlet.events(vec![note]).await?;
                return Ok(rest);
            }
        };
        let Some(last) = events.last() else {
            return Ok(rest);
        };
        rest.last = last.seq();
        rest.ended = match last {
            Event::Exit { .. } => Ended::Exit,
            Event::Status { .. }
            | Event::User { .. }
            | Event::Assistant { .. }
            | Event::Tool { .. }
            | Event::ToolResult { .. }
            | Event::Approval { .. }
            | Event::Decision { .. }
            | Event::Usage { .. }
            | Event::Note { .. } => Ended::Open,
        };
        outlet.events(events).await?;
    }
}

/// Tells what is still written of a session whose holder has gone: its end, which is written here where nobody else has.
pub(super) async fn finish(
    state: &StateDir,
    dir: &SessionId,
    place: &Place,
    mut told: Rest,
    outlet: &Outlet,
) -> Result<Rest, Gone> {
    let mut waited = Duration::ZERO;
    loop {
        match told.ended {
            Ended::Exit | Ended::Unreadable => return Ok(told),
            Ended::Open | Ended::Untold if waited >= FAREWELL => return Ok(told),
            Ended::Open | Ended::Untold => {}
        }
        let its = (state.clone(), dir.clone());
        let (_, concluded) = aside(its, |(state, dir)| lost::conclude(state, dir)).await?;
        if let Err(error) = &concluded {
            // Whoever finds out later tries it as well.
            tracing::debug!(%error, "the end of a log can't be written");
        }
        match LogReader::open(place.directory(), told.last) {
            Ok(reader) => {
                let more = rest(reader, told.last, outlet).await?;
                if more.ended != Ended::Untold {
                    told = more;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "an event log can't be read");
                told.ended = Ended::Unreadable;
            }
        }
        if matches!(told.ended, Ended::Open | Ended::Untold) {
            sleep(STEP).await;
            waited += STEP;
        }
    }
}

/// Whether the event of this number is the end of the session.
fn is_exit(place: &Place, seq: u64) -> bool {
    let Some(before) = seq.checked_sub(1) else {
        return false;
    };
    let reader = LogReader::open(place.directory(), before);
    let next = reader.and_then(|mut reader| reader.next(1));
    next.is_ok_and(|events| matches!(events.first(), Some(Event::Exit { .. })))
}

impl Rest {
    /// Why the session has ended, `None` where its events tell.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self.ended {
            Ended::Exit => None,
            Ended::Open | Ended::Untold => Some(LOST),
            Ended::Unreadable => Some("the event log can't be read"),
        }
    }
}
