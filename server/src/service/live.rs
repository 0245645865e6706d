//! Keeps the live list fresh while somebody follows it: what `watch` tells decides what is looked at again.
//!
//! One thread does it, which ends when nobody follows any more. The verdicts are those of every other answer.

mod table;

use std::{
    collections::BTreeSet,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use self::table::Table;
use super::{Inner, LOOK_DEADLINE, Service, ServiceError};
use crate::{
    clock::{self, now},
    feed::{Snapshot, Subscription},
    observe::proc::ProcReader,
    watch::{Events, Waker, Watch},
};

/// The list that clients follow.
#[derive(Debug)]
pub(super) struct Live {
    latest: watch::Sender<Arc<Snapshot>>,
    /// Whether the thread runs.
    runs: Mutex<bool>,
    /// When the look began that is under way.
    looks_since: Mutex<Option<Instant>>,
    /// Sessions that were heard of by another way than the watch.
    heard: Mutex<Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    pids: BTreeSet<u32>,
    /// Ends the wait of the thread that runs.
    waker: Option<Waker>,
}

/// Between two looks for nothing but what a transcript says: a streamed answer grows many times a second.
const GROWTH_PERIOD: Duration = Duration::from_millis(250);

/// Between two looks at sessions whose verdict can change with time alone.
const DOUBT_PERIOD: Duration = Duration::from_secs(1);

/// Between two looks at all sessions, for memory and marks.
const PERIOD: Duration = Duration::from_secs(5);

/// Between two looks at the whole machine, in case something was never told.
const NET_PERIOD: Duration = Duration::from_secs(300);

/// Looks of either kind without an event take one part in this many of one core's time, unless they would come less
/// often than they have to: together with the watch's own sweep that stays below 0.5 %.
const SHARE: u32 = 1_000;

/// However much they cost, looks at what is doubtful come as often as this, and
const LONGEST_DOUBT: Duration = Duration::from_secs(10);

/// looks at all sessions as often as this.
const LONGEST_PERIOD: Duration = Duration::from_secs(60);

/// How long the list is kept fresh after the last client has left: a page that is loaded again comes back at once.
const LINGER: Duration = Duration::from_secs(10);

impl Live {
    pub(super) fn new() -> Self {
        Self {
            latest: watch::Sender::new(Arc::new(Snapshot::none())),
            runs: Mutex::default(),
            looks_since: Mutex::default(),
            heard: Mutex::default(),
        }
    }

    fn publish(&self, rows: Vec<wire::Session>) {
        // In one step: actions tell of themselves from other threads.
        self.latest.send_if_modified(|latest| {
            let next = latest.with(rows, now());
            let is_news = next.is_some();
            if let Some(next) = next {
                *latest = Arc::new(next);
            }
            is_news
        });
    }

    /// Tells of the actions that are under way.
    pub(super) fn publish_acting(&self, acting: Vec<wire::Acting>) {
        self.latest
            .send_modify(|latest| *latest = Arc::new(latest.with_acting(acting)));
    }

    /// Has these processes looked at again; their holders tell something new.
    pub(super) fn hear(&self, pids: Vec<u32>, asks_other: bool) {
        if asks_other {
            self.latest
                .send_modify(|latest| *latest = Arc::new(latest.with_other_approvals()));
        }
        if pids.is_empty() {
            return;
        }
        let mut heard = self.heard();
        heard.pids.extend(pids);
        if let Some(waker) = &heard.waker {
            waker.wake();
        }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody follows the list.
    pub(super) fn is_followed(&self) -> bool {
        self.latest.receiver_count() > 0
    }

    /// Ends the thread unless somebody has come since it last looked.
    fn may_end(&self) -> bool {
        let mut runs = self.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_followed() {
            return false;
        }
        self.rest();
        *runs = false;
        true
    }

    /// Says that the list may be old by now.
    fn rest(&self) {
        self.latest
            .send_modify(|latest| *latest = Arc::new(latest.rested()));
    }

    fn runs(&self) -> bool {
        *self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn looks_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.looks_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// Follows the live list.
    pub fn subscribe(&self) -> Subscription {
        let live = &self.inner.live;
        let mut runs = live.runs.lock().unwrap_or_else(PoisonError::into_inner);
        let subscription = Subscription::new(live.latest.subscribe());
        if !*runs {
            let inner = Arc::clone(&self.inner);
            let thread = thread::Builder::new().name("live".to_owned());
            match thread.spawn(move || keep_fresh(&inner)) {
                Ok(_) => {
                    *runs = true;
                    tokio::spawn(self.clone().watch_over());
                }
                // The client waits, and the next one tries again.
                Err(error) => tracing::error!(%error, "the live list can't be kept"),
            }
        }
        subscription
    }
}

impl Service {
    /// Says that the list may be old where a look takes too long: one process that holds its memory lock, or one hung file
    /// system, blocks it.
    async fn watch_over(self) {
        let live = &self.inner.live;
        while live.runs() {
            tokio::time::sleep(DOUBT_PERIOD).await;
            let since = *live.looks_since();
            let is_late = since.is_some_and(|since| since.elapsed() >= LOOK_DEADLINE);
            if is_late && live.latest.borrow().is_fresh() {
                tracing::warn!("a look at this machine takes too long; the live list is not kept");
                live.rest();
            }
        }
    }
}

/// Runs until nobody follows the list any more, whatever happens: a list that is not kept looks like one of which
/// nothing changes.
fn keep_fresh(inner: &Inner) {
    loop {
        // What a look leaves half done is its own: each begins with empty hands, and every lock is taken over.
        match catch_unwind(AssertUnwindSafe(|| keep(inner))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!(%error, "the machine can't be watched"),
            Err(_) => tracing::error!("keeping the live list failed unexpectedly; it begins anew"),
        }
        inner.live.rest();
        thread::sleep(PERIOD);
        if inner.live.may_end() {
            return;
        }
    }
}

/// Returns once nobody follows the list.
fn keep(inner: &Inner) -> io::Result<()> {
    let mut keeper = Keeper::new(inner)?;
    let mut followed_at = Instant::now();
    loop {
        keeper.step();
        if inner.live.latest.receiver_count() > 0 {
            followed_at = Instant::now();
        } else if followed_at.elapsed() >= LINGER && inner.live.may_end() {
            return Ok(());
        }
    }
}

struct Keeper<'a> {
    inner: &'a Inner,
    watch: Watch,
    table: Table,
    /// What was told and not yet looked at.
    news: Events,
    grown_at: Instant,
    doubt_at: Instant,
    all_at: Instant,
    net_at: Instant,
}

impl Drop for Keeper<'_> {
    fn drop(&mut self) {
        // It would keep the watch's descriptor.
        self.inner.live.heard().waker = None;
    }
}

impl<'a> Keeper<'a> {
    fn new(inner: &'a Inner) -> io::Result<Self> {
        let now = Instant::now();
        let watch = Watch::new(ProcReader::at("/proc")?)?;
        inner.live.heard().waker = Some(watch.waker());
        Ok(Self {
            inner,
            watch,
            table: Table::default(),
            news: Events {
                everything: true,
                ..Events::default()
            },
            grown_at: now,
            doubt_at: now + DOUBT_PERIOD,
            all_at: now + PERIOD,
            net_at: now + NET_PERIOD,
        })
    }

    /// Waits for what comes next and looks at it.
    fn step(&mut self) {
        let only_growth = self.news.are_news() && !is_urgent(&self.news);
        let mut until = self.doubt_at.min(self.all_at);
        if only_growth {
            until = until.min(self.grown_at + GROWTH_PERIOD);
        }
        if !is_urgent(&self.news) {
            let events = self.watch.wait(until);
            merge(&mut self.news, events);
        }
        let heard = std::mem::take(&mut self.inner.live.heard().pids);
        self.news.started.extend(heard);
        let at = Instant::now();
        if at >= self.net_at {
            self.net_at = at + NET_PERIOD;
            self.news.everything = true;
        }
        let is_due =
            is_urgent(&self.news) || (self.news.are_news() && at >= self.grown_at + GROWTH_PERIOD);
        if is_due {
            let news = std::mem::take(&mut self.news);
            self.grown_at = at;
            self.look(|table, inner| table.refresh(inner, &news));
        } else if at >= self.all_at {
            let cost = self.look(Table::refresh_all);
            self.all_at = at + (cost * SHARE).clamp(PERIOD, LONGEST_PERIOD);
            self.doubt_at = self.doubt_at.max(at + DOUBT_PERIOD);
        } else if at >= self.doubt_at {
            let cost = self.look(Table::refresh_doubtful);
            self.doubt_at = at + (cost * SHARE).clamp(DOUBT_PERIOD, LONGEST_DOUBT);
        }
    }

    /// Looks, tells the clients, and has the watch follow what is there now. Returns the processor time that it took.
    fn look(
        &mut self,
        refresh: impl FnOnce(&mut Table, &Inner) -> Result<(), ServiceError>,
    ) -> Duration {
        *self.inner.live.looks_since() = Some(Instant::now());
        let (result, cost) = clock::measured(|| {
            refresh(&mut self.table, self.inner)?;
            self.inner.live.publish(self.table.rows());
            let (followed, places) = self.table.followed();
            self.watch.follow(&followed, &places);
            Ok::<_, ServiceError>(())
        });
        *self.inner.live.looks_since() = None;
        if let Err(error) = result {
            tracing::warn!(%error, "the list can't be refreshed");
            self.inner.live.rest();
            self.news.everything = true;
            thread::sleep(DOUBT_PERIOD);
        }
        cost
    }
}

/// Whether anything but growth is told: that waits for nothing.
fn is_urgent(events: &Events) -> bool {
    events.everything
        || !events.started.is_empty()
        || !events.ended.is_empty()
        || !events.registry.is_empty()
        || !events.hooks.is_empty()
        || !events.stopped_or_continued.is_empty()
}

fn merge(into: &mut Events, events: Events) {
    into.started.extend(events.started);
    into.ended.extend(events.ended);
    into.registry.extend(events.registry);
    into.transcripts.extend(events.transcripts);
    into.hooks.extend(events.hooks);
    into.stopped_or_continued
        .extend(events.stopped_or_continued);
    into.everything |= events.everything;
}
