//! Requests that a person or a rule decides.

use super::*;

#[tokio::test]
async fn what_is_asked_is_told_whole_and_decided_once() {
    let desk = TestDesk::open(PATIENCE);
    let mut changed = desk.desk.changed();
    let (mut line, approval) = desk.ask(asking("ls")).await;
    assert!(changed.has_changed().unwrap());
    changed.mark_unchanged();
    assert_eq!(line.hear().await, Some(Told::Wait { millis: 20_000 }));
    assert_eq!(approval.input, json!({ "command": "ls" }));
    assert_eq!(approval.until, Some(approval.at + 20_000));
    assert_eq!(approval.source, wire::ApprovalSource::Hook);
    let target = desk.desk.target(&approval.id).unwrap();
    assert_eq!(target.session_id, Some(approval.session_id.clone()));

    let other: SessionId = "607b503a-f1d9".parse().unwrap();
    let refused = desk.desk.decide(&approval.id, &other, allow()).await;
    assert_eq!(refused.unwrap_err().code, wire::Code::NoApproval);
    let refused = desk
        .decide(&approval, Verdict::new(DecisionOutcome::Unknown))
        .await;
    assert_eq!(refused.unwrap_err().code, wire::Code::BadRequest);
    assert_eq!(desk.ids(), std::slice::from_ref(&approval.id));

    let (decided, told) = tokio::join!(desk.decide(&approval, deny("no")), async {
        let told = line.hear().await;
        line.say(&Said::Delivered).await;
        told
    });
    decided.unwrap();
    let Some(Told::Decided { output }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(
        *decision(&output),
        json!({ "behavior": "deny", "message": "no" })
    );
    assert!(changed.has_changed().unwrap());
    let again = desk.decide(&approval, allow()).await.unwrap_err();
    assert_eq!(again.code, wire::Code::Decided);
    assert!(again.sentence.contains("denied"), "{again}");
    assert!(desk.desk.knows(&approval.id));
}

#[tokio::test]
async fn another_process_lists_and_decides() {
    let desk = TestDesk::open(PATIENCE);
    let (mut line, approval) = desk.ask(asking("ls")).await;
    let home = desk.path();
    assert_eq!(elsewhere::open(home).await, std::slice::from_ref(&approval));
    let (id, session) = (&approval.id, &approval.session_id);
    let refused = elsewhere::decide(home, id, session, Verdict::new(DecisionOutcome::Unknown));
    assert_eq!(
        refused.await.unwrap().unwrap_err().code,
        wire::Code::BadRequest
    );
    let (decided, ()) = tokio::join!(elsewhere::decide(home, id, session, deny("no")), async {
        assert!(matches!(line.verdict().await, Some(Told::Decided { .. })));
        line.say(&Said::Delivered).await;
    });
    decided.unwrap().unwrap();
    assert_eq!(elsewhere::decide(home, id, session, allow()).await, None);
    assert!(elsewhere::open(home).await.is_empty());
}

#[tokio::test]
async fn a_rule_decides_before_anybody_is_asked() {
    let desk = TestDesk::open(PATIENCE);
    *desk.rule.lock().unwrap() = Some(Ruled {
        verdict: deny("not here"),
        rule: "rule r1".to_owned(),
    });
    let home = desk.path();
    let ls = payload(SESSION, "Bash", &json!({ "command": "ls" }));
    let output = printed(hook(home, &ls, &[]).await).await.unwrap();
    assert_eq!(decision(&output)["message"], "not here");
    let audited = until("the log has it", || {
        Some(desk.audited()).filter(|log| !log.is_empty())
    });
    assert_eq!(audited.await, [("deny".to_owned(), "rule r1".to_owned())]);

    // It has no answers.
    *desk.rule.lock().unwrap() = Some(Ruled {
        verdict: allow(),
        rule: "rule r2".to_owned(),
    });
    let question = json!({ "questions": [{ "question": "Which?" }] });
    let _hook = hook(home, &payload(SESSION, "AskUserQuestion", &question), &[]).await;
    until("a person is asked", || desk.desk.open().into_iter().next()).await;
}
