//! What a person says, and what is decided by it.

use clap::Parser;
use expect_test::{Expect, expect};
use serde_json::json;

use super::*;

#[derive(Debug, Parser)]
struct Words {
    #[command(flatten)]
    approve: ApproveArgs,
}

fn approvals() -> Approvals {
    serde_json::from_str(include_str!("../../../../wire/tests/golden/approvals.json")).unwrap()
}

fn questions() -> Ask {
    let question = |text: &str, labels: &[&str]| {
        let options: Vec<_> = labels
            .iter()
            .map(|label| json!({"label": label, "description": null}))
            .collect();
        json!({"question": text, "header": null, "multiSelect": false, "options": options})
    };
    let questions = [
        question("Which colour?", &["Red", "Blue"]),
        question("Is 1=1?", &["Yes"]),
    ];
    serde_json::from_value(json!({"type": "question", "questions": questions})).unwrap()
}

fn check(words: &[&str], ask: Option<Ask>, expected: &Expect) {
    let words = Words::try_parse_from(["approve", "0c1f"].iter().chain(words)).unwrap();
    let approvals = approvals();
    let approval = find(&approvals, "0c1f").unwrap().unwrap();
    let approval = Approval {
        ask: ask.unwrap_or_else(|| approval.ask.clone()),
        ..approval.clone()
    };
    let shown = match request(&words.approve, &approval) {
        Ok(request) => serde_json::to_string_pretty(&request).unwrap(),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&shown);
}

#[test]
fn nothing_is_decided_by_looking() {
    check(&[], None, &expect!["null"]);
}

#[test]
fn allow_deny_and_always() {
    check(
        &["--allow"],
        None,
        &expect![[r#"
        {
          "sessionId": "607b503a-f1d9-4125-9748-6f1933188683",
          "decision": "allow"
        }"#]],
    );
    check(
        &["--deny", "Not here."],
        None,
        &expect![[r#"
        {
          "sessionId": "607b503a-f1d9-4125-9748-6f1933188683",
          "decision": "deny",
          "reason": "Not here."
        }"#]],
    );
    check(
        &["--allow", "--always", "project"],
        None,
        &expect![[r#"
        {
          "sessionId": "607b503a-f1d9-4125-9748-6f1933188683",
          "decision": "allow",
          "always": {
            "scope": {
              "type": "project",
              "dir": "/home/dev/work/p1"
            }
          }
        }"#]],
    );
    check(
        &["--deny", "No.", "--always", "session"],
        None,
        &expect![[r#"
            {
              "sessionId": "607b503a-f1d9-4125-9748-6f1933188683",
              "decision": "deny",
              "reason": "No.",
              "always": {
                "scope": {
                  "type": "session",
                  "sessionId": "607b503a-f1d9-4125-9748-6f1933188683"
                }
              }
            }"#]],
    );
}

#[test]
fn questions_are_answered_by_number_or_text() {
    check(
        &["--answer", "1=Blue", "--answer", "Is 1=1?=Yes"],
        Some(questions()),
        &expect![[r#"
            {
              "sessionId": "607b503a-f1d9-4125-9748-6f1933188683",
              "decision": "allow",
              "answers": {
                "Is 1=1?": "Yes",
                "Which colour?": "Blue"
              }
            }"#]],
    );
    check(
        &["--answer", "1=Blue"],
        Some(questions()),
        &expect!["Question 2 has no answer; add --answer 2=...."],
    );
    check(
        &["--answer", "3=Blue"],
        Some(questions()),
        &expect![[
            r#""3=Blue" answers none of the questions; say --answer NUMBER=LABEL, as `session-manager approve ID` numbers them."#
        ]],
    );
    check(
        &["--answer", "1=x"],
        None,
        &expect!["This is no question; say --allow or --deny."],
    );
}

#[test]
fn one_verdict_and_only_with_an_id() {
    for words in [
        &["approve", "--allow"][..],
        &["approve", "--deny", "x"],
        &["approve", "r1", "--allow", "--deny", "x"],
        &["approve", "r1", "--deny"],
        &["approve", "r1", "--allow", "--always", "ever"],
        // Whoever says so believes that it is decided.
        &["approve", "r1", "--always", "session"],
        &["approve", "r1", "--mode", "plan"],
        &["approve", "r1", "--deny", "x", "--mode", "plan"],
    ] {
        assert!(Words::try_parse_from(words).is_err(), "{words:?}");
    }
}

#[test]
fn a_beginning_of_several_ids_names_none() {
    let mut approvals = approvals();
    let twin = Approval {
        id: "0c1f-other".parse().unwrap(),
        ..approvals.approvals[0].clone()
    };
    approvals.approvals.push(twin);
    let error = |said: &str| find(&approvals, said).unwrap_err().to_string();
    expect![
        "Several requests begin so; say which: 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e, 0c1f-other."
    ]
    .assert_eq(&error("0c1f"));
    assert_eq!(find(&approvals, "ffff").unwrap(), None);
    let found = find(&approvals, "0c1f-other").unwrap();
    assert_eq!(found.unwrap().id.as_str(), "0c1f-other");
}

#[test]
fn a_session_that_asks_one_thing_names_it() {
    let mut approvals = approvals();
    approvals.approvals.truncate(1);
    let one = approvals.approvals[0].clone();
    let session = || Ok(Who::Session(one.session_id.clone()));
    assert_eq!(of_session(&approvals, "tests", session()).unwrap(), &one);
    let error = |approvals: &Approvals, said: &str, who| {
        let error = of_session(approvals, said, who).unwrap_err();
        format!("{:?}: {error}", error.code())
    };
    let other = Ok(Who::Session("086ce0db".parse().unwrap()));
    expect!["NoApproval: quiet asks nothing, or not any more."]
        .assert_eq(&error(&approvals, "quiet", other));
    let nobody = || {
        Err(ServiceError::told(
            Code::BadRequest,
            "No session is called so.",
        ))
    };
    expect!["NoApproval: Nobody asks this, or not any more; `session-manager approve` lists what is asked."].assert_eq(&error(&approvals, "ffff", nobody()));
    expect!["BadRequest: 364 is too short for the beginning of a request's id; give at least 4 characters, or name the session that asks."].assert_eq(&error(&approvals, "364", nobody()));
    approvals.approvals.push(Approval {
        id: "0c1f-other".parse().unwrap(),
        ..one.clone()
    });
    expect!["BadRequest: tests asks several things; say which: 0c1f7a52-7d3b-4c57-b3f9-1d2a3b4c5d6e, 0c1f-other."].assert_eq(&error(&approvals, "tests", session()));
}

#[test]
fn what_does_not_fit_is_said_in_words_of_the_command_line() {
    check(
        &["--allow"],
        Some(questions()),
        &expect!["A question is answered, not only allowed; say --answer 1=LABEL."],
    );
    check(
        &["--allow", "--mode", "plan"],
        None,
        &expect!["A permission mode goes with a plan; leave --mode out."],
    );
}

#[test]
fn only_what_was_shown_is_allowed() {
    let approvals = approvals();
    let approval = find(&approvals, "0c1f").unwrap().unwrap();
    let refused = |words: &[&str]| {
        let words = Words::try_parse_from(["approve", "tests"].iter().chain(words)).unwrap();
        refuse_unseen(&words.approve.verdict, "tests", approval)
            .err()
            .map(|error| error.to_string())
    };
    for harmless in [&[][..], &["--deny", "No."]] {
        assert_eq!(refused(harmless), None);
    }
    for words in [&["--allow"][..], &["--answer", "1=Blue"]] {
        let sentence = refused(words).unwrap();
        let id = approval.id.to_string();
        let expected = sentence.contains(&id) && sentence.contains(&in_short(&approval.ask));
        assert!(expected, "{sentence}");
    }
}
