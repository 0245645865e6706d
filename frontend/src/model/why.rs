//! The sessions whose state is explained, and when the explanation is read again.

use wire::{Confidence, ProcessKey, Rule, Session, State, Why};

use crate::model::{Effect, Model, answer::Trouble, call::Call};

/// What is known of why a session is in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reasons {
    /// `None` until the first answer; it is kept while a newer one is on its way.
    pub(crate) known: Option<Result<Why, String>>,
    /// The verdict for which it was asked.
    asked_for: Verdict,
}

type Verdict = (State, Rule, Confidence, Option<u64>);

fn verdict(session: &Session) -> Verdict {
    (
        session.state,
        session.rule,
        session.confidence,
        session.state_since,
    )
}

pub(super) fn toggle(model: &mut Model, key: ProcessKey) -> Vec<Effect> {
    if model.reasons.remove(&key).is_some() {
        return Vec::new();
    }
    let Some(session) = model.live.find(key) else {
        return Vec::new();
    };
    let asked_for = verdict(session);
    model.reasons.insert(
        key,
        Reasons {
            known: None,
            asked_for,
        },
    );
    vec![Effect::Call(Call::Why(key))]
}

pub(super) fn answered(model: &mut Model, key: ProcessKey, answer: Result<Why, Trouble>) {
    if let Some(reasons) = model.reasons.get_mut(&key) {
        reasons.known = Some(match answer {
            // The number has been given to another process meanwhile, and the list will say so.
            Ok(why) if why.key != key => return,
            Ok(why) => Ok(why),
            Err(trouble) => Err(trouble.sentence()),
        });
    }
}

/// Asks again where the verdict is another one now.
pub(super) fn catch_up(model: &mut Model) -> Vec<Effect> {
    let live = &model.live;
    let mut effects = Vec::new();
    for (key, reasons) in model.reasons.iter_mut() {
        let now = live.find(*key).map(verdict);
        if let Some(now) = now.filter(|now| *now != reasons.asked_for) {
            reasons.asked_for = now;
            effects.push(Effect::Call(Call::Why(*key)));
        }
    }
    effects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{Answered, Msg, Surroundings, answer::Rows, update::update},
        sample::{self, NOW},
    };

    fn answer(model: &mut Model, row: Session) -> Vec<Effect> {
        let number = model.live.insist(NOW);
        let rows = Rows {
            rows: vec![row],
            newer: 0,
        };
        update(model, Msg::Answered(Answered::Live(number, Ok(rows))), NOW)
    }

    #[test]
    fn an_explanation_is_read_again_when_the_verdict_changes() {
        let key = sample::key(7);
        let asked = [Effect::Call(Call::Why(key))];
        let mut model = Model::new(Surroundings::default());
        assert_eq!(update(&mut model, Msg::Why(key), NOW), []);
        answer(&mut model, sample::session(7));
        assert_eq!(update(&mut model, Msg::Why(key), NOW), asked);
        let why = Msg::Answered(Answered::Why(key, Ok(sample::why(7))));
        update(&mut model, why, NOW);
        assert_eq!(answer(&mut model, sample::session(7)), []);
        let working = Session {
            state: State::Working,
            ..sample::session(7)
        };
        assert_eq!(answer(&mut model, working.clone()), asked);
        // What was known stays until then; another process's explanation is none.
        let other = Msg::Answered(Answered::Why(key, Ok(sample::why(8))));
        update(&mut model, other, NOW);
        let known = &model.reasons.get(&key).unwrap().known;
        assert_eq!(known, &Some(Ok(sample::why(7))));
        update(&mut model, Msg::Why(key), NOW);
        assert_eq!(answer(&mut model, sample::session(7)), []);
    }
}
