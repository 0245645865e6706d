use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const START: &[u8] = include_bytes!("../../testdata/hooks/session-start-2.1.329.json");
const PROMPT: &[u8] = include_bytes!("../../testdata/hooks/user-prompt-submit-2.1.329.json");
const ASK: &[u8] = include_bytes!("../../testdata/hooks/permission-request-bash-2.1.329.json");
const DONE: &[u8] = include_bytes!("../../testdata/hooks/post-tool-use-bash-2.1.329.json");
const NOTICE: &[u8] =
    include_bytes!("../../testdata/hooks/notification-permission-prompt-2.1.329.json");
const QUESTION: &[u8] =
    include_bytes!("../../testdata/hooks/permission-request-question-2.1.329.json");
const ANSWERED: &[u8] = include_bytes!("../../testdata/hooks/post-tool-use-question-2.1.329.json");
const STOP: &[u8] = include_bytes!("../../testdata/hooks/stop-2.1.329.json");
const END: &[u8] = include_bytes!("../../testdata/hooks/session-end-clear-2.1.329.json");
const FAILED: &[u8] =
    include_bytes!("../../testdata/hooks/post-tool-use-failure-bash-2.1.329.json");

const CAPTURED: [&[u8]; 10] = [
    START, PROMPT, ASK, DONE, NOTICE, QUESTION, ANSWERED, STOP, END, FAILED,
];

/// The report after these payloads, which came with a second between them.
fn after(payloads: &[&[u8]]) -> Option<Report> {
    let timed = (1000..).step_by(1000).zip(payloads);
    timed.fold(None, |known, (at, payload)| {
        Report::of_payload(payload, UnixMillis(at), known.as_ref()).or(known)
    })
}

fn asked_after(payloads: &[&[u8]]) -> Option<String> {
    after(payloads)?.asked.map(|asked| asked.tool)
}

/// A payload of the captured session with other members.
fn payload(members: &str) -> Vec<u8> {
    format!(r#"{{"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30",{members}}}"#).into_bytes()
}

fn ask_of(agent: &str, tool: &str) -> Vec<u8> {
    payload(&format!(
        r#""hook_event_name":"PermissionRequest","agent_id":"{agent}","tool_name":"{tool}","tool_input":{{}}"#
    ))
}

fn check(payloads: &[&[u8]], expected: Expect) {
    expected.assert_eq(&after(payloads).unwrap().render());
}

#[test]
fn captured_payloads_become_one_report() {
    check(
        &[START],
        expect![[r#"
        {"version":1,"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30","event":"SessionStart","at":1000,"cwd":"/home/dev/work/p1","transcript_path":"/home/dev/.claude/projects/-home-dev-work-p1/0bbf4eb8-832b-4ee0-81ee-71daf226ca30.jsonl","reason":"startup","asked":[]}
    "#]],
    );
    check(
        &[START, PROMPT, ASK],
        expect![[r#"
        {"version":1,"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30","event":"PermissionRequest","at":3000,"cwd":"/home/dev/work/p1","transcript_path":"/home/dev/.claude/projects/-home-dev-work-p1/0bbf4eb8-832b-4ee0-81ee-71daf226ca30.jsonl","tool_name":"Bash","asked":[{"at":3000,"tool_name":"Bash","tool_input":{"command":"touch /home/dev/work/y1","description":"mock command"}}]}
    "#]],
    );
    check(
        &[START, PROMPT, ASK, DONE, STOP],
        expect![[r#"
        {"version":1,"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30","event":"Stop","at":5000,"cwd":"/home/dev/work/p1","transcript_path":"/home/dev/.claude/projects/-home-dev-work-p1/0bbf4eb8-832b-4ee0-81ee-71daf226ca30.jsonl","last_assistant_message":"after tool","asked":[]}
    "#]],
    );
    check(
        &[PROMPT, QUESTION, NOTICE],
        expect![[r#"
        {"version":1,"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30","event":"Notification","at":3000,"cwd":"/home/dev/work/p1","transcript_path":"/home/dev/.claude/projects/-home-dev-work-p1/0bbf4eb8-832b-4ee0-81ee-71daf226ca30.jsonl","notice":"permission","message":"Claude needs your permission","asked":[{"at":2000,"tool_name":"AskUserQuestion","tool_input":{"questions":[{"question":"Q?","header":"Pick","options":[{"label":"Red","description":"r"},{"label":"Blue","description":"b"}],"multiSelect":false}]}}]}
    "#]],
    );
    check(
        &[STOP, END],
        expect![[r#"
        {"version":1,"session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30","event":"SessionEnd","at":2000,"cwd":"/home/dev/work/p1","transcript_path":"/home/dev/.claude/projects/-home-dev-work-p1/0bbf4eb8-832b-4ee0-81ee-71daf226ca30.jsonl","reason":"clear","asked":[]}
    "#]],
    );
}

#[test]
fn what_is_asked_stays_until_it_is_answered() {
    assert_eq!(asked_after(&[PROMPT, ASK]).as_deref(), Some("Bash"));
    assert_eq!(asked_after(&[PROMPT, ASK, NOTICE]).as_deref(), Some("Bash"));
    for answer in [DONE, STOP, PROMPT, END] {
        assert_eq!(asked_after(&[PROMPT, ASK, answer]), None);
    }
    let failed = payload(r#""hook_event_name":"PostToolUseFailure","tool_name":"Bash""#);
    assert_eq!(asked_after(&[ASK, &failed]), None);
    // The answer is added to the input.
    assert_eq!(asked_after(&[QUESTION, ANSWERED]), None);
    // A tool that needed no permission ended beside it.
    assert_eq!(
        asked_after(&[QUESTION, DONE]).as_deref(),
        Some("AskUserQuestion")
    );
    // A refusal fires no hook; the next question shows that there was one.
    assert_eq!(asked_after(&[ASK, QUESTION, ANSWERED]), None);
}

#[test]
fn agents_are_asked_about_in_their_order() {
    let (write, fetch) = (ask_of("a1", "Write"), ask_of("a2", "WebFetch"));
    let both: [&[u8]; 2] = [&write, &fetch];
    let report = after(&both).unwrap();
    assert_eq!(report.asked.unwrap().tool, "Write");
    assert_eq!(report.asked_next[0].tool, "WebFetch");
    let written = payload(r#""hook_event_name":"PostToolUse","agent_id":"a1","tool_name":"Write""#);
    assert_eq!(
        asked_after(&[&write, &fetch, &written]).as_deref(),
        Some("WebFetch")
    );
    // The conversation's own end says nothing about its agents in the background.
    assert_eq!(
        asked_after(&[&write, &fetch, &written, STOP]).as_deref(),
        Some("WebFetch")
    );
    assert_eq!(asked_after(&[&write, &fetch, PROMPT]), None);
}

#[test]
fn an_event_that_comes_late_does_not_undo_a_newer_one() {
    let late = |payload, known: &Report| Report::of_payload(payload, UnixMillis(500), Some(known));
    let stopped = after(&[PROMPT, STOP]).unwrap();
    for payload in [PROMPT, ASK, DONE] {
        assert_eq!(late(payload, &stopped).as_ref(), Some(&stopped));
    }
    let asking = after(&[PROMPT, ASK]).unwrap();
    for payload in [PROMPT, DONE, STOP] {
        assert_eq!(late(payload, &asking).as_ref(), Some(&asking));
    }
    // But what it asks is not lost.
    let working = after(&[PROMPT, DONE]).unwrap();
    let both = late(QUESTION, &working).unwrap();
    assert_eq!((both.event, both.at), (working.event, working.at));
    assert_eq!(both.asked.unwrap().tool, "AskUserQuestion");
}

#[test]
fn what_says_nothing_about_the_state_makes_no_report() {
    let silent = [
        payload(r#""hook_event_name":"Notification","notification_type":"auth_success""#),
        payload(r#""hook_event_name":"Notification","message":"Hello""#),
        payload(r#""hook_event_name":"SessionStart","source":"compact""#),
        payload(r#""hook_event_name":"PreCompact""#),
        payload(r#""prompt":"no event""#),
        br#"{"hook_event_name":"Stop"}"#.to_vec(),
        br#"{"hook_event_name":"Stop","session_id":"../../etc/passwd"}"#.to_vec(),
        br#"{"hook_event_name":"Stop","session_id":["0bbf4eb8-832b-4ee0-81ee-71daf226ca30"]}"#
            .to_vec(),
        b"null".to_vec(),
        Vec::new(),
    ];
    for payload in silent {
        let text = String::from_utf8_lossy(&payload).into_owned();
        assert_eq!(after(&[&payload]), None, "{text}");
    }
}

#[test]
fn versions_without_a_type_of_notification_are_understood() {
    let said = |message: &str| {
        let payload = payload(&format!(
            r#""hook_event_name":"Notification","message":"{message}""#
        ));
        after(&[&payload]).unwrap().notice
    };
    assert_eq!(
        said("Claude needs your permission to use Bash"),
        Some(Notice::Permission)
    );
    assert_eq!(said("Claude is waiting for your input"), Some(Notice::Idle));
}

#[test]
fn another_session_s_report_is_no_previous_one() {
    let other = Report {
        session_id: SessionId::parse("607b503a-f1d9").unwrap(),
        ..after(&[ASK]).unwrap()
    };
    let report = Report::of_payload(NOTICE, UnixMillis(1), Some(&other)).unwrap();
    assert_eq!((report.at, report.asked), (UnixMillis(1), None));
}

#[test]
fn a_long_input_is_shortened_and_stays_json() {
    let content = "ä".repeat(200_000);
    let ask = payload(&format!(
        r#""hook_event_name":"PermissionRequest","tool_name":"Write","tool_input":{{"file_path":"/a","content":"{content}"}}"#
    ));
    let asked = after(&[&ask]).unwrap().asked.unwrap();
    assert!(asked.shortened);
    let input: Value = serde_json::from_str(&asked.input.unwrap()).unwrap();
    assert_eq!(input["file_path"], "/a");
    let kept = input["content"].as_str().unwrap();
    assert_eq!(kept.len(), 2048 + '…'.len_utf8());
}

#[test]
fn of_a_payload_that_is_too_long_the_beginning_counts() {
    let long = |before: &str| {
        let response = "x".repeat(2 * MAX_PAYLOAD);
        payload(&format!(
            r#"{before},"tool_response":"{response}","tool_name":"Write""#
        ))
    };
    let done = long(r#""hook_event_name":"PostToolUse","tool_name":"Bash""#);
    assert_eq!(asked_after(&[ASK, &done]), None);
    assert_eq!(after(&[&done]).unwrap().tool.as_deref(), Some("Bash"));
    assert_eq!(
        after(&[&long(r#""prompt":"the event's name is missing""#)]),
        None
    );
}

#[test]
fn a_file_of_another_version_or_shape_says_nothing() {
    let file = after(&[ASK]).unwrap().render();
    assert!(Report::parse(file.as_bytes()).is_some());
    for other in [
        file.replace(r#""version":1"#, r#""version":2"#),
        file.replace("PermissionRequest", "Later"),
        file.replace("0bbf4eb8", "../../.."),
        format!("{file}{file}"),
        "[]".to_owned(),
    ] {
        assert_eq!(Report::parse(other.as_bytes()), None, "{other}");
    }
    let odd = file.replace(r#""tool_name":"Bash""#, r#""tool_name":7"#);
    assert_eq!(
        Report::parse(odd.as_bytes()).unwrap().event,
        Event::PermissionRequest
    );
}

#[test]
fn a_text_that_was_cut_within_a_character_is_kept() {
    let stop = payload(r#""hook_event_name":"Stop","last_assistant_message":"crab \ud83e""#);
    let report = after(&[&stop]).unwrap();
    let message = report.last_assistant_message.as_deref();
    assert_eq!(message, Some("crab \u{fffd}"));
    assert_eq!(Report::parse(report.render().as_bytes()), Some(report));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Report::parse(&bytes).is_none());
        prop_assert!(Report::of_payload(&bytes, UnixMillis(1), None).is_none());
    }

    #[test]
    fn no_prefix_invents_a_report(which in 0..CAPTURED.len(), cut in 0..2000_usize) {
        let payload = CAPTURED[which].trim_ascii_end();
        let prefix = &payload[..cut.min(payload.len() - 1)];
        prop_assert_eq!(Report::of_payload(prefix, UnixMillis(1), None), None);
        let file = after(&[payload]).unwrap().render();
        let prefix = &file.as_bytes()[..cut.min(file.len() - 2)];
        prop_assert_eq!(Report::parse(prefix), None);
    }

    #[test]
    fn no_damage_makes_it_panic(
        which in 0..CAPTURED.len(),
        at in 0..600_usize,
        bytes in proptest::collection::vec(any::<u8>(), 0..12),
    ) {
        let payload = CAPTURED[which];
        let at = at.min(payload.len());
        let damaged = [&payload[..at], &bytes, &payload[(at + 3).min(payload.len())..]].concat();
        let report = Report::of_payload(&damaged, UnixMillis(1), None);
        prop_assert!(report.is_none_or(|report| Report::parse(report.render().as_bytes()) == Some(report)));
    }

    #[test]
    fn what_is_written_is_read_again(order in proptest::collection::vec(0..CAPTURED.len(), 1..6), text in ".{0,40}") {
        let payloads: Vec<_> = order.into_iter().map(|which| CAPTURED[which]).collect();
        let mut report = after(&payloads).unwrap();
        report.message = Some(text);
        report.process = Some(Ancestor {
            key: ProcessKey { pid: 7, start_ticks: 1 << 60 },
            namespace: "pid:[4026531836]".to_owned(),
        });
        prop_assert_eq!(Report::parse(report.render().as_bytes()), Some(report));
    }
}
