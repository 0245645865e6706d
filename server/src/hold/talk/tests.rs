//! Conversations that were captured with Claude Code (`core/testdata/stream`), and what becomes of them.

mod plan;
mod queue;

use wire::{DecidedBy, DecisionOutcome, HolderKind, RequestId};

use super::{super::protocol::Do, requests::ANSWER_MS, *};

fn talk() -> Talk {
    Talk::new(
        Now {
            session_id: "086ce0db-50b0-42a3-b30a-e82a2d9c2aac".parse().unwrap(),
            key: "7:11".parse().unwrap(),
            cwd: "/home/ada/work".to_owned(),
            name: None,
            state: State::Starting,
            since: 0,
            model: None,
            permission_mode: None,
            seq: 0,
            approvals: Vec::new(),
        },
        VecDeque::new(),
    )
}

/// A session that has answered for the first time.
fn ready() -> Talk {
    let mut talk = talk();
    talk.begin(1);
    let effects = hear(&mut talk, &answer("sm-1"));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Ready(_)))
    );
    assert_eq!(talk.now().state, State::Idle);
    talk
}

fn answer(id: &str) -> String {
    format!(
        r#"{{"type":"control_response","response":{{"subtype":"success","request_id":"{id}","response":{{}}}}}}"#
    )
}

fn asks(id: &str, command: &str) -> String {
    format!(
        r#"{{"type":"control_request","request_id":"{id}","request":{{"subtype":"can_use_tool","tool_name":"Bash","input":{{"command":"{command}"}},"tool_use_id":"t-{id}"}}}}"#
    )
}

fn hear(talk: &mut Talk, line: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for said in Said::parse(line.as_bytes()) {
        effects.extend(if let Said::CanUseTool(request) = said {
            talk.asked(request, Ruled::Ask, 2)
        } else {
            talk.said(said, 2)
        });
    }
    effects
}

fn message(talk: &mut Talk, number: u64, uuid: &str) -> Vec<Effect> {
    let what = Do::Message {
        text: "hello".to_owned(),
        uuid: Some(uuid.to_owned()),
    };
    talk.command(number, what, "unused".to_owned(), 2)
}

fn decide(talk: &mut Talk, number: u64, id: &str, decision: DecisionOutcome) -> Vec<Effect> {
    let what = Do::Decide {
        id: id.parse().unwrap(),
        decision,
        decided_by: DecidedBy::Person,
        reason: Some("not here".to_owned()),
        answers: std::collections::BTreeMap::new(),
        permission_mode: None,
    };
    talk.command(number, what, "unused".to_owned(), 2)
}

fn lines(effects: &[Effect]) -> Vec<&str> {
    let mut lines = Vec::new();
    for effect in effects {
        if let Effect::Say(line) = effect {
            lines.push(line.as_str());
        }
    }
    lines
}

fn replies(effects: &[Effect]) -> Vec<(u64, &Reply)> {
    let mut replies = Vec::new();
    for effect in effects {
        if let Effect::Reply(number, reply) = effect {
            replies.push((*number, reply));
        }
    }
    replies
}

fn refusal(effects: &[Effect]) -> Option<Code> {
    match replies(effects).first()?.1 {
        Reply::Refused { code, .. } => Some(*code),
        Reply::Done { .. } | Reply::Decided { .. } => None,
    }
}

#[test]
fn events_are_numbered_without_a_gap_whatever_is_said() {
    for (name, stream) in captures() {
        let mut talk = ready();
        let mut last = talk.now.seq;
        for line in stream.lines() {
            for effect in hear(&mut talk, line) {
                if let Effect::Event(event) = effect {
                    assert_eq!(event.seq(), last + 1, "{name}: {event:?}");
                    last = event.seq();
                }
            }
        }
        assert!(last > 2, "{name} says nothing");
        assert_eq!(talk.now().seq, last, "{name}");
    }
}

#[test]
fn every_approval_of_a_captured_session_is_decided_once() {
    for (name, stream) in captures() {
        let mut talk = ready();
        let mut effects = Vec::new();
        for line in stream.lines() {
            effects.extend(hear(&mut talk, line));
        }
        effects.extend(talk.exited((Some(0), None), String::new(), 3));
        let mut asked: Vec<&str> = Vec::new();
        let mut decided: Vec<&str> = Vec::new();
        for effect in &effects {
            if let Effect::Event(Event::Approval { request_id, .. }) = effect {
                asked.push(request_id);
            } else if let Effect::Event(Event::Decision { request_id, .. }) = effect {
                decided.push(request_id);
            }
        }
        asked.sort_unstable();
        decided.sort_unstable();
        assert_eq!(asked, decided, "{name}");
        assert_eq!(talk.now().approvals, [], "{name}");
    }
}

fn captures() -> Vec<(String, String)> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/core/testdata/stream");
    let entries = walkdir::WalkDir::new(dir).into_iter();
    let entries = entries.map(|entry| entry.unwrap().into_path());
    let captured = entries.filter(|path| path.extension().is_some_and(|it| it == "jsonl"));
    let captured: Vec<_> = captured
        .map(|path| {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            (path.display().to_string(), text)
        })
        .collect();
    assert!(captured.len() > 5, "{dir}");
    captured
}

#[test]
fn two_requests_keep_their_own_inputs_and_each_is_decided_once() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    hear(&mut talk, &asks("one", "touch x"));
    hear(&mut talk, &asks("two", "rm y"));
    assert_eq!(talk.now().state, State::WaitingPermission);
    let effects = decide(&mut talk, 2, "two", DecisionOutcome::Allow);
    let [line] = lines(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert!(
        line.contains("rm y") && line.contains(r#""two""#) && !line.contains("touch"),
        "{line}"
    );
    assert_eq!(
        refusal(&decide(&mut talk, 3, "two", DecisionOutcome::Deny)),
        Some(Code::Decided)
    );
    assert_eq!(
        refusal(&decide(&mut talk, 4, "three", DecisionOutcome::Deny)),
        Some(Code::NoApproval)
    );
    let effects = decide(&mut talk, 5, "one", DecisionOutcome::Deny);
    assert!(lines(&effects)[0].contains("not here"), "{effects:?}");
    assert_eq!(talk.now().state, State::Working);
}

#[test]
fn what_is_withdrawn_can_not_be_decided_any_more() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    hear(&mut talk, &asks("one", "touch x"));
    hear(
        &mut talk,
        r#"{"type":"control_cancel_request","request_id":"one"}"#,
    );
    let effects = decide(&mut talk, 2, "one", DecisionOutcome::Allow);
    assert_eq!(refusal(&effects), Some(Code::Decided));
    assert_eq!(lines(&effects), [""; 0]);
}

#[test]
fn a_question_needs_its_answer() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    hear(
        &mut talk,
        r#"{"type":"control_request","request_id":"q","request":{"subtype":"can_use_tool","tool_name":"AskUserQuestion","requires_user_interaction":true,"input":{"questions":[{"question":"Which?","header":"H","multiSelect":false,"options":[{"label":"Red","description":"r"},{"label":"Blue","description":"b"}]}]}}}"#,
    );
    assert_eq!(talk.now().state, State::WaitingInput);
    assert_eq!(
        refusal(&decide(&mut talk, 2, "q", DecisionOutcome::Allow)),
        Some(Code::BadRequest)
    );
    let what = Do::Decide {
        id: "q".parse::<RequestId>().unwrap(),
        decision: DecisionOutcome::Allow,
        decided_by: DecidedBy::Person,
        reason: None,
        answers: [("Which?".to_owned(), "Blue".to_owned())].into(),
        permission_mode: None,
    };
    let effects = talk.command(3, what, "unused".to_owned(), 2);
    assert!(
        lines(&effects)[0].contains(r#""answers":{"Which?":"Blue"}"#),
        "{effects:?}"
    );
}

#[test]
fn a_message_is_said_once_under_one_id() {
    let mut talk = ready();
    assert_eq!(lines(&message(&mut talk, 1, "u1")).len(), 1);
    let again = message(&mut talk, 2, "u1");
    assert_eq!(lines(&again), [""; 0]);
    let Reply::Done { outcome, .. } = replies(&again)[0].1 else {
        panic!("{again:?}");
    };
    assert_eq!(*outcome, DriveOutcome::AlreadySent);
}

#[test]
fn every_command_gets_one_reply_whatever_comes_between() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    let mut effects = talk.command(2, Do::Interrupt, String::new(), 2);
    let model = "opus".to_owned();
    effects.extend(talk.command(3, Do::Model { model }, String::new(), 2));
    effects.extend(talk.command(4, Do::Cancel, String::new(), 2));
    effects.extend(talk.command(5, Do::Cancel, String::new(), 2));
    effects.extend(message(&mut talk, 6, "u2"));
    effects.extend(talk.tick(2 + ANSWER_MS));
    effects.extend(talk.exited((Some(0), None), String::new(), 3));
    let mut numbers: Vec<u64> = replies(&effects)
        .iter()
        .map(|(number, _)| *number)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5, 6]);
    let closes = effects
        .iter()
        .filter(|effect| matches!(effect, Effect::Close));
    assert_eq!(closes.count(), 1);
}

#[test]
fn what_never_answers_is_hopeless_and_can_still_be_cancelled() {
    let mut talk = talk();
    talk.begin(1);
    assert_eq!(refusal(&message(&mut talk, 1, "u")), Some(Code::Ended));
    let late = talk.tick(1 + FIRST_ANSWER_MS);
    assert!(
        late.iter()
            .any(|effect| matches!(effect, Effect::Hopeless(_))),
        "{late:?}"
    );
    let cancelled = talk.command(2, Do::Cancel, String::new(), 2);
    assert!(matches!(cancelled[..], [Effect::Close]), "{cancelled:?}");
}

#[test]
fn a_rule_decides_at_once_and_says_so() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    let said = Said::parse(asks("one", "touch x").as_bytes()).remove(0);
    let Said::CanUseTool(request) = said else {
        panic!("{said:?}");
    };
    let rule = "r1".to_owned();
    let effects = talk.asked(request, Ruled::Allow { rule }, 2);
    let kind = |effect: &Effect| {
        if let Effect::Event(Event::Approval { .. }) = effect {
            "approval"
        } else if let Effect::Event(Event::Decision { by, .. }) = effect {
            assert_eq!(*by, DecidedBy::Rule);
            "decision"
        } else if let Effect::Say(_) = effect {
            "say"
        } else {
            "other"
        }
    };
    let kinds: Vec<&str> = effects.iter().map(kind).collect();
    // It is in the log before Claude Code is told.
    assert_eq!(kinds, ["approval", "decision", "say"]);
    assert_eq!(
        refusal(&decide(&mut talk, 2, "one", DecisionOutcome::Deny)),
        Some(Code::Decided)
    );
}

/// The kinds are the same on the wire as in the protocol of holders, which are older than the server now and then.
#[test]
fn a_later_command_is_refused_and_not_misread() {
    let later: Do = serde_json::from_str(r#"{"type":"dance","steps":3}"#).unwrap();
    assert_eq!(later, Do::Unknown);
    let effects = ready().command(1, later, String::new(), 2);
    assert_eq!(refusal(&effects), Some(Code::BadRequest));
    let kind: HolderKind = serde_json::from_str(r#""floating""#).unwrap();
    assert_eq!(kind, HolderKind::Unknown);
}

#[test]
fn each_question_needs_its_answer() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    let question = |text: &str| {
        format!(
            r#"{{"question":"{text}","header":"H","multiSelect":false,"options":[{{"label":"Red","description":"r"}}]}}"#
        )
    };
    let asked = format!(
        r#"{{"type":"control_request","request_id":"q","request":{{"subtype":"can_use_tool","tool_name":"AskUserQuestion","requires_user_interaction":true,"input":{{"questions":[{},{}]}}}}}}"#,
        question("Which?"),
        question("How many?"),
    );
    hear(&mut talk, &asked);
    let mut answer = |number, answers: &[&str]| {
        let answers = answers
            .iter()
            .map(|it| ((*it).to_owned(), "Red".to_owned()));
        let what = Do::Decide {
            id: "q".parse::<RequestId>().unwrap(),
            decision: DecisionOutcome::Allow,
            decided_by: DecidedBy::Person,
            reason: None,
            answers: answers.collect(),
            permission_mode: None,
        };
        talk.command(number, what, "unused".to_owned(), 2)
    };
    let effects = answer(2, &["Which?"]);
    let Reply::Refused { code, sentence } = replies(&effects)[0].1 else {
        panic!("{effects:?}");
    };
    assert_eq!(*code, Code::BadRequest);
    assert!(sentence.contains("How many?"), "{sentence}");
    // It is still open.
    assert_eq!(lines(&answer(3, &["How many?", "Which?"])).len(), 1);
}

#[test]
fn why_it_is_asked_is_not_what_is_asked() {
    let mut talk = ready();
    let said = |why: &str| {
        asks("one", "touch x").replace(
            r#""tool_use_id""#,
            &format!(r#""description":"touches x",{why}"tool_use_id""#),
        )
    };
    hear(&mut talk, &said(""));
    assert_eq!(talk.now().approvals[0].reason, None);
    let why = r#""decision_reason":"it writes outside","#;
    hear(&mut talk, &said(why).replace(r#""one""#, r#""two""#));
    let reason = talk.now().approvals[1].reason.clone();
    assert_eq!(reason.as_deref(), Some("it writes outside"));
}
