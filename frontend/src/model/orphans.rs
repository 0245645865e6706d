//! What sessions that have ended left running, and which of it is chosen to be reaped.

use wire::{Orphan, OrphanEvidence, Permit, ProcessKey};

use crate::model::{
    Effect,
    answer::{Rows, Trouble},
    call::Call,
};

/// Milliseconds after which it is asked for again while the page is seen.
const REFRESH_MS: u64 = 60_000;
/// Milliseconds between a session's end and the question for what it left: it is given time to end that itself.
const AFTER_MS: u64 = 3000;

#[derive(Debug, Default)]
pub(crate) struct Orphans {
    /// Those with a proof first, those of one session together.
    pub(crate) rows: Vec<Orphan>,
    pub(crate) chosen: Vec<ProcessKey>,
    asked: u32,
    /// Our own time of the latest request.
    asked_at: u64,
    /// Our own time from which on it is to be asked again.
    due_at: Option<u64>,
}

/// Whether it may be ended: the server allows it, and says by what it is proved.
pub(crate) fn may_reap(orphan: &Orphan) -> bool {
    orphan.reap == Permit::Allowed && matches!(orphan.evidence, OrphanEvidence::Proof { .. })
}

impl Orphans {
    pub(crate) fn ask(&mut self, now: u64) -> Effect {
        self.asked = self.asked.wrapping_add(1);
        self.asked_at = now;
        self.due_at = None;
        Effect::Call(Call::Orphans(self.asked))
    }

    /// A session has ended, and may have left something.
    pub(crate) fn want(&mut self, now: u64) {
        self.due_at.get_or_insert(now + AFTER_MS);
    }

    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.due_at.is_some_and(|due| due <= now)
    }

    pub(crate) fn is_old(&self, now: u64) -> bool {
        now.saturating_sub(self.asked_at) >= REFRESH_MS
    }

    /// Takes an answer in, unless a newer request is under way. Without one what was known stays: the list above says
    /// what is wrong with the server.
    pub(crate) fn take(&mut self, number: u32, answer: Result<Rows<Orphan>, Trouble>) {
        let Ok(Rows { rows, .. }) = answer else {
            return;
        };
        if number != self.asked {
            return;
        }
        self.rows.clear();
        let (proved, other): (Vec<Orphan>, Vec<Orphan>) = rows
            .into_iter()
            .partition(|one| matches!(one.evidence, OrphanEvidence::Proof { .. }));
        for orphan in proved.into_iter().chain(other) {
            self.put(orphan);
        }
        let rows = &self.rows;
        self.chosen
            .retain(|key| rows.iter().any(|one| one.key == *key && may_reap(one)));
    }

    /// Puts it behind the last one of its session.
    fn put(&mut self, orphan: Orphan) {
        if self.find(orphan.key).is_some() {
            return;
        }
        let place = self.rows.iter().rposition(|one| together(one, &orphan));
        match place {
            Some(place) => self.rows.insert(place + 1, orphan),
            None => self.rows.push(orphan),
        }
    }

    pub(crate) fn find(&self, key: ProcessKey) -> Option<&Orphan> {
        self.rows.iter().find(|one| one.key == key)
    }

    pub(crate) fn choose(&mut self, key: ProcessKey, chosen: bool) {
        self.chosen.retain(|other| *other != key);
        if chosen && self.find(key).is_some_and(may_reap) {
            self.chosen.push(key);
        }
    }

    pub(crate) fn choose_all(&mut self, chosen: bool) {
        let all = self.rows.iter().filter(|one| chosen && may_reap(one));
        self.chosen = all.map(|one| one.key).collect();
    }
}

/// Whether both stand below one heading: left by the same session, or without a proof.
pub(crate) fn together(one: &Orphan, other: &Orphan) -> bool {
    match (&one.evidence, &other.evidence) {
        (OrphanEvidence::Proof { .. }, OrphanEvidence::Proof { .. }) => {
            let name = |orphan: &Orphan| (orphan.session.key, orphan.session.session_id.clone());
            name(one) == name(other)
        }
        (OrphanEvidence::Sign { .. }, OrphanEvidence::Sign { .. }) => true,
        (OrphanEvidence::Proof { .. }, OrphanEvidence::Sign { .. })
        | (OrphanEvidence::Sign { .. }, OrphanEvidence::Proof { .. }) => false,
    }
}

#[cfg(test)]
mod tests {
    use wire::{Code, Sign};

    use super::*;
    use crate::{
        model::{Answered, Model, Msg, Surroundings, update::update},
        sample::{self, NOW},
    };

    fn unproven(pid: u32) -> Orphan {
        Orphan {
            evidence: OrphanEvidence::Sign {
                sign: Sign::Environment {
                    variable: "CLAUDE_CODE_SESSION_ID".to_owned(),
                },
            },
            reap: Permit::Refused {
                code: Code::Unproven,
                error: "Nothing proves it.".to_owned(),
            },
            ..sample::orphan(pid, 70)
        }
    }

    fn read(model: &mut Model, rows: Vec<Orphan>) {
        let number = model.orphans.asked;
        let rows = Rows { rows, newer: 0 };
        update(
            model,
            Msg::Answered(Answered::Orphans(number, Ok(rows))),
            NOW,
        );
    }

    fn pids(model: &Model) -> Vec<u32> {
        model.orphans.rows.iter().map(|one| one.pid.get()).collect()
    }

    #[test]
    fn those_of_one_session_stand_together_and_those_without_a_proof_apart() {
        let mut model = Model::new(Surroundings::default());
        let mixed = vec![
            sample::orphan(1, 70),
            unproven(2),
            sample::orphan(3, 80),
            sample::orphan(4, 70),
            sample::orphan(4, 70),
            unproven(5),
        ];
        read(&mut model, mixed);
        assert_eq!(pids(&model), [1, 4, 3, 2, 5]);
    }

    #[test]
    fn only_what_is_proved_can_be_chosen_and_what_left_is_not_chosen_any_more() {
        let mut model = Model::new(Surroundings::default());
        // Should a server allow what it has no proof for, this page does not.
        let odd = Orphan {
            reap: Permit::Allowed,
            ..unproven(3)
        };
        read(&mut model, vec![sample::orphan(1, 70), unproven(2), odd]);
        update(&mut model, Msg::ChooseOrphan(sample::key(2), true), NOW);
        update(&mut model, Msg::ChooseOrphan(sample::key(3), true), NOW);
        assert_eq!(model.orphans.chosen, []);
        update(&mut model, Msg::ChooseOrphans(true), NOW);
        assert_eq!(model.orphans.chosen, [sample::key(1)]);
        read(&mut model, vec![unproven(2)]);
        assert_eq!(model.orphans.chosen, []);
    }

    #[test]
    fn they_are_asked_for_at_the_start_after_an_end_and_every_minute() {
        let asks = |effects: Vec<Effect>| {
            let asks = |one: &Effect| matches!(one, Effect::Call(Call::Orphans(_)));
            effects.iter().any(asks)
        };
        let mut model = Model::new(Surroundings::default());
        assert!(asks(update(&mut model, Msg::Start, NOW)));
        assert!(!asks(update(&mut model, Msg::Tick, NOW + 50_000)));
        assert!(asks(update(&mut model, Msg::Tick, NOW + 60_000)));
        model.orphans.want(NOW + 61_000);
        assert!(!asks(update(&mut model, Msg::Tick, NOW + 62_000)));
        assert!(asks(update(&mut model, Msg::Tick, NOW + 64_000)));
        // Nothing is asked for while the page is not to keep itself up to date.
        update(&mut model, Msg::Auto(false), NOW + 64_000);
        assert!(!asks(update(&mut model, Msg::Tick, NOW + 200_000)));
        assert!(asks(update(&mut model, Msg::Refresh, NOW + 200_000)));
    }
}
