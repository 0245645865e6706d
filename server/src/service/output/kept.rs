//! The events of a session from its log, once nobody holds it any more.

use wire::{Event, NoteCode};

use super::{Gone, Outlet, PART, aside};
use crate::{clock::now, event_log::LogReader};

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
}

pub(super) const LOST: &str = "what held the session has ended without a word";

pub(super) async fn tell(reader: LogReader, after: u64, outlet: Outlet) -> Result<(), Gone> {
    let rest = rest(reader, after, &outlet).await?;
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
        let events = read.unwrap_or_else(|error| {
            tracing::warn!(%error, "an event log can't be read");
            let note = Event::Note {
                seq: rest.last + 1,
                at: now().0,
                code: NoteCode::Incomplete,
                text: format!("The event log can't be read: {error}."),
            };
            vec![note]
        });
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

impl Rest {
    /// Why the session has ended, `None` where its events tell.
    pub(super) fn reason(self) -> Option<&'static str> {
        match self.ended {
            Ended::Exit | Ended::Untold => None,
            Ended::Open => Some(LOST),
        }
    }
}
