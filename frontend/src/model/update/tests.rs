use wire::Health;

use super::*;
use crate::{
    model::{
        Answered, Surroundings,
        answer::{Rows, Trouble},
    },
    sample::{self, NOW},
};

fn listed(rows: Vec<Session>) -> Model {
    let mut model = Model::new(Surroundings::default());
    update(&mut model, Msg::Start, NOW);
    answer(&mut model, 1, rows);
    model
}

fn answer(model: &mut Model, number: u32, rows: Vec<Session>) -> Vec<Effect> {
    let rows = Rows { rows, newer: 0 };
    update(model, Msg::Answered(Answered::Live(number, Ok(rows))), NOW)
}

#[test]
fn a_tick_asks_once_until_it_is_answered() {
    let mut model = listed(Vec::new());
    assert_eq!(
        update(&mut model, Msg::Tick, NOW + 10_000),
        [Effect::Call(Call::Live(2))]
    );
    assert_eq!(update(&mut model, Msg::Tick, NOW + 20_000), []);
    // Whoever has not answered for a minute is not waited for any more.
    assert_eq!(
        update(&mut model, Msg::Tick, NOW + 70_000),
        [
            Effect::Call(Call::Live(3)),
            Effect::Call(Call::Orphans(2)),
            Effect::Call(Call::Approvals(2))
        ]
    );
    // The late answer does not replace what is newer.
    answer(&mut model, 2, vec![sample::session(7)]);
    assert!(model.live.sessions.is_empty());
    answer(&mut model, 3, vec![sample::session(8)]);
    assert_eq!(model.live.sessions.len(), 1);
    update(&mut model, Msg::Auto(false), NOW);
    assert_eq!(update(&mut model, Msg::Tick, NOW + 90_000), []);
}

#[test]
fn a_failure_keeps_the_list_and_says_so() {
    let mut model = listed(vec![sample::session(7)]);
    update(&mut model, Msg::Refresh, NOW);
    let trouble = Trouble::Unreachable("RPC error 500".to_owned());
    update(
        &mut model,
        Msg::Answered(Answered::Live(2, Err(trouble.clone()))),
        NOW,
    );
    assert_eq!(
        (model.live.sessions.len(), &model.live.trouble),
        (1, &Some(trouble))
    );
}

#[test]
fn the_conversation_is_read_when_a_row_unfolds_and_when_it_went_on() {
    let key = sample::key(7);
    let mut model = listed(vec![sample::session(7)]);
    assert_eq!(
        update(&mut model, Msg::Fold(key), NOW),
        [Effect::Call(Call::Context(key))]
    );
    update(&mut model, Msg::Refresh, NOW);
    assert_eq!(answer(&mut model, 2, vec![sample::session(7)]), []);
    update(&mut model, Msg::Refresh, NOW);
    let later = Session {
        last_activity_at: NOW,
        ..sample::session(7)
    };
    // It has been read just now, and is read again a little later.
    assert_eq!(answer(&mut model, 3, vec![later]), []);
    assert_eq!(
        update(&mut model, Msg::Tick, NOW + 2000),
        [Effect::Call(Call::Context(key))]
    );
    assert_eq!(update(&mut model, Msg::Tick, NOW + 4000), []);
    // Once it has left, its transcript is what is looked at.
    update(&mut model, Msg::Refresh, NOW + 5000);
    assert_eq!(answer(&mut model, 4, Vec::new()), []);
    assert!(!model.open.contains(&key));
    let effects = update(&mut model, Msg::Tick, NOW + 15_000);
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Call(Call::Recent { .. }))),
        "{effects:?}"
    );
}

#[test]
fn nothing_is_killed_unasked_or_twice() {
    let key = sample::key(7);
    let mut model = listed(vec![sample::session(7)]);
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    assert_eq!(
        update(&mut model, Msg::AskKill(key), NOW),
        [Effect::Call(Call::Tree(key))]
    );
    update(&mut model, Msg::Leave, NOW);
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    update(&mut model, Msg::AskKill(key), NOW);
    assert_eq!(
        update(&mut model, Msg::Confirm, NOW),
        [Effect::Call(Call::Kill { key, tree: true })]
    );
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    update(&mut model, Msg::AskKill(key), NOW);
    assert_eq!(model.dialog, None);
}

#[test]
fn whoever_left_while_the_question_stood_is_not_killed() {
    let mut model = listed(vec![sample::session(7)]);
    update(&mut model, Msg::AskKill(sample::key(7)), NOW);
    update(&mut model, Msg::Refresh, NOW);
    answer(&mut model, 2, vec![sample::session(8)]);
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
}

#[test]
fn a_plan_that_comes_after_the_dialog_was_left_opens_nothing() {
    let mut model = listed(Vec::new());
    assert_eq!(
        update(&mut model, Msg::AskCleanup, NOW),
        [Effect::Call(Call::Plan)]
    );
    assert_eq!(update(&mut model, Msg::Confirm, NOW), []);
    update(&mut model, Msg::Leave, NOW);
    update(
        &mut model,
        Msg::Answered(Answered::Plan(Err(Trouble::Unreadable))),
        NOW,
    );
    assert_eq!(model.dialog, None);
}

#[test]
fn a_wrong_clock_of_the_browser_does_not_show_in_the_ages() {
    let mut model = Model::new(Surroundings::default());
    let wrong = NOW - 3_600_000;
    update(&mut model, Msg::Start, wrong);
    let rows = Rows {
        rows: vec![sample::session(7)],
        newer: 0,
    };
    update(
        &mut model,
        Msg::Answered(Answered::Live(1, Ok(rows))),
        wrong,
    );
    assert_eq!(model.live.server_now(), NOW);
}

#[test]
fn mistakes_and_homes_come_from_health() {
    let mut model = listed(Vec::new());
    let health = Health {
        ok: true,
        version: "2.0.0".to_owned(),
        degraded: Some(vec!["line 3".to_owned()]),
        config: None,
        homes: vec!["/home/ada".to_owned()],
        claude: None,
        tmux: None,
    };
    update(&mut model, Msg::Answered(Answered::Health(Ok(health))), NOW);
    assert_eq!(
        (model.mistakes.as_slice(), model.homes.len()),
        (["line 3".to_owned()].as_slice(), 1)
    );
}
