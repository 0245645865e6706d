//! The events of a held session: kept in its log, and the newest of them at hand for those who follow.
//!
//! What can't be written for now, because the disk is full, stays at hand until it can: nothing is lost, and the session is
//! read no further once too much has come together.

use std::{collections::VecDeque, io, sync::Arc};

use tokio::sync::broadcast;
use wire::{Delta, Event};

use crate::event_log::{EventLog, fit};

/// All of them.
#[derive(Debug)]
pub(super) struct Chronicle {
    /// `None` once it is closed, and where there is none.
    log: Option<EventLog>,
    /// False where there is no log: events are told and not kept.
    is_kept: bool,
    /// The newest events, oldest first, without a gap up to the last one.
    recent: VecDeque<(Arc<Event>, usize)>,
    /// Of those, at the end: what is not in the log yet.
    unwritten: usize,
    recent_bytes: usize,
    unwritten_bytes: usize,
    last: u64,
    live: broadcast::Sender<Live>,
}

/// What is told as it happens.
#[derive(Clone, Debug)]
pub(super) enum Live {
    /// The event of this number, which is at hand for a while: what nobody takes must not be kept for whoever is slow.
    Event(u64),
    Delta(Arc<Delta>),
}

/// What is kept at hand of what is written, in bytes of JSON.
const AT_HAND: usize = 256 * 1024;

/// More than this must not wait for the disk, in bytes of JSON.
const MOST_UNWRITTEN: usize = 8 * 1024 * 1024;

/// A longer piece is not told, in bytes: pieces are some words, and the event that follows has it all.
const MOST_DELTA: usize = 8 * 1024;

/// So far a follower may fall behind before it reads the log again.
const LIVE: usize = 1024;

impl Chronicle {
    /// Events are kept in the log where there is one, else only told.
    pub(super) fn new(log: Option<EventLog>) -> Self {
        Self {
            last: log.as_ref().map_or(0, EventLog::last_seq),
            is_kept: log.is_some(),
            log,
            recent: VecDeque::new(),
            unwritten: 0,
            recent_bytes: 0,
            unwritten_bytes: 0,
            live: broadcast::Sender::new(LIVE),
        }
    }

    /// The number of the newest event, 0 where there is none.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Takes an event in; `write` puts it into the log.
    pub(super) fn add(&mut self, event: Event) {
        let event = Arc::new(fit(event));
        let bytes = serde_json::to_vec(&*event).map_or(0, |json| json.len());
        self.last = event.seq();
        self.recent.push_back((Arc::clone(&event), bytes));
        self.recent_bytes += bytes;
        self.unwritten += 1;
        self.unwritten_bytes += bytes;
        // Nobody may be listening.
        self.live.send(Live::Event(self.last)).ok();
    }

    /// Tells a piece of what is being written; it is not kept.
    pub(super) fn tell(&self, delta: Delta) {
        if delta.text.len() > MOST_DELTA {
            return;
        }
        self.live.send(Live::Delta(Arc::new(delta))).ok();
    }

    /// Puts into the log what is not in it. After an error what is left is tried again with the next call.
    pub(super) fn write(&mut self) -> io::Result<()> {
        if !self.is_kept {
            (self.unwritten, self.unwritten_bytes) = (0, 0);
        }
        while self.unwritten > 0 {
            let from = self.recent.len() - self.unwritten;
            let events = self.recent.range(from..);
            let events: Vec<Event> = events.map(|(event, _)| Event::clone(event)).collect();
            let log = self.log.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
            let written = log.append(&events)?;
            let done = self.recent.range(from..from + written);
            self.unwritten_bytes -= done.map(|(_, bytes)| bytes).sum::<usize>();
            self.unwritten -= written;
            if written == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        while self.recent_bytes > AT_HAND
            && self.recent.len() > self.unwritten
            && let Some((_, bytes)) = self.recent.pop_front()
        {
            self.recent_bytes -= bytes;
        }
        Ok(())
    }

    /// Waits until the log has reached the disk, and lets go of it.
    pub(super) fn close(&mut self) -> io::Result<()> {
        self.log.take().map_or(Ok(()), |mut log| log.sync())
    }

    /// Whether so much waits for the disk that no more may come.
    pub(super) fn is_full(&self) -> bool {
        self.unwritten_bytes > MOST_UNWRITTEN
    }

    /// Whether something waits for the disk.
    pub(super) fn is_behind(&self) -> bool {
        self.unwritten > 0
    }

    /// The events after this one; `None` where they are not at hand any more and the log has to be read.
    pub(super) fn after(&self, seq: u64) -> Option<Vec<Arc<Event>>> {
        if seq >= self.last {
            return Some(Vec::new());
        }
        let first = self.recent.front()?.0.seq();
        (seq + 1 >= first).then(|| {
            let newer = self.recent.iter().filter(|(event, _)| event.seq() > seq);
            newer.map(|(event, _)| Arc::clone(event)).collect()
        })
    }

    /// The event of this number, `None` where it is not at hand any more.
    pub(super) fn at_hand(&self, seq: u64) -> Option<Arc<Event>> {
        let first = self.first_at_hand()?;
        let place = usize::try_from(seq.checked_sub(first)?).ok()?;
        self.recent.get(place).map(|(event, _)| Arc::clone(event))
    }

    /// The number of the oldest event at hand, `None` where there is none.
    pub(super) fn first_at_hand(&self) -> Option<u64> {
        Some(self.recent.front()?.0.seq())
    }

    /// Hears of what comes from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Live> {
        self.live.subscribe()
    }
}
