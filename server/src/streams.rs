//! The live streams, WebSockets and server-sent events alike: how many may be open, what each may take, and when
//! they end.
//!
//! Does not know what is sent.

#[cfg(test)]
pub(crate) mod rig;

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::{
    connection::{Activity, Kept},
    feed::history::History,
};

/// What the client of a stream may take.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// Streams that are open at once, and sessions that are followed within them.
    pub open: usize,
    /// Until a client that has to show a ticket has done so.
    pub ticket: Duration,
    /// For one message to leave; a client that takes longer is dropped.
    pub send: Duration,
    /// Between two pings of a WebSocket.
    pub ping: Duration,
    /// A WebSocket's client that says nothing for so long, not even to a ping, is gone.
    pub silence: Duration,
    /// Between two signs of life of server-sent events that have no news.
    pub heartbeat: Duration,
    /// How long server-sent events go on: CloudCLI's proxy does not tell that its client has left.
    pub life: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self {
            open: 128,
            ticket: Duration::from_secs(10),
            send: Duration::from_secs(30),
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            heartbeat: Duration::from_secs(15),
            life: Duration::from_secs(600),
        }
    }
}

/// What the kernel may hold for one client, in bytes; it grants twice as much and counts its own overhead. What it
/// has taken counts as sent, and is old by the time at which a slow client reads it.
pub(crate) const SEND_BUFFER: usize = 32 * 1024;

/// Clients that may be about to show a ticket at the same time. They take nobody's place among the streams.
const WAITING: u32 = 16;

/// What all streams of a server share. Clones share it too.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    pub(crate) limits: StreamLimits,
    pub(crate) history: Arc<History>,
    slots: Arc<Semaphore>,
    doorstep: Arc<Semaphore>,
    end: watch::Receiver<bool>,
}

/// The right to one stream. As long as it is held, the connection is nobody's to close for being quiet.
#[derive(Debug)]
pub(crate) struct Slot {
    kept: Kept,
    end: watch::Receiver<bool>,
    permit: OwnedSemaphorePermit,
}

/// The right to follow one session within a stream. It counts as a stream of its own.
#[derive(Debug)]
pub(crate) struct Share {
    _permit: OwnedSemaphorePermit,
}

/// The right to be about to show a ticket.
#[derive(Debug)]
pub(crate) struct Waiting {
    end: watch::Receiver<bool>,
    _permit: OwnedSemaphorePermit,
}

impl Streams {
    /// `end` becomes true when the server ends.
    pub(crate) fn new(limits: StreamLimits, end: watch::Receiver<bool>) -> Self {
        Self {
            limits,
            history: Arc::default(),
            slots: Arc::new(Semaphore::new(limits.open)),
            doorstep: Arc::new(Semaphore::new(WAITING as usize)),
            end,
        }
    }

    /// Opens a stream on a connection; `None` where as many are open as may be.
    pub(crate) fn open(&self, activity: &Activity) -> Option<Slot> {
        Some(Slot {
            permit: self.slots.clone().try_acquire_owned().ok()?,
            kept: activity.keep(),
            end: self.end.clone(),
        })
    }

    /// Lets a client wait; `None` where as many do as may.
    pub(crate) fn wait(&self) -> Option<Waiting> {
        Some(Waiting {
            _permit: self.doorstep.clone().try_acquire_owned().ok()?,
            end: self.end.clone(),
        })
    }

    /// Waits until no stream is open and nobody waits for one.
    pub(crate) async fn ended(&self) {
        self.doorstep.acquire_many(WAITING).await.ok();
        let all = u32::try_from(self.limits.open).unwrap_or(u32::MAX);
        // Fails only for a semaphore that is closed, and this one never is.
        self.slots.acquire_many(all).await.ok();
    }
}

impl Waiting {
    /// Waits until the server ends.
    pub(crate) async fn end(&mut self) {
        end(&mut self.end).await;
    }
}

impl Slot {
    /// Waits until the server ends.
    pub(crate) async fn end(&mut self) {
        end(&mut self.end).await;
    }

    /// Makes room for one more within the stream; `None` where as many are open as may be.
    pub(crate) fn share(&self) -> Option<Share> {
        let all = Arc::clone(self.permit.semaphore());
        Some(Share {
            _permit: all.try_acquire_owned().ok()?,
        })
    }

    /// Drops the connection with whatever has not left yet.
    pub(crate) fn cut(&self) {
        self.kept.cut();
    }
}

async fn end(ending: &mut watch::Receiver<bool>) {
    // An error means that the server has been dropped, which is the end as well.
    ending.wait_for(|&ending| ending).await.ok();
}
