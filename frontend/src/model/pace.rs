//! When time has something to say: ages go on, and what has become old is asked for again.
//!
//! Knows the intervals. Does not know timers: it is told the time.

use crate::model::{Effect, Model, approvals, call::Call, intake::catch_up, talk, terminal};

/// Milliseconds between two requests for the list while it does not arrive by itself.
const REFRESH_MS: u64 = 10_000;
/// Milliseconds between two ticks while an age is told in seconds.
const SECOND_MS: u64 = 1000;
/// By so many milliseconds a timer may be early.
const SLACK_MS: u64 = 500;

impl Model {
    /// Whether a tick would be of use: ages go on, and what has become old is asked for again.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        let gap = if self.link.is_up() && tells_seconds(self) {
            SECOND_MS
        } else if self.polls_terminal() {
            terminal::POLL_MS
        } else if self.polls_talk() {
            talk::POLL_MS
        } else {
            REFRESH_MS
        };
        now.saturating_sub(self.ticked_at) + SLACK_MS >= gap
    }
}

/// Whether some session has been in its state, or at all, for less than a minute, or has just asked something.
fn tells_seconds(model: &Model) -> bool {
    const MINUTE_MS: u64 = 60_000;
    let now = model.live.server_now();
    let recent = |then: u64| now.saturating_sub(then) < MINUTE_MS;
    let asked = model.approvals.cards.iter().map(|card| card.approval.at);
    asked.into_iter().any(recent)
        || model.live.sessions.iter().any(|session| {
            let called = session.tool.as_ref().and_then(|tool| tool.since);
            [Some(session.started_at), session.state_since, called]
                .into_iter()
                .flatten()
                .any(recent)
        })
}

pub(super) fn tick(model: &mut Model, now: u64) -> Vec<Effect> {
    model.ticked_at = now;
    if !model.auto {
        // What a person looks at goes on, though the list stands still.
        let talk = talk::catch_up(model, now);
        return talk
            .into_iter()
            .chain(terminal::catch_up(model, now))
            .collect();
    }
    let mut effects = if_polling(model, |model| {
        if model.live.rested_ms(now) + SLACK_MS >= REFRESH_MS {
            ask_live(model, now)
        } else {
            Vec::new()
        }
    });
    effects.extend(catch_up(model, now));
    effects.extend(refresh_orphans(model, now));
    effects.extend(approvals::refresh(model, now));
    effects
}

/// Asks for what sessions left running, where that was not done for long: nothing tells when it changes.
pub(super) fn refresh_orphans(model: &mut Model, now: u64) -> Option<Effect> {
    let orphans = &mut model.orphans;
    (orphans.is_old(now) || orphans.is_due(now)).then(|| orphans.ask(now))
}

/// Does what is needed only while the list does not arrive by itself.
pub(super) fn if_polling(
    model: &mut Model,
    ask: impl FnOnce(&mut Model) -> Vec<Effect>,
) -> Vec<Effect> {
    if model.link.is_up() {
        Vec::new()
    } else {
        ask(model)
    }
}

pub(super) fn ask_live(model: &mut Model, now: u64) -> Vec<Effect> {
    let number = model.live.ask(now);
    number
        .map(|number| Effect::Call(Call::Live(number)))
        .into_iter()
        .collect()
}

/// Asks for both lists, since something has been done or a person wants it.
pub(super) fn look_again(model: &mut Model, now: u64) -> Vec<Effect> {
    let mut effects = if_polling(model, |model| {
        vec![Effect::Call(Call::Live(model.live.insist(now)))]
    });
    effects.push(ask_recent(model, now));
    effects
}

pub(super) fn ask_recent(model: &mut Model, now: u64) -> Effect {
    Effect::Call(Call::Recent {
        number: model.recent.ask(now),
        days: model.recent.days,
    })
}
