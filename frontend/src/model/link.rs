//! The live link: whether the list arrives by itself, and when that is tried again.
//!
//! Knows which message may follow which, and the delays. Does not know sockets, nor how a message is written.

use wire::Frame;

use crate::model::{
    Effect, Model, approvals,
    intake::follow,
    live::News,
    pace::{ask_live, if_polling},
    talk::{self, Told},
    terminal::{self, Seen},
};

/// Milliseconds in which the server must have sent its first list.
const PATIENCE_MS: u32 = 5000;
/// Milliseconds before the first new try; each further one waits for twice as long.
const FIRST_REST_MS: u32 = 1000;
const LONGEST_REST_MS: u32 = 30_000;
/// A link that has lasted for so many milliseconds was a good one: the next tries begin anew.
const STEADY_MS: u64 = 30_000;

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) phase: Phase,
    /// How often it has failed since it was good.
    failed: u32,
    /// Our own time at which it came up.
    up_at: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not wanted, or there is nowhere to link to.
    Off,
    /// The server has not spoken yet.
    Trying,
    /// It has said which protocol it speaks, and owes the list.
    Greeted,
    /// The list arrives by itself; nothing is polled.
    Up,
    /// It has failed and is tried again after a while.
    Resting,
}

/// What came over the link, or became of it.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// `open`: nothing has to be shown before the list comes.
    Hello {
        protocol: u64,
        open: bool,
    },
    Snapshot(News),
    Changes(News),
    /// Of a session that is followed.
    Output(Told),
    /// Of a terminal that is looked at.
    Screen(Seen),
    /// A message that can't be read.
    Garbled,
    Closed,
    /// The host has no way to the server's feed.
    Nowhere,
}

impl Link {
    pub(crate) const fn new() -> Self {
        Self {
            phase: Phase::Off,
            failed: 0,
            up_at: 0,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.phase == Phase::Up
    }

    /// Whether this is the first try, or the first since it was good.
    pub(crate) fn is_fresh(&self) -> bool {
        self.failed == 0 && matches!(self.phase, Phase::Trying | Phase::Greeted)
    }

    /// Whether it has failed a moment ago and was not tried again to the end: whoever answers no question just now
    /// may merely be starting.
    pub(crate) fn has_just_failed(&self) -> bool {
        self.failed == 1 && self.phase != Phase::Off && self.phase != Phase::Up
    }
}

pub(super) fn connect(model: &mut Model) -> Vec<Effect> {
    model.link.phase = Phase::Trying;
    vec![Effect::Connect, Effect::Wake(PATIENCE_MS)]
}

pub(super) fn disconnect(model: &mut Model) -> Vec<Effect> {
    model.link.phase = Phase::Off;
    model.link.failed = 0;
    model.live.acting.clear();
    vec![Effect::Disconnect]
}

/// Tries at once what would be tried later: there is news that it may work.
pub(super) fn hurry(model: &mut Model) -> Vec<Effect> {
    if model.link.phase == Phase::Resting {
        connect(model)
    } else {
        Vec::new()
    }
}

/// The delay that the last step asked for is over.
pub(super) fn wake(model: &mut Model, now: u64) -> Vec<Effect> {
    match model.link.phase {
        Phase::Resting => {
            let mut effects = connect(model);
            // Asked through the host, a server that does not run is started; a link can't do that.
            if model.live.trouble.is_some() {
                effects.extend(ask_live(model, now));
            }
            effects
        }
        Phase::Trying | Phase::Greeted => fail(model, now),
        Phase::Off | Phase::Up => Vec::new(),
    }
}

pub(super) fn hear(model: &mut Model, heard: Heard, now: u64) -> Vec<Effect> {
    match (model.link.phase, heard) {
        // What comes after the end is of no use.
        (Phase::Off | Phase::Resting, _) => Vec::new(),
        (_, Heard::Nowhere) => disconnect(model),
        (Phase::Trying, Heard::Hello { protocol, open })
            if protocol == u64::from(Frame::PROTOCOL) && open =>
        {
            model.link.phase = Phase::Greeted;
            Vec::new()
        }
        (Phase::Greeted, Heard::Snapshot(news)) => {
            model.link.phase = Phase::Up;
            model.link.up_at = now;
            let rev = news.approvals_rev;
            let moved = model.live.replace(news, now);
            let mut effects: Vec<Effect> = talk::linked(model, now).into_iter().collect();
            effects.extend(follow(model, moved, now));
            effects.extend(approvals::linked(model, rev, now));
            effects.extend(terminal::linked(model, now));
            effects
        }
        (Phase::Up, Heard::Output(told)) => talk::hear(model, told, now).into_iter().collect(),
        (Phase::Up, Heard::Screen(seen)) => terminal::hear(model, seen, now),
        (Phase::Up, Heard::Changes(news)) => {
            let rev = news.approvals_rev;
            let moved = model.live.change(news, now);
            let mut effects = follow(model, moved, now);
            effects.extend(approvals::hear(model, rev, now));
            effects
        }
        _ => fail(model, now),
    }
}

fn fail(model: &mut Model, now: u64) -> Vec<Effect> {
    let link = &mut model.link;
    let was_up = link.is_up();
    if was_up && now.saturating_sub(link.up_at) >= STEADY_MS {
        link.failed = 0;
    }
    let rest = FIRST_REST_MS << link.failed.min(5);
    link.failed += 1;
    link.phase = Phase::Resting;
    model.live.acting.clear();
    let mut effects = vec![Effect::Disconnect, Effect::Wake(rest.min(LONGEST_REST_MS))];
    // Polling takes over where the link left off; otherwise it is under way already.
    if was_up {
        effects.extend(if_polling(model, |model| ask_live(model, now)));
    }
    effects
}

#[cfg(test)]
mod tests;
