//! Approving a plan, and the permission mode that it goes on in.

use super::*;

/// A session that asks about its plan.
fn planned() -> Talk {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    hear(
        &mut talk,
        r#"{"type":"control_request","request_id":"p","request":{"subtype":"can_use_tool","tool_name":"ExitPlanMode","input":{"plan":"do it"},"tool_use_id":"t"}}"#,
    );
    assert_eq!(talk.now().state, State::WaitingPermission);
    talk
}

fn allow_in(talk: &mut Talk, mode: &str) -> Vec<Effect> {
    let what = Do::Decide {
        id: "p".parse().unwrap(),
        decision: DecisionOutcome::Allow,
        decided_by: DecidedBy::Person,
        reason: None,
        answers: std::collections::BTreeMap::new(),
        permission_mode: Some(mode.to_owned()),
    };
    talk.command(2, what, String::new(), 2)
}

/// The note of the one reply, which says that the plan was allowed.
fn note(effects: &[Effect]) -> Option<&str> {
    let [(2, Reply::Decided { outcome, note })] = replies(effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(*outcome, DecisionOutcome::Allow);
    note.as_deref()
}

fn noted(effects: &[Effect]) -> Vec<&str> {
    let mut notes = Vec::new();
    for effect in effects {
        if let Effect::Event(Event::Note { text, .. }) = effect {
            notes.push(text.as_str());
        }
    }
    notes
}

#[test]
fn a_plan_goes_on_in_the_mode_that_was_chosen() {
    let mut talk = planned();
    let effects = allow_in(&mut talk, "acceptEdits");
    assert_eq!(lines(&effects).len(), 2, "{effects:?}");
    assert_eq!(replies(&effects), []);
    let effects = hear(&mut talk, &answer("sm-2"));
    assert_eq!((note(&effects), noted(&effects)), (None, vec![]));
    assert_eq!(talk.now().permission_mode.as_deref(), Some("acceptEdits"));
}

#[test]
fn a_mode_that_does_not_exist_decides_nothing() {
    let mut talk = planned();
    let effects = allow_in(&mut talk, "nosuch");
    assert_eq!(refusal(&effects), Some(Code::BadRequest));
    assert_eq!(lines(&effects), [""; 0]);
    assert_eq!(talk.now().approvals.len(), 1);
}

#[test]
fn a_mode_that_claude_code_does_not_take_is_said() {
    let mut talk = planned();
    allow_in(&mut talk, "auto");
    // As 2.1.329 says it.
    let declined = r#"{"type":"control_response","response":{"subtype":"error","request_id":"sm-2","error":"Cannot set permission mode to auto: auto mode unavailable for this model","error_code":"auto_mode_model"}}"#;
    let effects = hear(&mut talk, declined);
    let said = note(&effects).unwrap();
    assert!(said.contains("unavailable for this model"), "{said}");
    assert_eq!(noted(&effects), [said]);

    let mut talk = planned();
    allow_in(&mut talk, "plan");
    let effects = talk.tick(2 + ANSWER_MS);
    let said = note(&effects).unwrap();
    assert_eq!(noted(&effects), [said]);

    let mut talk = planned();
    allow_in(&mut talk, "plan");
    let effects = talk.exited((Some(0), None), String::new(), 3);
    assert!(note(&effects).is_some());
    // The exit is the last event.
    assert_eq!(noted(&effects), [""; 0]);
}
