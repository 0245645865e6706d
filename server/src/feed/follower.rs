//! One client's way through the states of the list: what it has been sent and what comes next.
//!
//! Does not know how a client is reached. Whoever sends asks for the next message once the last one has left, so
//! that a slow client is told of the newest state and not of each one before it.

use std::sync::Arc;

use wire::Frame;

use crate::{
    clock::now,
    feed::{Snapshot, Subscription},
};

/// A client that is told of the list.
#[derive(Debug)]
pub struct Follower {
    subscription: Subscription,
    /// `None` before the first message.
    sent: Option<Arc<Snapshot>>,
}

impl Follower {
    /// Follows from `sent` on, which the client has already; from the whole list where there is none.
    pub fn new(subscription: Subscription, sent: Option<Arc<Snapshot>>) -> Self {
        Self { subscription, sent }
    }

    /// Waits until there is news and returns it with the state that the client then has. `None` once the server
    /// ends. Nothing is lost where the wait is given up.
    pub async fn next(&mut self) -> Option<(Frame, &Arc<Snapshot>)> {
        let newest = match &self.sent {
            None => self.subscription.first().await?,
            Some(sent) => self.subscription.after(sent).await?,
        };
        let frame = match &self.sent {
            None => newest.frame(now()),
            Some(sent) => newest.changes_since(sent, now()),
        };
        Some((frame, self.sent.insert(newest)))
    }
}
