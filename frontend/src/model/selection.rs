//! The sessions that are chosen for one act on all of them. Nothing is ever chosen by itself.

use wire::{Permit, ProcessKey, Session};

use crate::model::{Model, facet};

#[derive(Debug)]
pub(crate) struct Selection {
    /// In the order in which they were chosen.
    pub(crate) keys: Vec<ProcessKey>,
    /// Where a range begins: the row that was last chosen by itself.
    anchor: Option<ProcessKey>,
    /// For how many minutes a session must have been abandoned to be chosen at a press.
    pub(crate) minutes: u32,
}

/// The minutes that are offered.
pub(crate) const MINUTES: [u32; 4] = [30, 120, 480, 1440];

/// How far a press on a row's box reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Row,
    /// From the row that was chosen last to this one.
    Range,
}

impl Default for Selection {
    fn default() -> Self {
        let [least, ..] = MINUTES;
        Self {
            keys: Vec::new(),
            anchor: None,
            minutes: least,
        }
    }
}

impl Selection {
    pub(crate) fn has(&self, key: ProcessKey) -> bool {
        self.keys.contains(&key)
    }

    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.anchor = None;
    }

    fn set(&mut self, key: ProcessKey, chosen: bool) {
        self.keys.retain(|other| *other != key);
        if chosen {
            self.keys.push(key);
        }
    }
}

pub(super) fn select(model: &mut Model, key: ProcessKey, chosen: bool, reach: Reach) {
    let shown: Vec<ProcessKey> = facet::shown(model).map(|session| session.key).collect();
    let place = |key| shown.iter().position(|other| *other == key);
    let anchor = model.selection.anchor.filter(|_| reach == Reach::Range);
    let ends = anchor.and_then(place).zip(place(key));
    let (first, last) = match ends {
        Some((from, to)) => (from.min(to), from.max(to)),
        None => {
            model.selection.set(key, chosen);
            model.selection.anchor = Some(key);
            return;
        }
    };
    for key in shown.get(first..=last).unwrap_or_default() {
        model.selection.set(*key, chosen);
    }
}

/// Chooses those that may be ended and have been abandoned for so long, and no other.
pub(super) fn select_abandoned(model: &mut Model) {
    let keys: Vec<ProcessKey> = abandoned(model).map(|session| session.key).collect();
    model.selection.clear();
    model.selection.keys = keys;
}

/// The sessions that `select_abandoned` chooses.
pub(crate) fn abandoned(model: &Model) -> impl Iterator<Item = &Session> {
    let now = model.live.server_now();
    let least = u64::from(model.selection.minutes) * 60_000;
    facet::shown(model).filter(move |session| {
        session.abandoned
            && session.actions.kill == Permit::Allowed
            && now.saturating_sub(session.last_activity_at) >= least
    })
}

#[cfg(test)]
mod tests {
    use wire::Code;

    use super::*;
    use crate::{
        model::{Msg, Surroundings, update::update},
        sample::{self, NOW},
    };

    fn listed(sessions: Vec<Session>) -> Model {
        let mut model = Model::new(Surroundings::default());
        model.live.sessions = sessions;
        model.live.seen_at = Some(NOW);
        model
    }

    fn press(model: &mut Model, pid: u32, chosen: bool, reach: Reach) {
        let key = sample::key(pid);
        assert_eq!(update(model, Msg::Select { key, chosen, reach }, NOW), []);
    }

    fn pids(model: &Model) -> Vec<u32> {
        model
            .selection
            .keys
            .iter()
            .map(|key| key.pid.get())
            .collect()
    }

    #[test]
    fn a_range_reaches_from_the_last_row_over_what_is_shown() {
        let mut model = listed((1..=6).map(sample::session).collect());
        press(&mut model, 2, true, Reach::Row);
        press(&mut model, 5, true, Reach::Range);
        assert_eq!(pids(&model), [2, 3, 4, 5]);
        press(&mut model, 1, false, Reach::Range);
        assert_eq!(pids(&model), [3, 4, 5]);
        press(&mut model, 4, false, Reach::Row);
        assert_eq!(pids(&model), [3, 5]);
        update(&mut model, Msg::ClearSelection, NOW);
        // Without a row to begin from it is a press like any other.
        press(&mut model, 6, true, Reach::Range);
        assert_eq!(pids(&model), [6]);
        update(&mut model, Msg::Filter("nothing".to_owned()), NOW);
        press(&mut model, 6, false, Reach::Range);
        assert_eq!(pids(&model), [0; 0]);
    }

    #[test]
    fn nothing_is_chosen_until_it_is_asked_for_and_then_only_what_is_abandoned() {
        let quiet = |pid, minutes: u64, abandoned| Session {
            abandoned,
            last_activity_at: NOW - minutes * 60_000,
            ..sample::session(pid)
        };
        let mut foreign = quiet(5, 900, true);
        foreign.actions.kill = Permit::Refused {
            code: Code::NotYours,
            error: "Ask bob.".to_owned(),
        };
        let sessions = vec![
            quiet(1, 45, true),
            quiet(2, 130, true),
            quiet(3, 130, false),
            quiet(4, 500, true),
            foreign,
        ];
        let mut model = listed(sessions);
        assert_eq!(pids(&model), [0; 0]);
        press(&mut model, 3, true, Reach::Row);
        for (minutes, chosen) in [
            (30, vec![1, 2, 4]),
            (120, vec![2, 4]),
            (480, vec![4]),
            (1440, vec![]),
        ] {
            update(&mut model, Msg::AbandonedFor(minutes), NOW);
            update(&mut model, Msg::SelectAbandoned, NOW);
            assert_eq!(pids(&model), chosen, "{minutes}");
        }
    }
}
