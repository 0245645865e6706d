//! Which connections are open, which of them are being answered, and which one goes when there are too many.
//!
//! Knows no sockets: a connection is the task that serves it.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
};

use tokio::{
    sync::{Notify, watch},
    task::AbortHandle,
};

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
    standing: AtomicU8,
    answering: AtomicUsize,
    all: watch::Sender<usize>,
    /// Holders of a `Kept`.
    kept: AtomicUsize,
    cut: Notify,
}

/// Whose connection it is; the least goes first where there are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Another user's, which is only told to go.
    Foreign,
    /// Nobody knows whose, or nobody has looked yet.
    Unknown,
    /// One who may ask.
    Good,
}

/// A request that is being answered, until it is dropped.
#[derive(Debug)]
pub(crate) struct Busy(Activity);

/// Keeps a connection that is quiet for a good reason, until it is dropped. Unlike an answer it does not hold up
/// the end.
#[derive(Debug)]
pub(crate) struct Kept(Activity);

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
            standing: AtomicU8::new(Standing::Unknown as u8),
            answering: AtomicUsize::new(0),
            all: self.answering.clone(),
            kept: AtomicUsize::new(0),
            cut: Notify::new(),
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

    /// Closes the connection that has been quiet for longest, one of a stranger where there is any; false where all are
    /// being answered or kept.
    pub(crate) fn evict(&mut self) -> bool {
        let quietest = self
            .open
            .iter()
            .filter(|(_, (activity, _))| !activity.must_stay())
            .min_by_key(|(_, (activity, _))| {
                let Activity(shared) = activity;
                let standing = shared.standing.load(Ordering::Relaxed);
                (standing, shared.last.load(Ordering::Relaxed))
            })
            .map(|(&number, _)| number);
        let quietest = quietest.and_then(|number| self.open.remove(&number));
        if let Some((_, task)) = &quietest {
            task.abort();
        }
        quietest.is_some()
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

    /// Notes whose connection it is.
    pub(crate) fn belongs_to(&self, standing: Standing) {
        self.0.standing.store(standing as u8, Ordering::Relaxed);
    }

    pub(crate) fn busy(&self) -> Busy {
        self.0.answering.fetch_add(1, Ordering::Relaxed);
        self.0.all.send_modify(|number| *number += 1);
        Busy(self.clone())
    }

    pub(crate) fn keep(&self) -> Kept {
        self.0.kept.fetch_add(1, Ordering::Relaxed);
        Kept(self.clone())
    }

    /// Waits until whoever keeps the connection gives it up.
    pub(crate) async fn cut(&self) {
        self.0.cut.notified().await;
    }

    fn must_stay(&self) -> bool {
        self.0.answering.load(Ordering::Relaxed) > 0 || self.0.kept.load(Ordering::Relaxed) > 0
    }
}

impl Kept {
    /// Gives the connection up: its client takes nothing any more.
    pub(crate) fn cut(&self) {
        self.0.0.cut.notify_one();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.0.touch();
        self.0.0.kept.fetch_sub(1, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use std::{future::pending, task::Poll};

    use tokio::task::JoinSet;

    use super::*;

    /// Three connections that say nothing, in the order in which they came.
    fn three(tasks: &mut JoinSet<()>) -> (Connections, [Activity; 3], [AbortHandle; 3]) {
        let mut connections = Connections::new(3);
        let activities = [(); 3].map(|()| connections.activity());
        let handles = activities.clone().map(|activity| {
            let task = tasks.spawn(pending());
            connections.add(activity, task.clone());
            task
        });
        (connections, activities, handles)
    }

    /// Lets aborted tasks end, and tells which have.
    async fn ended(tasks: &[AbortHandle; 3]) -> [bool; 3] {
        tokio::task::yield_now().await;
        tasks.each_ref().map(AbortHandle::is_finished)
    }

    #[tokio::test]
    async fn the_quietest_goes_first() {
        let mut tasks = JoinSet::new();
        let (mut connections, activities, handles) = three(&mut tasks);
        activities[0].touch();
        let newcomer = connections.activity();
        connections.add(newcomer, tasks.spawn(pending()));
        assert_eq!(ended(&handles).await, [false, true, false]);
    }

    #[tokio::test]
    async fn strangers_go_before_good_clients() {
        let mut tasks = JoinSet::new();
        let (mut connections, activities, handles) = three(&mut tasks);
        activities[0].belongs_to(Standing::Good);
        activities[2].belongs_to(Standing::Foreign);
        assert!(connections.evict());
        assert_eq!(ended(&handles).await, [false, false, true]);
        assert!(connections.evict());
        assert_eq!(ended(&handles).await, [false, true, true]);
        assert!(connections.evict());
        assert_eq!(ended(&handles).await, [true; 3]);
    }

    #[tokio::test]
    async fn who_is_being_answered_stays() {
        let mut tasks = JoinSet::new();
        let (mut connections, activities, handles) = three(&mut tasks);
        let answers = activities.each_ref().map(Activity::busy);
        assert!(!connections.evict());
        let [first, second, third] = answers;
        drop(second);
        assert!(connections.evict());
        assert!(!connections.evict());
        assert_eq!(ended(&handles).await, [false, true, false]);
        drop((first, third));
    }

    #[tokio::test]
    async fn who_is_kept_stays_and_does_not_hold_up_the_end() {
        let mut tasks = JoinSet::new();
        let (mut connections, activities, handles) = three(&mut tasks);
        let kept = activities[0].keep();
        assert!(connections.evict());
        assert!(connections.evict());
        assert!(!connections.evict());
        connections.requests_finished().await;
        drop(kept);
        assert_eq!(ended(&handles).await, [false, true, true]);
        assert!(connections.evict());
    }

    #[tokio::test]
    async fn the_end_waits_for_every_answer() {
        let connections = Connections::new(3);
        let (one, other) = (connections.activity().busy(), connections.activity().busy());
        let mut finished = Box::pin(connections.requests_finished());
        let mut is_finished = async || {
            std::future::poll_fn(|context| Poll::Ready(finished.as_mut().poll(context).is_ready()))
                .await
        };
        assert!(!is_finished().await);
        drop(one);
        assert!(!is_finished().await);
        drop(other);
        assert!(is_finished().await);
    }
}
