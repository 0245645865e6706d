//! The events of a session that we do not hold, as its transcript tells them.
//!
//! The number of an event is the place of its line in the file and, behind that, its place in the line; one more, since 0 is
//! no event. So the numbers grow, with gaps, and mean the same after a restart.

use std::time::Duration;

use session_core::id::{ProcessKey, SessionId};
use tokio::time::sleep;
use wire::{Event, NoteCode, Since};

use super::{super::Inner, Gone, Outlet, PART, Service, aside};
use crate::{
    clock::now,
    event_log::{Latest, fit, json_bytes},
    observe::transcript::{
        Transcripts,
        onward::{Block, From, Onward},
    },
    present,
};

/// Of a long transcript that is followed from nowhere on only the end is told, in bytes.
const TAIL: u64 = 1 << 20;

/// Between two looks at a transcript that is followed.
const PAUSE: Duration = Duration::from_millis(250);

/// Between two looks for one that is not there yet.
const SEARCH: Duration = Duration::from_secs(1);

/// A transcript, and whoever writes it.
#[derive(Debug)]
pub(super) struct Written {
    transcripts: Transcripts,
    id: SessionId,
    /// Where it was started, which tells where to look first.
    cwd: Option<String>,
    /// `None` where nobody does.
    process: Option<ProcessKey>,
    /// `None` until there is a transcript.
    lines: Option<Onward>,
    /// When the last event was, Unix milliseconds: some lines do not tell.
    at: u64,
    /// The number of the last event.
    last: u64,
}

/// What one look brought.
#[derive(Debug)]
struct Look {
    events: Vec<Event>,
    /// There is no more for now.
    is_all: bool,
    /// Nobody writes any more.
    is_over: bool,
}

impl Written {
    pub(super) fn new(
        transcripts: Transcripts,
        id: SessionId,
        cwd: Option<String>,
        process: Option<ProcessKey>,
        after: u64,
    ) -> Self {
        Self {
            transcripts,
            id,
            cwd,
            process,
            lines: None,
            at: 0,
            last: after,
        }
    }

    /// The session whose transcript it is.
    pub(super) fn named(&self) -> wire::SessionId {
        present::session_id(&self.id)
    }

    /// Reads on.
    fn look(&mut self, inner: &Inner, follow: bool) -> Result<Look, String> {
        let proc = inner.observer.proc();
        let lives = |key: ProcessKey| proc.running(key.pid) == Some(key);
        // Asked before it is read: what was written until then is read.
        let is_over = !self.process.is_some_and(lives);
        let mut events = Vec::new();
        let lines = match &mut self.lines {
            Some(lines) => lines,
            none => {
                let transcript = self.transcripts.find(&self.id, self.cwd.as_deref());
                let transcript = transcript.map_err(|error| error.to_string())?;
                let Some(transcript) = transcript else {
                    return Ok(Look {
                        events,
                        is_all: true,
                        is_over,
                    });
                };
                let from = match self.last.checked_sub(1) {
                    Some(byte) => From::Byte(byte),
                    None if follow => From::Last(TAIL),
                    None => From::Byte(0),
                };
                let lines = self.transcripts.onward(&transcript, from);
                let lines = lines.map_err(|unreadable| unreadable.to_string())?;
                self.at = transcript.modified.0;
                if self.last == 0 && lines.offset() > 0 {
                    self.last = lines.offset();
                    let text = "What came before is left out; ask for the output without follow to have all of it.";
                    events.push(note(self.last, self.at, text));
                }
                none.insert(lines)
            }
        };
        let mut block = lines.read().map_err(|error| error.to_string())?;
        let is_all = block.is_empty();
        if is_all && is_over {
            block = lines.rest();
        }
        self.take(&block, &mut events);
        Ok(Look {
            events,
            is_all,
            is_over,
        })
    }

    fn take(&mut self, block: &Block, events: &mut Vec<Event>) {
        if let Some(start) = block.passed
            && start >= self.last
        {
            self.last = start + 1;
            let text = "A line of the transcript is too long to be shown.";
            events.push(note(self.last, self.at, text));
        }
        for (number, said, at) in present::said::of_lines(block.lines(), &mut self.at) {
            if number > self.last
                && let Some(event) = present::said::event(said, number, at)
            {
                self.last = number;
                events.push(fit(event));
            }
        }
    }

    /// Reads the newest events before the one of this number, as many as `kept` keeps.
    pub(super) fn before(&mut self, before: u64, kept: &Latest) -> Result<Vec<Event>, String> {
        let transcript = self.transcripts.find(&self.id, self.cwd.as_deref());
        let Some(transcript) = transcript.map_err(|error| error.to_string())? else {
            return Ok(Vec::new());
        };
        let mut window = PART as u64;
        loop {
            let from = match before.min(transcript.size_bytes.saturating_add(1)) {
                end if end > window => From::Byte(end - window),
                _ => From::Byte(0),
            };
            let lines = self.transcripts.onward(&transcript, from);
            let mut lines = lines.map_err(|unreadable| unreadable.to_string())?;
            let is_all = lines.offset() == 0;
            self.at = transcript.modified.0;
            let mut newest = kept.emptied();
            let mut is_before = true;
            while is_before {
                let mut block = lines.read().map_err(|error| error.to_string())?;
                if block.is_empty() && self.process.is_none() {
                    block = lines.rest();
                }
                is_before = !block.is_empty();
                for (number, said, at) in present::said::of_lines(block.lines(), &mut self.at) {
                    is_before &= number < before;
                    if is_before && let Some(event) = present::said::event(said, number, at) {
                        newest.push(fit(event));
                    }
                }
            }
            if is_all || newest.is_full() {
                return Ok(newest.into_events());
            }
            // What says nothing may be long: the reading takes no more than twice what the last window does.
            window = window.saturating_mul(4);
        }
    }
}

/// Tells what there is, and what comes for as long as it is followed and somebody writes.
pub(super) async fn tell(
    mut written: Written,
    since: Since,
    service: Service,
    outlet: Outlet,
) -> Result<(), Gone> {
    let mut has_caught = false;
    loop {
        let inner = service.inner.clone();
        let (back, looked) =
            aside(written, move |written| written.look(&inner, since.follow)).await?;
        written = back;
        let look = match looked {
            Ok(look) => look,
            Err(reason) => {
                let text = format!("The transcript can't be read on: {reason}.");
                let last = note(written.last + 1, now().0, &text);
                outlet.events(vec![last]).await?;
                if since.follow {
                    outlet.end(Some("the transcript can't be read on")).await?;
                }
                return Ok(());
            }
        };
        for part in parts(look.events) {
            outlet.events(part).await?;
        }
        if !look.is_all {
            continue;
        }
        if !since.follow {
            return Ok(());
        }
        if !has_caught {
            has_caught = true;
            outlet.caught(written.last).await?;
        }
        if look.is_over {
            let reason = match written.process {
                Some(_) => "the process has ended",
                None => "the session does not run",
            };
            return outlet.end(Some(reason)).await;
        }
        let pause = match written.lines {
            Some(_) => PAUSE,
            None => SEARCH,
        };
        tokio::select! {
            () = sleep(pause) => {}
            () = outlet.sender.closed() => return Err(Gone),
        }
    }
}

/// Cuts a long list into what is sent at once.
fn parts(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    let mut bytes = 0;
    for event in events {
        let more = json_bytes(&event);
        if bytes + more > PART && !part.is_empty() {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
        bytes += more;
        part.push(event);
    }
    parts.push(part);
    parts
}

fn note(seq: u64, at: u64, text: &str) -> Event {
    Event::Note {
        seq,
        at,
        code: NoteCode::Incomplete,
        text: text.to_owned(),
    }
}
