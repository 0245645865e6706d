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
    /// Streams that are open at once.
    pub open: usize,
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
            open: 64,
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

/// What all streams of a server share.
#[derive(Debug)]
pub(crate) struct Streams {
    pub(crate) limits: StreamLimits,
    pub(crate) history: Arc<History>,
    slots: Arc<Semaphore>,
    end: watch::Receiver<bool>,
}

/// The right to one stream. As long as it is held, the connection is nobody's to close for being quiet.
#[derive(Debug)]
pub(crate) struct Slot {
    kept: Kept,
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
            end,
        }
    }

    /// Opens a stream on a connection; `None` where as many are open as may be.
    pub(crate) fn open(&self, activity: &Activity) -> Option<Slot> {
        Some(Slot {
            _permit: self.slots.clone().try_acquire_owned().ok()?,
            kept: activity.keep(),
            end: self.end.clone(),
        })
    }

    /// Waits until no stream is open.
    pub(crate) async fn ended(&self) {
        let all = u32::try_from(self.limits.open).unwrap_or(u32::MAX);
        // Fails only for a semaphore that is closed, and this one never is.
        self.slots.acquire_many(all).await.ok();
    }
}

impl Slot {
    /// Waits until the server ends.
    pub(crate) async fn end(&mut self) {
        // An error means that the server has been dropped, which is the end as well.
        self.end.wait_for(|&ending| ending).await.ok();
    }

    /// Drops the connection with whatever has not left yet.
    pub(crate) fn cut(&self) {
        self.kept.cut();
    }
}
