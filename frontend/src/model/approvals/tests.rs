//! Requests: which there are, what is answered, and who decided.

mod answered;
mod listed;

use wire::{DecidedBy, ErrorBody, RuleScope};

use super::{
    draft::{Change, Until, Whose},
    *,
};
use crate::{
    model::{Answered, Msg, Surroundings, link::Heard, live::News, toast::Tone, update::update},
    sample::{self, NOW},
};

fn key(id: &str) -> RequestKey {
    RequestKey::of(&sample::approval(id))
}

fn rows(rows: Vec<Approval>) -> Result<Rows<Approval>, Trouble> {
    Ok(Rows { rows, newer: 0 })
}

/// A page that has been told of these.
fn asked(approvals: Vec<Approval>) -> Model {
    let mut model = Model::new(Surroundings::default());
    model.live.seen_at = Some(NOW);
    let effects = update(&mut model, Msg::Start, NOW);
    assert!(effects.contains(&Effect::Call(Call::Approvals(1))));
    tell(&mut model, 1, approvals, NOW);
    model
}

fn tell(model: &mut Model, number: u32, approvals: Vec<Approval>, now: u64) -> Vec<Effect> {
    let answered = Answered::Approvals(number, rows(approvals));
    update(model, Msg::Answered(answered), now)
}

fn press(model: &mut Model, id: &str, step: Step) -> Option<DecideRequest> {
    match update(model, Msg::Approval(key(id), step), NOW).as_slice() {
        [Effect::Call(Call::Decide(request, body))] => {
            assert_eq!(request.as_str(), id);
            Some((**body).clone())
        }
        [] => None,
        other => panic!("{other:?}"),
    }
}

fn ids(model: &Model) -> Vec<String> {
    let cards = model.approvals.cards.iter();
    cards
        .map(|card| {
            let sign = match card.phase {
                Phase::Open => "",
                Phase::Deciding { .. } => "?",
                Phase::Settled { .. } => "!",
            };
            format!("{}{sign}", card.approval.id)
        })
        .collect()
}

fn decided(id: &str, outcome: DecisionOutcome) -> Decided {
    Decided {
        ok: true,
        id: id.parse().unwrap(),
        session_id: key(id).session,
        outcome,
        by: DecidedBy::Person,
        rule: None,
        note: None,
    }
}

fn refused(code: Code) -> Trouble {
    let body = ErrorBody::new(code, "Ada allowed it a moment ago.");
    Trouble::Refused(Box::new(body))
}

#[test]
fn a_request_is_decided_once_and_with_its_own_session() {
    let mut model = asked(vec![sample::approval("a"), sample::approval("b")]);
    let body = press(&mut model, "b", Step::Allow).unwrap();
    assert_eq!(
        (&body.session_id, body.decision),
        (&key("b").session, DecisionOutcome::Allow)
    );
    assert_eq!((body.reason, body.always), (None, None));
    assert_eq!(press(&mut model, "b", Step::Deny), None);
    assert_eq!(ids(&model), ["a", "b?"]);
    let done = decided("b", DecisionOutcome::Allow);
    let effects = update(
        &mut model,
        Msg::Answered(Answered::Decided(key("b"), Ok(done))),
        NOW,
    );
    // It keeps its place for a second, and what was read before the answer doesn't bring it back.
    assert!(effects.contains(&Effect::Tidy(1000)));
    assert_eq!(ids(&model), ["a", "b!"]);
    tell(
        &mut model,
        2,
        vec![sample::approval("a"), sample::approval("b")],
        NOW + 900,
    );
    assert_eq!(ids(&model), ["a", "b!"]);
    assert_eq!(update(&mut model, Msg::TidyApprovals, NOW + 1000), []);
    assert_eq!(ids(&model), ["a"]);
    assert_eq!(press(&mut model, "b", Step::Deny), None);
}

#[test]
fn two_sessions_may_use_the_same_id() {
    let other = Approval {
        session_id: sample::session(8).session_id.unwrap(),
        ..sample::approval("a")
    };
    let mut model = asked(vec![sample::approval("a"), other.clone()]);
    let allow = Msg::Approval(RequestKey::of(&other), Step::Allow);
    let effects = update(&mut model, allow, NOW);
    let [Effect::Call(Call::Decide(_, body))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(body.session_id, other.session_id);
    assert_eq!(ids(&model), ["a", "a?"]);
    // The answer to one says nothing of the other.
    let done = decided("a", DecisionOutcome::Allow);
    let answered = Answered::Decided(RequestKey::of(&other), Ok(done));
    update(&mut model, Msg::Answered(answered), NOW);
    assert_eq!(ids(&model), ["a", "a!"]);
}

#[test]
fn whoever_was_first_is_named_and_other_failures_stay_on_the_card() {
    for code in [Code::Decided, Code::NoApproval, Code::Ended] {
        let mut model = asked(vec![sample::approval("a")]);
        press(&mut model, "a", Step::Deny);
        let answered = Answered::Decided(key("a"), Err(refused(code)));
        update(&mut model, Msg::Answered(answered), NOW);
        assert_eq!(ids(&model), ["a!"]);
        let toast = model.toasts.shown.last().unwrap();
        assert_eq!(
            (toast.tone, toast.text.as_str()),
            (Tone::Bad, "Ada allowed it a moment ago.")
        );
    }
    let unreachable = Trouble::Unreachable("RPC error 500".to_owned());
    for trouble in [
        refused(Code::Unresponsive),
        unreachable,
        Trouble::Unreadable,
    ] {
        let mut model = asked(vec![sample::approval("a")]);
        press(&mut model, "a", Step::Allow);
        let sentence = trouble.sentence();
        let answered = Answered::Decided(key("a"), Err(trouble));
        update(&mut model, Msg::Answered(answered), NOW);
        assert_eq!(ids(&model), ["a"]);
        assert_eq!(model.approvals.cards[0].failed, Some(sentence));
        assert!(press(&mut model, "a", Step::Allow).is_some());
        assert_eq!(model.approvals.cards[0].failed, None);
    }
}

#[test]
fn an_answer_that_never_comes_does_not_hold_the_card_for_good() {
    let mut model = asked(vec![sample::approval("a")]);
    press(&mut model, "a", Step::Allow);
    update(&mut model, Msg::Tick, NOW + 60_000);
    tell(&mut model, 2, vec![sample::approval("a")], NOW + 60_000);
    assert_eq!(ids(&model), ["a"]);
    assert!(model.approvals.cards[0].failed.is_some());
}
