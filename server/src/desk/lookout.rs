//! Looks after the sessions that ask: which have gone on by themselves, and which hold somebody up while nobody is there.

use std::{
    sync::{Arc, PoisonError},
    time::{Duration, Instant},
};

use session_core::id::UnixMillis;
use tokio::task::spawn_blocking;
use wire::{DecidedBy, RequestId};

use super::{
    Desk,
    book::Closed,
    look::{self, Stand},
};

/// Between two looks at whether those that ask have gone on.
const TICK: Duration = Duration::from_millis(300);
/// Whoever asked what is open within this time is somebody who could decide.
const LISTED: Duration = Duration::from_secs(60);
/// A page that is loaded again comes back at once. Only a request that holds its session up is released so early.
const LONELY: Duration = Duration::from_secs(3);

impl Desk {
    /// Lets go of requests that the session itself has answered.
    pub(super) fn withdraw(&self, ids: &[RequestId]) {
        let mut book = self.book();
        for id in ids {
            let closed = Closed::withdrawn(DecidedBy::Session);
            // The hook hears that nobody will decide any more when what is taken is dropped.
            drop(book.take(id, closed));
        }
        drop(book);
        if !ids.is_empty() {
            self.tell();
        }
    }

    /// Looks after the sessions that ask: a terminal that was used tells no hook of it.
    pub(super) async fn keep_looking(self: Arc<Self>) {
        let mut changed = self.changed.subscribe();
        loop {
            while self.book().len() == 0 {
                if changed.changed().await.is_err() {
                    return;
                }
            }
            tokio::time::sleep(TICK).await;
            self.look().await;
            self.release_lonely();
        }
    }

    async fn look(&self) {
        let asked: Vec<_> = {
            let mut book = self.book();
            let attended = book.all().filter(|open| !open.blocks);
            let asked = attended.filter_map(|open| {
                let at = UnixMillis(open.approval.at);
                let source = open.source.clone()?;
                Some((open.approval.id.clone(), source, at, open.has_waited))
            });
            asked.collect()
        };
        if asked.is_empty() {
            return;
        }
        let look = move || {
            let stands = asked.into_iter().map(|(id, source, at, has_waited)| {
                let stand = Stand::of(look::record(&source).as_ref(), at, has_waited);
                (id, stand)
            });
            stands.collect::<Vec<_>>()
        };
        let Ok(stands) = spawn_blocking(look).await else {
            return;
        };
        let mut gone_on = Vec::new();
        let mut book = self.book();
        for (id, stand) in stands {
            match stand {
                Stand::GoneOn => gone_on.push(id),
                Stand::Waits => {
                    let open = book.all().find(|open| open.approval.id == id);
                    if let Some(open) = open {
                        open.has_waited = true;
                    }
                }
                Stand::Unknown => {}
            }
        }
        drop(book);
        self.withdraw(&gone_on);
    }

    /// Lets go of what holds a session up while nobody is there who could decide.
    fn release_lonely(&self) {
        let now = Instant::now();
        let listed = *self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let is_listed = listed.is_some_and(|at| now.duration_since(at) < LISTED);
        let is_lonely = !is_listed && !(self.company.is_followed)();
        let mut book = self.book();
        let mut released = Vec::new();
        for open in book.all().filter(|open| open.blocks) {
            let since = open.lonely_since.get_or_insert(now);
            if !is_lonely {
                open.lonely_since = None;
            } else if now.duration_since(*since) >= LONELY {
                released.push(open.approval.id.clone());
            }
        }
        for id in &released {
            drop(book.take(id, Closed::withdrawn(DecidedBy::Timeout)));
        }
        drop(book);
        if !released.is_empty() {
            self.tell();
        }
    }
}
