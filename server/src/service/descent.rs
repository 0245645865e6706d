//! Keeps the book of what descends from sessions, also while nobody looks.

use std::{
    collections::HashSet,
    io,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use session_core::{
    descent::{Book, Ended, Parent},
    id::{ProcessKey, UnixMillis},
    kill::{self, Actor},
    tree::{spare::Guard, table::Table},
};

use super::{Inner, Service, ServiceError};
use crate::{
    clock::{self, now},
    observe::{proc::ProcReader, tree::Surveyor},
    state_dir::StateDir,
};

/// The book, and where it outlives this server.
#[derive(Debug)]
pub(super) struct Descents {
    book: Mutex<Book>,
    /// Hung up when the service is dropped.
    alive: Mutex<Option<mpsc::Sender<()>>>,
    state: StateDir,
    /// The boot and the pid namespace in which keys mean something; `None` where it can't be told.
    place: Option<String>,
    has_read: AtomicBool,
    looking: Mutex<()>,
}

const FILE: &str = "descents.json";
/// A book of 1,000 sessions with some processes each.
const MAX_BYTES: u64 = 16 << 20;

/// Between two looks. What is started and loses its parent in between leaves no proof.
const PERIOD: Duration = Duration::from_secs(5);
/// However much looks cost, they come as often as this.
const LONGEST_PERIOD: Duration = Duration::from_secs(60);
/// Looks take one part in this many of one core's time.
const SHARE: u32 = 1_000;

impl Descents {
    pub(super) fn new(state: StateDir, proc: &ProcReader) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let place = boot.map(|boot| format!("{} {}", boot.trim(), proc.pid_namespace()));
        Self {
            book: Mutex::default(),
            alive: Mutex::default(),
            state,
            place,
            has_read: AtomicBool::new(false),
            looking: Mutex::default(),
        }
    }

    /// What was seen to descend from a session's process.
    pub(super) fn seen(&self, root: ProcessKey) -> Vec<(ProcessKey, UnixMillis)> {
        self.with(|book| book.seen(root))
    }

    pub(super) fn with<T>(&self, tell: impl FnOnce(&mut Book) -> T) -> T {
        tell(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds what an earlier server on this home saw. Once, before the first look: that look gives up what does not hold any
    /// more.
    fn read(&self) -> io::Result<()> {
        let Some(place) = &self.place else {
            return Ok(());
        };
        if let Some(text) = self.state.read(FILE, MAX_BYTES)? {
            let kept = Book::from_text(&text, place);
            self.with(|book| book.merge(kept));
        }
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        match &self.place {
            Some(place) => {
                let text = self.with(|book| book.to_text(place));
                self.state.note(FILE, text.as_bytes())
            }
            None => Ok(()),
        }
    }
}

impl Service {
    /// Begins to note what descends from sessions; ends with the service. A server does this, a single question doesn't.
    pub fn keep_descents(&self) {
        let (alive, end) = mpsc::channel();
        *self
            .inner
            .descents
            .alive
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(alive);
        let inner = Arc::downgrade(&self.inner);
        let thread = thread::Builder::new().name("descents".to_owned());
        if let Err(error) = thread.spawn(move || keep(&inner, &end)) {
            tracing::error!(%error, "what descends from sessions can't be noted");
        }
    }
}

fn keep(inner: &Weak<Inner>, end: &mpsc::Receiver<()>) {
    let mut pause = Duration::ZERO;
    loop {
        match end.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(inner) = inner.upgrade() else { return };
        let (noted, cost) = clock::measured(|| inner.note_descents());
        if let Err(error) = noted {
            tracing::warn!(%error, "what descends from sessions can't be noted");
        }
        pause = (cost * SHARE).clamp(PERIOD, LONGEST_PERIOD);
    }
}

impl Inner {
    /// Looks once at all sessions and what descends from them, and returns the process table that it saw.
    pub(super) fn note_descents(&self) -> Result<Table, ServiceError> {
        // One look at a time: each begins with what the last one found.
        let _looking = self
            .descents
            .looking
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let sessions = self.look()?.sample.sessions();
        let actor = self.actor();
        let proc = self.observer.proc();
        let table = proc
            .table()
            .map_err(|error| ServiceError::fault("The process table can't be read", error))?;
        let keys: HashSet<ProcessKey> = sessions.iter().map(|session| session.key()).collect();
        if !self.descents.has_read.swap(true, Ordering::Relaxed)
            && let Err(error) = self.descents.read()
        {
            tracing::warn!(%error, "what an earlier server noted of descents can't be read");
        }
        let left = self.left_by_ended(&table, &actor);
        // On a copy: what is read of other processes may hang, and whoever kills asks the book too.
        let before = self.descents.with(|book| book.clone());
        let mut book = before.clone();
        for (ended, left) in &left {
            book.note_left(ended, left, now());
        }
        for session in &sessions {
            if let Ok(target) = kill::plan(session, &actor) {
                let parent = Parent {
                    target,
                    conversation: session.session_id().cloned(),
                    cwd: session.cwd().map(str::to_owned),
                };
                book.note(&parent, now());
            }
        }
        book.follow(&table, now(), |root, uid| {
            let guard = Guard {
                root,
                uid,
                sessions: keys.clone(),
                lineage: actor.lineage.clone(),
            };
            Surveyor::bare(proc, guard, self.observer.registries())
        });
        let changed = !book.is_like(&before);
        self.descents.with(|kept| *kept = book);
        if changed && let Err(error) = self.descents.write() {
            tracing::debug!(%error, "the book of descents can't be written");
        }
        Ok(table)
    }

    /// What sessions left in their kernel sessions, as far as their registry files are still there: those of sessions that
    /// were killed.
    fn left_by_ended(&self, table: &Table, actor: &Actor) -> Vec<(Ended, Vec<ProcessKey>)> {
        let proc = self.observer.proc();
        let still_inside = |key: ProcessKey, ended: &Ended| {
            let stat = proc.stat(key.pid);
            stat.is_some_and(|stat| stat.key == key && stat.session == ended.key.pid)
                && proc.owner(key.pid) == Some(ended.uid)
        };
        let ended = self
            .observer
            .ended(|pid| table.get(pid).is_none_or(|stat| stat.is_dead()));
        let ended = ended.into_iter().filter(|it| actor.answers_for(it.uid));
        ended
            .map(|ended| {
                let mut left = ended.left(table);
                left.retain(|key| still_inside(*key, &ended));
                (ended, left)
            })
            .collect()
    }
}
