//! The actions that are under way, for whoever follows the list.

use std::sync::{Mutex, PoisonError};

use wire::{Act, Acting, ActingStep, ProcessKey};

use super::live::Live;
use crate::clock::now;

/// All actions that take their time.
#[derive(Debug, Default)]
pub(super) struct Board(Mutex<Vec<Acting>>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Post<'a> {
    board: &'a Board,
    live: &'a Live,
    key: ProcessKey,
}

impl Board {
    /// Tells of an action that begins now.
    pub(super) fn post<'a>(&'a self, live: &'a Live, key: ProcessKey, act: Act) -> Post<'a> {
        let post = Post {
            board: self,
            live,
            key,
        };
        post.change(|all| {
            all.push(Acting {
                key,
                act,
                step: ActingStep::Grace,
                alive: 1,
                total: 1,
                since: now().0,
            });
        });
        post
    }
}

impl Post<'_> {
    /// Tells how far it has come.
    pub(super) fn tell(&self, step: ActingStep, alive: usize, total: usize) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.change(|all| {
            if let Some(acting) = all.iter_mut().find(|acting| acting.key == self.key) {
                acting.step = step;
                acting.alive = count(alive);
                acting.total = count(total);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Acting>)) {
        let mut all = self.board.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.clone();
        change(&mut all);
        if *all != before {
            // Under the lock, so that nobody's older word is published last.
            self.live.publish_acting(all.clone());
        }
    }
}

impl Drop for Post<'_> {
    fn drop(&mut self) {
        let key = self.key;
        self.change(|all| all.retain(|acting| acting.key != key));
    }
}
