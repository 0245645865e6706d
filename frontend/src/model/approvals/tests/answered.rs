//! What is said to a request: answers, modes, reasons and rules.

use super::*;

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
