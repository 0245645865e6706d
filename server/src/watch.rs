//! What may have changed on the machine, told as it happens, so that nobody has to look at everything again.
//!
//! Knows where news comes from: inotify for files, a descriptor a process for its end, and a sweep, within a budget, for
//! what has no event. Decides nothing and reads no content: each word is a reason to look, and may be one too many.
//!
//! inotify is asked directly: a crate that watches for us (notify) brings a thread and a channel of its own, allocates a
//! path for every event, and hides the limits and the overflow that are told here.

mod connector;
mod execs;
mod files;
pub(crate) mod inotify;
mod pace;
mod place;
mod places;
mod processes;
mod starts;

use std::{
    collections::{BTreeMap, BTreeSet},
    io, mem,
    os::fd::OwnedFd,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{
        EventfdFlags,
        epoll::{self, EventData, EventFlags},
        eventfd,
    },
    io::Errno,
    time::Timespec,
};
use session_core::id::{ProcessKey, SessionId};

use self::{
    execs::Execs,
    files::{Files, Subject},
    places::Places,
    processes::Processes,
    starts::Starts,
};
use crate::{clock, observe::proc::ProcReader};

pub use self::place::Place;

/// What waits for news, for one thread. Everything that it holds of the kernel lets go with it.
#[derive(Debug)]
pub struct Watch {
    proc: ProcReader,
    epoll: OwnedFd,
    waker: Waker,
    processes: Processes,
    starts: Starts,
    execs: Execs,
    places: Places,
    files: Files,
    /// What was noted and not yet told.
    events: Events,
    sweep_at: Instant,
    check_at: Instant,
}

/// What may have changed since this was last asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events {
    /// Processes that are worth a look and not followed; some are told of again as they age.
    pub started: Vec<u32>,
    /// Of those that are followed, each once.
    pub ended: Vec<ProcessKey>,
    /// Pids, as the files are named, whose registry or key file changed.
    pub registry: BTreeSet<u32>,
    pub transcripts: BTreeSet<SessionId>,
    pub hooks: BTreeSet<SessionId>,
    /// Of those that are followed.
    pub stopped_or_continued: Vec<ProcessKey>,
    /// More than could be told, or something as large as a directory came or went: look at everything.
    pub everything: bool,
    /// The processor time that each followed process has used, in clock ticks, as of the last sweep. No news by itself,
    /// and empty where there was no sweep since the last events.
    pub loads: Vec<(ProcessKey, u64)>,
}

/// A session's process and its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    pub key: ProcessKey,
    /// `<config>/sessions/<pid>.json`, where there is one.
    pub registry: Option<PathBuf>,
    /// `<session id>.jsonl`, whether or not it is there yet. Its directory is watched.
    pub transcript: Option<PathBuf>,
}

/// Ends a wait, from any thread.
#[derive(Clone, Debug)]
pub struct Waker(Arc<OwnedFd>);

/// Between two looks at what inotify does not tell, where it works.
const CHECK_PERIOD: Duration = Duration::from_secs(3);

const WAKER: u64 = 0;
const INOTIFY: u64 = 1;
const EXECS: u64 = 2;
const FIRST_PROCESS: u64 = 16;

impl Watch {
    /// Hears of every program that is started, where the kernel tells.
    pub fn new(proc: ProcReader) -> io::Result<Self> {
        let mut watch = Self::by_sweep(proc)?;
        if watch.proc.is_ours() {
            watch.execs = Execs::asked_for(Instant::now());
        }
        Ok(watch)
    }

    /// Looks for new processes again and again, whatever the kernel could tell.
    pub fn by_sweep(proc: ProcReader) -> io::Result<Self> {
        let now = Instant::now();
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let waker = Waker::new()?;
        epoll::add(&epoll, &*waker.0, EventData::new_u64(WAKER), EventFlags::IN)?;
        let mut watch = Self {
            processes: Processes::new(&proc, FIRST_PROCESS),
            starts: Starts::new(&proc, now)?,
            execs: Execs::untold(),
            places: Places::new(),
            files: Files::default(),
            events: Events::default(),
            sweep_at: now + pace::SHORTEST,
            check_at: now + CHECK_PERIOD,
            proc,
            epoll,
            waker,
        };
        watch.listen()?;
        // What runs already is worth a look too.
        watch.sweep(now)?;
        Ok(watch)
    }

    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Whether new processes are told by the kernel, and not looked for.
    pub fn hears_of_starts(&self) -> bool {
        self.execs.are_told()
    }

    /// Why some of it is slower than it should be, for people.
    pub fn degraded(&self) -> Option<String> {
        match self.places.polled() {
            0 => None,
            1 => Some(format!("1 directory is read again and again: {LIMIT}")),
            n => Some(format!("{n} directories are read again and again: {LIMIT}")),
        }
    }

    /// Watches these sessions and places, and no others. What is new counts as changed, since nobody watched it when it was
    /// last looked at.
    pub fn follow(&mut self, sessions: &[Followed], places: &[Place]) {
        let keys = sessions.iter().map(|session| session.key).collect();
        self.processes
            .follow(&keys, &self.proc, &self.epoll, &mut self.events);
        let mut files = BTreeMap::new();
        let mut all: BTreeSet<Place> = places.iter().cloned().collect();
        for session in sessions {
            if let Some(path) = &session.registry {
                let name = path.file_name().and_then(|name| name.to_str());
                let pid = name.and_then(crate::observe::registry::pid_of_file);
                files.extend(pid.map(|pid| (path.clone(), Subject::Registry(pid))));
            }
            if let Some(path) = &session.transcript {
                let name = path.file_name().and_then(|name| name.to_str());
                let id = name.and_then(|name| place::session(name, ".jsonl"));
                files.extend(id.map(|id| (path.clone(), Subject::Transcript(id))));
                all.extend(path.parent().map(|dir| Place::Transcripts(dir.to_owned())));
            }
        }
        // The watches first: what changes between the two is told by one of them.
        self.places.follow(&all, &mut self.events);
        self.files.follow(&files, &mut self.events);
        self.forget_ended();
    }

    /// Waits until something may have changed, somebody ends the wait, or `until`. What is ready together is told together.
    pub fn wait(&mut self, until: Instant) -> Events {
        loop {
            let now = Instant::now();
            self.execs
                .tend(self.proc.pid_namespace(), &self.epoll, EXECS, now);
            let wake_at = if self.events.are_news() { now } else { until };
            let tend_at = self.execs.tend_at().unwrap_or(self.sweep_at);
            let was_woken = self.take_ready(wake_at.min(self.sweep_at).min(tend_at));
            self.forget_ended();
            let now = Instant::now();
            if now >= self.sweep_at {
                let (result, cost) = clock::measured(|| self.sweep(now));
                if let Err(error) = result {
                    tracing::warn!(%error, "the processes can't be listed");
                }
                self.sweep_at = now + pace::until_next_sweep(cost);
            }
            if was_woken || self.events.are_news() || now >= until {
                return mem::take(&mut self.events);
            }
        }
    }

    /// Waits for the kernel, and notes what it says. Returns whether somebody ended the wait.
    fn take_ready(&mut self, until: Instant) -> bool {
        let timeout = until.saturating_duration_since(Instant::now());
        let timeout = Timespec::try_from(timeout).unwrap_or_default();
        let mut ready: Vec<epoll::Event> = Vec::with_capacity(64);
        match epoll::wait(&self.epoll, spare_capacity(&mut ready), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => {
                // It can't be, and if it is, it must not become a loop.
                tracing::error!(%error, "epoll");
                std::thread::sleep(pace::SHORTEST);
                self.events.everything = true;
            }
        }
        let mut was_woken = false;
        for event in ready {
            match event.data.u64() {
                WAKER => {
                    self.waker.settle();
                    was_woken = true;
                }
                INOTIFY => {
                    let files = &mut self.files;
                    self.places.take(&mut self.events, |path| files.told(&path));
                }
                EXECS => {
                    let now = Instant::now();
                    let ((), cost) = clock::measured(|| self.hear_execs(now));
                    self.execs.rest(now + pace::rest(cost + pace::WAKING));
                }
                token => self.processes.ended(token, &self.epoll, &mut self.events),
            }
        }
        if self.places.has_settled() {
            self.files.check(&mut self.events);
        }
        was_woken
    }

    fn hear_execs(&mut self, now: Instant) {
        if let Some(told) = self.execs.hear(now) {
            let started = self.starts.heed(told, &self.proc, now);
            self.events.started.extend(started);
        }
    }

    fn sweep(&mut self, now: Instant) -> io::Result<()> {
        self.processes
            .sweep(&self.proc, &self.epoll, &mut self.events);
        self.forget_ended();
        if now >= self.check_at || self.places.polled() > 0 {
            self.check_at = now + CHECK_PERIOD;
            self.places.verify(&mut self.events);
            self.listen()?;
            self.places.poll(&mut self.events);
            self.files.check(&mut self.events);
        }
        let processes = &self.processes;
        let started = self
            .starts
            .sweep(&self.proc, now, |pid| processes.follows(pid))?;
        self.events.started.extend(started);
        Ok(())
    }

    /// Makes epoll tell of inotify, which may have been had only now.
    fn listen(&self) -> io::Result<()> {
        if let Some(inotify) = self.places.descriptor() {
            match epoll::add(
                &self.epoll,
                inotify,
                EventData::new_u64(INOTIFY),
                EventFlags::IN,
            ) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Their pids may be others' by now.
    fn forget_ended(&mut self) {
        for key in &self.events.ended {
            self.starts.forget(key.pid);
        }
    }
}

const LIMIT: &str =
    "the limits fs.inotify.max_user_watches or fs.inotify.max_user_instances are reached";

impl Events {
    /// Whether anything is worth a look.
    pub fn are_news(&self) -> bool {
        let Self {
            started,
            ended,
            registry,
            transcripts,
            hooks,
            stopped_or_continued,
            everything,
            loads: _,
        } = self;
        *everything
            || !started.is_empty()
            || !ended.is_empty()
            || !registry.is_empty()
            || !transcripts.is_empty()
            || !hooks.is_empty()
            || !stopped_or_continued.is_empty()
    }

    fn end(&mut self, key: ProcessKey) {
        self.ended.push(key);
    }
}

impl Waker {
    fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(Arc::new(eventfd(0, flags)?)))
    }

    /// Ends the wait, or the next one where nobody waits.
    pub fn wake(&self) {
        // EAGAIN: it has been told so often that the counter is full, so it will end.
        rustix::io::write(&*self.0, &1_u64.to_ne_bytes()).ok();
    }

    fn settle(&self) {
        rustix::io::read(&*self.0, &mut [0_u8; 8]).ok();
    }
}
