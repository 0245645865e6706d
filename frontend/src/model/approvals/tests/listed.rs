//! Which requests are shown, and when the server is asked for them.

use super::*;

#[test]
fn cards_come_at_the_end_and_go_when_the_pointer_is_elsewhere() {
    let mut model = asked(vec![sample::approval("b"), sample::approval("c")]);
    update(&mut model, Msg::OverApprovals(true), NOW);
    update(&mut model, Msg::Tick, NOW + 10_000);
    let older = Approval {
        at: NOW - 999_000,
        ..sample::approval("a")
    };
    let effects = tell(
        &mut model,
        2,
        vec![older, sample::approval("c")],
        NOW + 10_000,
    );
    assert_eq!(ids(&model), ["b!", "c", "a"]);
    assert_eq!(effects, [Effect::Tidy(30_000)]);
    update(&mut model, Msg::TidyApprovals, NOW + 12_000);
    assert_eq!(ids(&model), ["b!", "c", "a"]);
    assert_eq!(press(&mut model, "b", Step::Allow), None);
    update(&mut model, Msg::OverApprovals(false), NOW + 12_000);
    assert_eq!(ids(&model), ["c", "a"]);
}

#[test]
fn a_server_that_lost_sight_of_a_request_does_not_lose_what_was_written() {
    let mut model = asked(vec![sample::approval("a")]);
    let why = Change::Reason("not yet".to_owned());
    press(&mut model, "a", Step::Draft(why));
    update(&mut model, Msg::Tick, NOW + 10_000);
    tell(&mut model, 2, Vec::new(), NOW + 10_000);
    assert_eq!(ids(&model), ["a!"]);
    update(&mut model, Msg::Refresh, NOW + 10_500);
    tell(&mut model, 3, vec![sample::approval("a")], NOW + 10_500);
    assert_eq!(ids(&model), ["a"]);
    let body = press(&mut model, "a", Step::Deny).unwrap();
    assert_eq!(body.reason.as_deref(), Some("not yet"));
}

#[test]
fn what_moved_under_the_pointer_is_not_decided() {
    let mut model = asked(vec![sample::approval("a")]);
    assert_eq!(press(&mut model, "a", Step::Moved), None);
    assert_eq!(ids(&model), ["a"]);
    assert!(model.approvals.cards[0].failed.is_some());
}

#[test]
fn the_feed_says_when_to_ask_and_news_on_the_way_are_asked_for_after() {
    let mut model = asked(Vec::new());
    let hello = Heard::Hello {
        protocol: 1,
        open: true,
    };
    update(&mut model, Msg::Link(hello), NOW);
    let news = |approvals_rev| News {
        at: NOW,
        rows: Vec::new(),
        gone: Vec::new(),
        acting: Vec::new(),
        approvals_rev,
    };
    let ask = |number| [Effect::Call(Call::Approvals(number))];
    let mut hear = |heard| update(&mut model, Msg::Link(heard), NOW);
    assert_eq!(hear(Heard::Snapshot(news(4))), ask(2));
    assert_eq!(hear(Heard::Changes(news(4))), []);
    assert_eq!(hear(Heard::Changes(news(5))), []);
    assert_eq!(hear(Heard::Changes(news(6))), []);
    assert_eq!(tell(&mut model, 2, Vec::new(), NOW), ask(3));
    assert_eq!(tell(&mut model, 3, vec![sample::approval("a")], NOW), []);
    assert_eq!(ids(&model), ["a"]);
    // While the feed tells, nobody asks.
    assert_eq!(update(&mut model, Msg::Tick, NOW + 10_000), []);
    let failed = Err(Trouble::Unreadable);
    update(&mut model, Msg::Refresh, NOW + 10_000);
    update(
        &mut model,
        Msg::Answered(Answered::Approvals(4, failed)),
        NOW + 10_000,
    );
    assert_eq!(ids(&model), ["a"]);
    assert_eq!(update(&mut model, Msg::Tick, NOW + 20_000), ask(5));
}

#[test]
fn a_server_that_knows_no_requests_is_not_asked_again() {
    let mut model = Model::new(Surroundings::default());
    update(&mut model, Msg::Start, NOW);
    let old = Err(refused(Code::NotFound));
    update(&mut model, Msg::Answered(Answered::Approvals(1, old)), NOW);
    let effects = update(&mut model, Msg::Tick, NOW + 10_000);
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Call(Call::Approvals(_))))
    );
}

#[test]
fn each_server_counts_for_itself_so_that_each_new_link_asks() {
    let mut model = asked(Vec::new());
    let hello = || {
        Msg::Link(Heard::Hello {
            protocol: 1,
            open: true,
        })
    };
    let snapshot = || {
        Msg::Link(Heard::Snapshot(News {
            at: NOW,
            rows: Vec::new(),
            gone: Vec::new(),
            acting: Vec::new(),
            approvals_rev: 1,
        }))
    };
    let ask = |number| Effect::Call(Call::Approvals(number));
    update(&mut model, hello(), NOW);
    assert!(update(&mut model, snapshot(), NOW).contains(&ask(2)));
    tell(&mut model, 2, vec![sample::approval("a")], NOW);
    update(&mut model, Msg::Link(Heard::Closed), NOW);
    update(&mut model, Msg::Wake, NOW);
    update(&mut model, hello(), NOW);
    // It found two at its first look, and counts that as one change.
    assert!(update(&mut model, snapshot(), NOW).contains(&ask(3)));
}
