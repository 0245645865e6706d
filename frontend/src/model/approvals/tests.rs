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

#[test]
fn questions_are_answered_by_their_labels_or_in_words() {
    let mut model = asked(vec![sample::asks("q")]);
    let choose = |question, option, chosen| {
        Step::Draft(Change::Choose {
            question,
            option,
            chosen,
        })
    };
    let words = |text: &str| Step::Draft(Change::Words(1, text.to_owned()));
    press(&mut model, "q", choose(0, 0, true));
    press(&mut model, "q", choose(0, 1, true));
    // The other question has no answer yet.
    assert_eq!(press(&mut model, "q", Step::Allow), None);
    press(&mut model, "q", choose(1, 1, true));
    press(&mut model, "q", choose(1, 0, true));
    press(&mut model, "q", words(" the docs "));
    // What no rule can answer has no "always".
    press(&mut model, "q", Step::Draft(Change::Rule(true)));
    assert_eq!(
        press(&mut model, "q", Step::Always(DecisionOutcome::Allow)),
        None
    );
    let body = press(&mut model, "q", Step::Allow).unwrap();
    let answers: Vec<(&str, &str)> = body
        .answers
        .iter()
        .map(|(question, answer)| (question.as_str(), answer.as_str()))
        .collect();
    assert_eq!(
        answers,
        [
            ("Which colour?", "Blue"),
            ("Which parts?", "Lexer, Parser, the docs")
        ]
    );
}

#[test]
fn words_of_ones_own_take_the_place_of_the_one_option() {
    let mut model = asked(vec![sample::asks("q")]);
    let change = |change| Step::Draft(change);
    press(
        &mut model,
        "q",
        change(Change::Choose {
            question: 0,
            option: 0,
            chosen: true,
        }),
    );
    press(
        &mut model,
        "q",
        change(Change::Words(0, "Green".to_owned())),
    );
    press(
        &mut model,
        "q",
        change(Change::Choose {
            question: 1,
            option: 0,
            chosen: true,
        }),
    );
    let body = press(&mut model, "q", Step::Allow).unwrap();
    assert_eq!(body.answers["Which colour?"], "Green");
    // Refusing to answer needs none.
    let mut model = asked(vec![sample::asks("q")]);
    let body = press(&mut model, "q", Step::Deny).unwrap();
    assert!(body.answers.is_empty());
}

#[test]
fn a_plan_is_approved_with_a_mode_or_sent_back_with_a_reason() {
    let mut model = asked(vec![sample::plans("p")]);
    let body = press(&mut model, "p", Step::AllowIn("acceptEdits")).unwrap();
    assert_eq!(body.permission_mode.as_deref(), Some("acceptEdits"));
    let mut model = asked(vec![sample::plans("p")]);
    let why = Change::Reason("Test first.".to_owned());
    press(&mut model, "p", Step::Draft(why));
    let body = press(&mut model, "p", Step::Deny).unwrap();
    assert_eq!(
        (body.decision, body.reason.as_deref(), body.permission_mode),
        (DecisionOutcome::Deny, Some("Test first."), None)
    );
}

#[test]
fn a_rule_is_about_exactly_this_until_it_is_edited() {
    let always = |changes: Vec<Change>, outcome| {
        let mut model = asked(vec![sample::approval("a")]);
        model.surroundings.zone_min = 120;
        press(&mut model, "a", Step::Draft(Change::Rule(true)));
        for change in changes {
            press(&mut model, "a", Step::Draft(change));
        }
        press(&mut model, "a", Step::Always(outcome)).map(|body| {
            assert_eq!(body.decision, outcome);
            body.always.unwrap()
        })
    };
    let dir = "/home/ada/work/parser".to_owned();
    let rule = always(Vec::new(), DecisionOutcome::Allow).unwrap();
    assert_eq!(
        (rule.scope, rule.pattern),
        (RuleScope::Project { dir }, None)
    );
    assert_eq!(rule.expires_at, Some(1_790_028_000_000));
    let changes = vec![
        Change::Whose(Whose::All),
        Change::Pattern("cargo *".to_owned()),
        Change::Until(Until::Good),
    ];
    let rule = always(changes, DecisionOutcome::Deny).unwrap();
    assert_eq!(
        (rule.scope, rule.pattern.as_deref(), rule.expires_at),
        (RuleScope::All, Some("cargo *"), None)
    );
    // A rule that says nothing would fit everything or nothing.
    let changes = vec![Change::Pattern(" ".to_owned())];
    assert_eq!(always(changes, DecisionOutcome::Allow), None);
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

#[test]
fn what_was_not_shown_whole_is_not_allowed() {
    let lines =
        |count: usize| serde_json::json!({"file_path": "/a", "content": "x\n".repeat(count)});
    let long = |tool: &str, input| Approval {
        tool: tool.to_owned(),
        input,
        ..sample::approval("a")
    };
    let command = serde_json::json!({"command": "x".repeat(30_000)});
    for approval in [long("Bash", command), long("Write", lines(500))] {
        let mut model = asked(vec![approval.clone()]);
        assert_eq!(press(&mut model, "a", Step::Allow), None);
        press(&mut model, "a", Step::Draft(Change::Rule(true)));
        let always = Step::Always(DecisionOutcome::Allow);
        assert_eq!(press(&mut model, "a", always), None);
        assert_eq!(ids(&model), ["a"]);
        assert!(press(&mut model, "a", Step::Deny).is_some());
    }
    let mut model = asked(vec![long("Write", lines(300))]);
    assert!(press(&mut model, "a", Step::Allow).is_some());
}
