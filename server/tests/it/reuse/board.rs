//! What the churn and the requests know of each other.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use session_core::id::ProcessKey;

use super::{
    judgement::{Record, Records},
    recorder::Signals,
};

/// How many of those that have ended are remembered: their pids are others' soon.
const REMEMBERED: usize = 32;

/// A process that lives, as far as its parent has seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Living {
    pub(super) key: ProcessKey,
    /// No request asks for it by its own key while it lives.
    pub(super) is_bystander: bool,
    pub(super) is_challenged: bool,
}

#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) living: Vec<Living>,
    /// The latest last.
    pub(super) ended: VecDeque<ProcessKey>,
    /// What the requests so far may send to the process of a key.
    named: HashMap<ProcessKey, Signals>,
    registered: HashSet<ProcessKey>,
    pub(super) records: Records,
}

impl Board {
    /// How many processes have begun.
    pub(super) fn begun(&self) -> usize {
        self.records.0.len() + self.living.len()
    }

    /// To be called before the registry file is written.
    pub(super) fn register(&mut self, key: ProcessKey) {
        self.registered.insert(key);
    }

    /// To be called before the request is sent.
    pub(super) fn name(&mut self, key: ProcessKey, allowed: Signals) {
        self.named.entry(key).or_default().add(allowed);
        let living = self.living.iter_mut();
        for other in living.filter(|it| it.key.pid == key.pid && it.key != key) {
            other.is_challenged = true;
        }
    }

    pub(super) fn bury(&mut self, key: ProcessKey, signals: Signals) {
        let mut living = self.living.iter();
        let place = living.position(|it| it.key == key).unwrap();
        let living = self.living.swap_remove(place);
        self.records.0.push(Record {
            key,
            is_session: self.registered.contains(&key),
            signals,
            allowed: self.named.get(&key).copied(),
            is_challenged: living.is_challenged,
        });
        self.ended.push_back(key);
        if self.ended.len() > REMEMBERED {
            self.ended.pop_front();
        }
    }
}

/// A board that several threads look at.
#[derive(Debug, Default)]
pub(super) struct SharedBoard(Mutex<Board>);

impl SharedBoard {
    /// After a panic of another thread the test has failed; what it left is still good to read.
    pub(super) fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Numbers that look like chance and are the same in every run (splitmix64).
#[derive(Clone, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number from 0 to `sides - 1`.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).unwrap()
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            return None;
        }
        from.get(self.roll(from.len()))
    }
}
