//! Which connections are open, which of them are being answered, and which one goes when there are too many.
//!
//! Knows no sockets: a connection is the task that serves it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{sync::watch, task::AbortHandle};

/// All open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: usize,
    clock: Arc<AtomicU64>,
    /// Requests being answered, over all connections.
    answering: watch::Sender<usize>,
    /// By the time at which they were accepted.
    open: BTreeMap<u64, (Activity, AbortHandle)>,
}

/// What one connection is doing. Clones speak of the same connection.
#[derive(Clone, Debug)]
pub(crate) struct Activity(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Counts events over all connections; tells which was first, not when.
    clock: Arc<AtomicU64>,
    last: AtomicU64,
    answering: AtomicUsize,
    all: watch::Sender<usize>,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

impl Connections {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            clock: Arc::default(),
            answering: watch::Sender::new(0),
            open: BTreeMap::new(),
        }
    }

    pub(crate) fn activity(&self) -> Activity {
        Activity(Arc::new(Shared {
            clock: self.clock.clone(),
            last: AtomicU64::new(tick(&self.clock)),
            answering: AtomicUsize::new(0),
            all: self.answering.clone(),
        }))
    }

    /// Takes a connection in, and closes the quietest one where there are too many.
    pub(crate) fn add(&mut self, activity: Activity, task: AbortHandle) {
        if self.open.len() >= self.limit {
            self.forget_ended();
        }
        if self.open.len() >= self.limit {
            self.evict();
        }
        self.open.insert(tick(&self.clock), (activity, task));
    }

    /// Closes the connection that has been quiet for longest, unless all are being answered.
    pub(crate) fn evict(&mut self) {
        let quietest = self
            .open
            .iter()
            .filter(|(_, (activity, _))| !activity.is_busy())
            .min_by_key(|(_, (activity, _))| activity.0.last.load(Ordering::Relaxed))
            .map(|(&number, _)| number);
        if let Some((_, task)) = quietest.and_then(|number| self.open.remove(&number)) {
            task.abort();
        }
    }

    /// Drops what is kept about connections that have ended.
    pub(crate) fn forget_ended(&mut self) {
        self.open.retain(|_, (_, task)| !task.is_finished());
    }

    /// Waits until no request is being answered.
    pub(crate) async fn requests_finished(&self) {
        let mut answering = self.answering.subscribe();
        // Fails only without a sender, and `self` holds one.
        answering.wait_for(|&number| number == 0).await.ok();
    }
}

impl Activity {
    /// Notes that something happened on the connection.
    pub(crate) fn touch(&self) {
        self.0.last.store(tick(&self.0.clock), Ordering::Relaxed);
    }

    pub(crate) fn busy(&self) -> Busy {
        self.0.answering.fetch_add(1, Ordering::Relaxed);
        self.0.all.send_modify(|number| *number += 1);
        Busy(self.clone())
    }

    fn is_busy(&self) -> bool {
        self.0.answering.load(Ordering::Relaxed) > 0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Activity(shared) = &self.0;
        self.0.touch();
        shared.answering.fetch_sub(1, Ordering::Relaxed);
        shared.all.send_modify(|number| *number -= 1);
    }
}

fn tick(clock: &AtomicU64) -> u64 {
    clock.fetch_add(1, Ordering::Relaxed)
}
