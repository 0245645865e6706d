//! The events of a session from its holder, which joins those of the log with those that come.

use wire::{Event, Output, SessionId};

use super::{
    Gone, Outlet,
    kept::{self, Ended, Rest},
};
use crate::{
    hold::{
        client::Client,
        place::Place,
        protocol::{Asked, Told},
    },
    state_dir::StateDir,
};

/// A connection to a holder, and where the next one is to be had.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) client: Client,
    state: StateDir,
    /// The name of the holder's directory.
    pub(super) dir: SessionId,
}

/// How far a client has been told.
#[derive(Clone, Copy, Debug)]
struct Progress {
    /// The number of the last event.
    last: u64,
    has_caught: bool,
    has_exited: bool,
}

/// How a connection to a holder ended.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// The session has ended and all is told.
    Whole,
    Broken,
}

/// So many connections to a holder may break without a single event.
const TRIES: u32 = 3;

impl Line {
    /// `None` where no holder answers.
    pub(super) async fn to(state: StateDir, dir: SessionId) -> Option<Self> {
        let place = Place::find(&state, &dir).ok()??;
        if !place.has_socket() {
            return None;
        }
        let client = Client::connect(place).await.ok()?;
        Some(Self { client, state, dir })
    }

    /// Hangs up.
    pub(super) fn into_place(self) -> (Place, StateDir, SessionId) {
        (self.client.into_place(), self.state, self.dir)
    }

    async fn again(&self) -> Option<Self> {
        Self::to(self.state.clone(), self.dir.clone()).await
    }
}

pub(super) async fn tell(mut line: Line, after: u64, outlet: Outlet) -> Result<(), Gone> {
    let mut progress = Progress {
        last: after,
        has_caught: false,
        has_exited: false,
    };
    let mut tries = 0;
    while tries < TRIES {
        let before = progress.last;
        match pass_on(&mut line.client, &mut progress, &outlet).await? {
            Ending::Whole => return outlet.end(None).await,
            Ending::Broken if progress.last > before => tries = 0,
            Ending::Broken => tries += 1,
        }
        // A holder that is still there had its reasons; what comes is numbered, so that nothing is missed.
        match line.again().await {
            Some(again) => line = again,
            None => break,
        }
    }
    let told = Rest {
        last: progress.last,
        ended: match progress.has_exited {
            true => Ended::Exit,
            false => Ended::Open,
        },
    };
    let place = line.client.place();
    let rest = kept::finish(&line.state, &line.dir, place, told, &outlet).await?;
    if !progress.has_caught {
        outlet.caught(rest.last).await?;
    }
    outlet.end(rest.reason()).await
}

async fn pass_on(
    client: &mut Client,
    progress: &mut Progress,
    outlet: &Outlet,
) -> Result<Ending, Gone> {
    let after = progress.last;
    if client.ask(&Asked::Follow { after }).await.is_err() {
        return Ok(Ending::Broken);
    }
    loop {
        let told = tokio::select! {
            told = client.next() => told,
            () = outlet.sender.closed() => return Err(Gone),
        };
        match told {
            Ok(Some(Told::Events { events })) => {
                progress.last = events.last().map_or(progress.last, Event::seq);
                progress.has_exited |= events.iter().any(|it| matches!(it, Event::Exit { .. }));
                outlet.events(events).await?;
            }
            Ok(Some(Told::Delta { delta })) => {
                let session_id = outlet.id.clone();
                outlet.put(Output::Delta { session_id, delta }).await?;
            }
            Ok(Some(Told::Caught { seq })) if !progress.has_caught => {
                progress.has_caught = true;
                outlet.caught(seq).await?;
            }
            Ok(Some(Told::End)) => return Ok(Ending::Whole),
            // It was not asked for, or was told before.
            Ok(Some(
                Told::Hello { .. }
                | Told::Now(_)
                | Told::Caught { .. }
                | Told::Picture(_)
                | Told::Screen { .. }
                | Told::Reply { .. }
                | Told::Unknown,
            )) => {}
            Ok(None) => return Ok(Ending::Broken),
            Err(error) => {
                tracing::debug!(%error, "a holder has gone");
                return Ok(Ending::Broken);
            }
        }
    }
}
