use super::*;
use crate::{
    model::{Answered, Msg, Surroundings, answer::Rows, call::Call, update::update},
    sample::{self, NOW},
};
use wire::{Act, Acting, ActingStep, Session};

fn hello() -> Heard {
    Heard::Hello {
        protocol: 1,
        open: true,
    }
}

fn news(rows: Vec<Session>, gone: &[&str]) -> News {
    let keyed = |row: Session| (row.key.to_string(), Some(row));
    News {
        at: NOW,
        rows: rows.into_iter().map(keyed).collect(),
        gone: gone.iter().map(|key| (*key).to_owned()).collect(),
        acting: Vec::new(),
        approvals_rev: 0,
    }
}

fn heard(model: &mut Model, heard: Heard, now: u64) -> Vec<Effect> {
    update(model, Msg::Link(heard), now)
}

fn started() -> Model {
    let mut model = Model::new(Surroundings::default());
    update(&mut model, Msg::Start, NOW);
    model
}

fn linked(rows: Vec<Session>) -> Model {
    let mut model = started();
    heard(&mut model, hello(), NOW);
    heard(&mut model, Heard::Snapshot(news(rows, &[])), NOW);
    assert!(model.link.is_up());
    model
}

fn pids(model: &Model) -> Vec<u32> {
    let sessions = model.live.sessions.iter();
    sessions.map(|session| session.pid.get()).collect()
}

#[test]
fn the_first_list_is_asked_for_and_may_be_overtaken_by_the_link() {
    let mut model = Model::new(Surroundings::default());
    let effects = update(&mut model, Msg::Start, NOW);
    assert!(effects.contains(&Effect::Call(Call::Live(1))));
    assert!(effects.ends_with(&[Effect::Connect, Effect::Wake(5000)]));
    assert_eq!(heard(&mut model, hello(), NOW), []);
    let snapshot = Heard::Snapshot(news(vec![sample::session(7)], &[]));
    assert_eq!(heard(&mut model, snapshot, NOW), []);
    assert!(model.link.is_up() && model.live.waiting_since.is_none());
    // The answer is older than what the link has told.
    let rows = Rows {
        rows: Vec::new(),
        newer: 0,
    };
    update(&mut model, Msg::Answered(Answered::Live(1, Ok(rows))), NOW);
    assert_eq!(pids(&model), [7]);
}

#[test]
fn while_the_link_is_up_nothing_is_polled() {
    let mut model = linked(vec![sample::session(7)]);
    for seconds in 1..100 {
        let effects = update(&mut model, Msg::Tick, NOW + seconds * 1000);
        // Nothing tells of what sessions left running: that alone is asked for, once a minute.
        let expected = match seconds {
            60 => vec![Effect::Call(Call::Orphans(2))],
            _ => Vec::new(),
        };
        assert_eq!(effects, expected, "{seconds}");
    }
    let effects = update(&mut model, Msg::Refresh, NOW + 100_000);
    assert!(
        effects
            .iter()
            .all(|effect| !matches!(effect, Effect::Call(Call::Live(_)))),
        "{effects:?}"
    );
    // Ages go on meanwhile, by the server's clock.
    assert_eq!(model.live.server_now(), NOW + 100_000);
}

#[test]
fn changes_replace_add_and_remove_rows() {
    let mut model = linked([7, 8, 9].map(sample::session).to_vec());
    let waiting = Session {
        state: wire::State::WaitingInput,
        ..sample::session(9)
    };
    let changes = news(vec![waiting, sample::session(10)], &["8:100"]);
    heard(&mut model, Heard::Changes(changes), NOW);
    assert_eq!(pids(&model), [9, 7, 10]);
    // Who has left is in the transcripts now; they are not read again and again.
    let recent = |effects: &[Effect]| {
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Call(Call::Recent { .. })))
    };
    assert!(!recent(&update(&mut model, Msg::Tick, NOW + 9000)));
    assert!(recent(&update(&mut model, Msg::Tick, NOW + 10_000)));
    assert!(!recent(&update(&mut model, Msg::Tick, NOW + 90_000)));
}

#[test]
fn a_row_that_cant_be_read_is_counted_until_it_can_or_has_gone() {
    let mut model = linked(vec![sample::session(7), sample::session(8)]);
    let mut changes = news(Vec::new(), &[]);
    changes.rows = vec![("7:100".to_owned(), None), (String::new(), None)];
    for _ in 0..2 {
        heard(&mut model, Heard::Changes(changes.clone()), NOW);
        assert_eq!((pids(&model), model.live.newer.len()), (vec![8], 2));
    }
    let changes = news(vec![sample::session(7)], &[]);
    heard(&mut model, Heard::Changes(changes), NOW);
    assert_eq!((pids(&model), model.live.newer.len()), (vec![7, 8], 1));
    heard(&mut model, Heard::Snapshot(news(Vec::new(), &[])), NOW);
    assert_eq!(model.link.phase, Phase::Resting);
}

#[test]
fn polling_takes_over_at_once_and_the_link_comes_back() {
    let mut model = linked(vec![sample::session(7)]);
    let effects = heard(&mut model, Heard::Closed, NOW + 100_000);
    assert_eq!(
        effects,
        [
            Effect::Disconnect,
            Effect::Wake(1000),
            Effect::Call(Call::Live(3)),
        ]
    );
    assert_eq!(pids(&model), [7]);
    for rest in [2000, 4000, 8000, 16_000, 30_000, 30_000] {
        let effects = update(&mut model, Msg::Wake, NOW + 100_000);
        assert_eq!(effects, [Effect::Connect, Effect::Wake(5000)]);
        let effects = heard(&mut model, Heard::Closed, NOW + 100_000);
        assert_eq!(effects, [Effect::Disconnect, Effect::Wake(rest)]);
    }
    update(&mut model, Msg::Wake, NOW + 100_000);
    heard(&mut model, hello(), NOW + 100_000);
    let snapshot = Heard::Snapshot(news(vec![sample::session(8)], &[]));
    heard(&mut model, snapshot, NOW + 100_000);
    assert_eq!(pids(&model), [8]);
    // A link that does not last is not taken for a good one.
    let effects = heard(&mut model, Heard::Closed, NOW + 101_000);
    assert!(effects.contains(&Effect::Wake(30_000)), "{effects:?}");
}

#[test]
fn what_is_said_out_of_turn_or_not_at_all_ends_the_link() {
    let strange = Heard::Hello {
        protocol: 2,
        open: true,
    };
    let closed = Heard::Hello {
        protocol: 1,
        open: false,
    };
    let early = Heard::Snapshot(news(Vec::new(), &[]));
    for first in [strange, closed, early, Heard::Garbled] {
        let mut model = started();
        let effects = heard(&mut model, first, NOW);
        assert_eq!(effects, [Effect::Disconnect, Effect::Wake(1000)]);
    }
    for greeted in [false, true] {
        let mut model = started();
        if greeted {
            heard(&mut model, hello(), NOW);
        }
        let effects = update(&mut model, Msg::Wake, NOW + 5000);
        assert_eq!(effects, [Effect::Disconnect, Effect::Wake(1000)]);
        // Late words of a link that has been given up.
        assert_eq!(heard(&mut model, hello(), NOW + 5001), []);
    }
    let mut model = started();
    assert_eq!(heard(&mut model, Heard::Nowhere, NOW), [Effect::Disconnect]);
    assert_eq!(update(&mut model, Msg::Wake, NOW + 5000), []);
}

#[test]
fn a_server_that_answers_again_is_linked_to_at_once() {
    let mut model = linked(Vec::new());
    heard(&mut model, Heard::Closed, NOW);
    let trouble = crate::model::answer::Trouble::Unreadable;
    update(
        &mut model,
        Msg::Answered(Answered::Live(3, Err(trouble))),
        NOW,
    );
    // A server that starts is no trouble yet; the next try asks it again.
    assert_eq!(model.trouble(), None);
    let effects = update(&mut model, Msg::Wake, NOW + 1000);
    assert!(effects.contains(&Effect::Call(Call::Live(4))));
    heard(&mut model, Heard::Closed, NOW + 1000);
    assert!(model.trouble().is_some());
    let rows = Rows {
        rows: Vec::new(),
        newer: 0,
    };
    let answered = Msg::Answered(Answered::Live(4, Ok(rows)));
    assert_eq!(
        update(&mut model, answered, NOW + 10_000),
        [Effect::Connect, Effect::Wake(5000)]
    );
}

#[test]
fn a_pause_ends_the_link_and_its_end_begins_anew() {
    let mut model = linked(vec![sample::session(7)]);
    assert_eq!(
        update(&mut model, Msg::Auto(false), NOW + 1000),
        [Effect::Disconnect]
    );
    assert_eq!(heard(&mut model, Heard::Closed, NOW + 1000), []);
    assert_eq!(update(&mut model, Msg::Tick, NOW + 60_000), []);
    assert_eq!(update(&mut model, Msg::Seen, NOW + 60_000), []);
    assert_eq!(model.live.seen_at, Some(NOW + 1000));
    assert_eq!(
        update(&mut model, Msg::Auto(true), NOW + 60_000),
        [
            Effect::Call(Call::Live(3)),
            Effect::Connect,
            Effect::Wake(5000)
        ]
    );
}

#[test]
fn a_page_that_is_seen_again_does_not_wait() {
    let mut model = linked(Vec::new());
    assert_eq!(update(&mut model, Msg::Seen, NOW + 1000), []);
    heard(&mut model, Heard::Closed, NOW + 2000);
    let rows = Rows {
        rows: Vec::new(),
        newer: 0,
    };
    update(&mut model, Msg::Answered(Answered::Live(3, Ok(rows))), NOW);
    assert_eq!(
        update(&mut model, Msg::Seen, NOW + 3000),
        [
            Effect::Call(Call::Live(4)),
            Effect::Connect,
            Effect::Wake(5000)
        ]
    );
}

#[test]
fn seconds_are_counted_while_an_age_is_told_in_them() {
    let young = Session {
        state_since: Some(NOW - 5000),
        ..sample::session(7)
    };
    let check = |model: &mut Model, gap| {
        update(model, Msg::Tick, NOW);
        assert!(!model.is_due(NOW + gap - 501));
        assert!(model.is_due(NOW + gap - 500));
    };
    check(&mut linked(vec![young.clone()]), 1000);
    check(&mut linked(vec![sample::session(7)]), 10_000);
    // Without the link, ages count to the latest answer.
    let mut polled = linked(vec![young]);
    heard(&mut polled, Heard::Closed, NOW);
    check(&mut polled, 10_000);
}

#[test]
fn what_is_under_way_is_as_the_latest_message_tells_it() {
    let acting = Acting {
        key: sample::key(7),
        act: Act::Kill,
        step: ActingStep::Grace,
        alive: 3,
        total: 7,
        since: NOW,
    };
    let told = News {
        acting: vec![acting],
        ..news(Vec::new(), &[])
    };
    let mut model = linked(vec![sample::session(7)]);
    heard(&mut model, Heard::Changes(told.clone()), NOW);
    assert!(model.is_busy(sample::key(7)));
    assert_eq!(update(&mut model, Msg::AskKill(sample::key(7)), NOW), []);
    heard(&mut model, Heard::Changes(news(Vec::new(), &[])), NOW);
    assert!(!model.is_busy(sample::key(7)));
    // Nothing tells of it once the link is down.
    heard(&mut model, Heard::Changes(told), NOW);
    heard(&mut model, Heard::Closed, NOW);
    assert!(!model.is_busy(sample::key(7)));
}
