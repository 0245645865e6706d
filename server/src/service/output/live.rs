//! The events of a session from its holder, which joins those of the log with those that come.

use wire::{Event, Output};

use super::{
    Gone, Outlet,
    kept::{self, Ended},
};
use crate::{
    event_log::LogReader,
    hold::{
        client::Client,
        protocol::{Asked, Told},
    },
};

pub(super) async fn tell(mut client: Client, after: u64, outlet: Outlet) -> Result<(), Gone> {
    let mut last = after;
    let mut has_caught = false;
    let mut has_exited = false;
    if client.ask(&Asked::Follow { after }).await.is_ok() {
        loop {
            let told = tokio::select! {
                told = client.next() => told,
                () = outlet.sender.closed() => return Err(Gone),
            };
            match told {
                Ok(Some(Told::Events { events })) => {
                    last = events.last().map_or(last, Event::seq);
                    has_exited |= events.iter().any(|it| matches!(it, Event::Exit { .. }));
                    outlet.events(events).await?;
                }
                Ok(Some(Told::Delta { delta })) => {
                    let session_id = outlet.id.clone();
                    outlet.put(Output::Delta { session_id, delta }).await?;
                }
                Ok(Some(Told::Caught { seq })) => {
                    has_caught = true;
                    outlet.caught(seq).await?;
                }
                Ok(Some(Told::End)) => return outlet.end(None).await,
                // It was not asked for.
                Ok(Some(
                    Told::Hello { .. }
                    | Told::Now(_)
                    | Told::Screen { .. }
                    | Told::Reply { .. }
                    | Told::Unknown,
                )) => {}
                Ok(None) => break,
                Err(error) => {
                    tracing::debug!(%error, "a holder has gone");
                    break;
                }
            }
        }
    }
    // It went without a word; what it has written is there.
    let mut reason = (!has_exited).then_some(kept::LOST);
    match LogReader::open(client.place().directory(), last) {
        Ok(reader) => {
            let rest = kept::rest(reader, last, &outlet).await?;
            last = rest.last;
            if rest.ended == Ended::Exit {
                reason = None;
            }
        }
        Err(error) => tracing::warn!(%error, "an event log can't be read"),
    }
    if !has_caught {
        outlet.caught(last).await?;
    }
    outlet.end(reason).await
}
