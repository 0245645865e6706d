//! Keeps the live list fresh while somebody follows it.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;

use super::Service;
use crate::{
    clock::now,
    feed::{Snapshot, Subscription},
};

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(500);

/// The list that clients follow.
#[derive(Debug)]
pub(super) struct Live {
    latest: watch::Sender<Arc<Snapshot>>,
}

impl Live {
    pub(super) fn new() -> Self {
        Self {
            latest: watch::Sender::new(Arc::new(Snapshot::none())),
        }
    }
}

impl Service {
    /// Follows the live list.
    pub fn subscribe(&self) -> Subscription {
        let live = &self.inner.live;
        let is_followed = live.latest.receiver_count() > 0;
        let subscription = Subscription::new(live.latest.subscribe());
        if !is_followed {
            tokio::spawn(self.clone().keep_fresh());
        }
        subscription
    }

    async fn keep_fresh(self) {
        let latest = &self.inner.live.latest;
        while latest.receiver_count() > 0 {
            match self.sessions().await {
                Ok(rows) => {
                    let next = latest.borrow().with(rows, now());
                    if let Some(next) = next {
                        latest.send_replace(Arc::new(next));
                    }
                }
                Err(error) => tracing::warn!(%error, "the list can't be refreshed"),
            }
            tokio::time::sleep(PERIOD).await;
        }
    }
}
