//! What a client that follows is told: from what is at hand, from the log where it has fallen behind, and as it happens.

use std::{io, rc::Rc};

use tokio::sync::{broadcast, mpsc};
use wire::Event;

use super::{Desk, PART, line};
use crate::{
    event_log::LogReader,
    hold::{chronicle::Live, protocol::Told},
};

/// The log can't be read.
#[derive(Debug)]
pub(super) struct Unreadable;

/// Tells all that there is after an event, and what comes, until the session has ended or the client has gone.
pub(super) async fn tell_events(
    desk: Rc<Desk>,
    after: u64,
    lines: mpsc::Sender<Vec<u8>>,
) -> Result<(), Unreadable> {
    let mut ended = desk.ended.subscribe();
    // A number that was never given is one of another list, such as that of the transcript: nothing is known to be sent.
    let last = desk.chronicle.borrow().last();
    let mut sent = if after > last { 0 } else { after };
    let mut has_caught = false;
    loop {
        // First listen, then look: what comes between the two is heard, and known by its number.
        let mut live = desk.chronicle.borrow().listen();
        if catch_up(&desk, &mut sent, &lines).await? == Client::Gone {
            return Ok(());
        }
        if !has_caught {
            has_caught = true;
            if lines.send(line(&Told::Caught { seq: sent })).await.is_err() {
                return Ok(());
            }
        }
        // Ends where something was missed, to begin anew.
        loop {
            let heard = tokio::select! {
                biased;
                heard = live.recv() => heard,
                _ = ended.wait_for(|&ended| ended) => {
                    if catch_up(&desk, &mut sent, &lines).await? == Client::Takes {
                        lines.send(line(&Told::End)).await.ok();
                    }
                    return Ok(());
                }
                () = lines.closed() => return Ok(()),
            };
            let told = match heard {
                Ok(Live::Delta(delta)) => Told::Delta {
                    delta: (*delta).clone(),
                },
                Ok(Live::Event(seq)) if seq <= sent => continue,
                Ok(Live::Event(seq)) => {
                    let event = desk.chronicle.borrow().at_hand(seq);
                    let Some(event) = event.filter(|_| seq == sent + 1) else {
                        break;
                    };
                    sent = seq;
                    Told::Events {
                        events: vec![Event::clone(&event)],
                    }
                }
                Err(broadcast::error::RecvError::Lagged(_)) => break,
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            };
            if lines.send(line(&told)).await.is_err() {
                return Ok(());
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Client {
    Takes,
    Gone,
}

/// Sends all events that there are after `sent`.
async fn catch_up(
    desk: &Desk,
    sent: &mut u64,
    lines: &mpsc::Sender<Vec<u8>>,
) -> Result<Client, Unreadable> {
    let unreadable = |error: io::Error| {
        tracing::warn!(%error, "the log can't be read");
        Unreadable
    };
    let mut reader = None;
    loop {
        let at_hand = desk.chronicle.borrow().after(*sent);
        let events: Vec<Event> = match at_hand {
            Some(events) => {
                // It stands before these by now, and what is at hand may be dropped while we send.
                reader = None;
                events.iter().map(|event| Event::clone(event)).collect()
            }
            None => {
                let reader = match &mut reader {
                    Some(reader) => reader,
                    None => {
                        let opened = LogReader::open(desk.place.directory(), *sent);
                        reader.insert(opened.map_err(unreadable)?)
                    }
                };
                let events = reader.next(PART).map_err(unreadable)?;
                if events.is_empty() {
                    // The log has nothing between what was sent and what is at hand: it was dropped.
                    let chronicle = desk.chronicle.borrow();
                    let first = chronicle.first_at_hand();
                    let first = first.unwrap_or_else(|| chronicle.last().saturating_add(1));
                    *sent = (*sent).max(first.saturating_sub(1));
                    continue;
                }
                events
            }
        };
        let Some(last) = events.last().map(Event::seq) else {
            return Ok(Client::Takes);
        };
        *sent = last.max(*sent);
        for part in parts(events) {
            let told = line(&Told::Events { events: part });
            if lines.send(told).await.is_err() {
                return Ok(Client::Gone);
            }
        }
    }
}

/// Cuts a long list into messages that a client can take one after the other.
fn parts(events: Vec<Event>) -> Vec<Vec<Event>> {
    const MOST: usize = 256;
    let mut parts = Vec::new();
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        parts.push(events.by_ref().take(MOST).collect());
    }
    parts
}
