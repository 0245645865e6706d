//! Lines that are rare, or that need another one before them.

use super::*;

pub(super) const PROMPT: &str =
    r#"{"type":"user","timestamp":"2026-01-01T00:00:00.000Z","message":{"content":"go"}}"#;

pub(super) fn call(message: &str, id: &str) -> String {
    format!(
        r#"{{"type":"assistant","message":{{"id":"{message}","stop_reason":null,"content":[{{"type":"tool_use","id":"{id}","name":"Bash","input":{{"command":"{id}"}}}}]}}}}"#
    )
}

pub(super) fn text(message: &str, reason: &str, words: &str) -> String {
    format!(
        r#"{{"type":"assistant","message":{{"id":"{message}","stop_reason":{reason},"content":[{{"type":"text","text":"{words}"}}]}}}}"#
    )
}

fn result(id: &str) -> String {
    format!(
        r#"{{"type":"user","message":{{"content":[{{"type":"tool_result","tool_use_id":"{id}","content":"x"}}]}}}}"#
    )
}

pub(super) fn user(fields: &str, words: &str) -> String {
    format!(
        r#"{{"type":"user",{fields}"message":{{"content":[{{"type":"text","text":"{words}"}}]}}}}"#
    )
}

fn system(subtype: &str) -> String {
    format!(r#"{{"type":"system","subtype":"{subtype}","compactMetadata":{{"trigger":"auto"}}}}"#)
}

pub(super) fn after(lines: &[&str]) -> Tail {
    fold(lines.join("\n").as_bytes())
}

pub(super) fn turn(lines: &[&str]) -> Turn {
    after(lines).turn()
}

pub(super) fn open(lines: &[&str]) -> Vec<String> {
    after(lines)
        .open()
        .iter()
        .map(|tool| tool.id.clone())
        .collect()
}

#[test]
fn parallel_calls_are_open_until_each_has_its_result() {
    let (a, b) = (call("m", "a"), call("m", "b"));
    assert_eq!(open(&[PROMPT, &a, &b]), ["a", "b"]);
    assert_eq!(open(&[PROMPT, &a, &b, &result("a")]), ["b"]);
    assert_eq!(turn(&[PROMPT, &a, &b, &result("a")]), Turn::Tools);
    assert_eq!(
        turn(&[PROMPT, &a, &b, &result("b"), &result("a")]),
        Turn::Model
    );
    // A call may be answered before the next one is written.
    assert_eq!(open(&[PROMPT, &a, &result("a"), &b]), ["b"]);
    // The same line twice.
    assert_eq!(open(&[PROMPT, &a, &a]), ["a"]);
}

#[test]
fn a_result_of_an_unknown_call_is_the_models_move_unless_the_turn_has_ended() {
    assert_eq!(turn(&[&result("x")]), Turn::Model);
    assert_eq!(turn(&[PROMPT, &call("m", "a"), &result("x")]), Turn::Tools);
    let interrupted = user("", "[Request interrupted by user for tool use]");
    assert_eq!(
        turn(&[PROMPT, &call("m", "a"), &interrupted, &result("a")]),
        Turn::Interrupted
    );
    assert_eq!(
        turn(&[PROMPT, &text("m", r#""end_turn""#, "x"), &result("a")]),
        Turn::Done
    );
}

#[test]
fn calls_without_a_result_end_with_the_next_answer_or_prompt() {
    let a = call("m", "a");
    assert_eq!(open(&[PROMPT, &a, &call("n", "b")]), ["b"]);
    assert_eq!(turn(&[PROMPT, &a, PROMPT]), Turn::Model);
    assert!(open(&[PROMPT, &a, PROMPT]).is_empty());
}

#[test]
fn the_reason_tells_whether_an_answer_is_finished() {
    for (reason, expected) in [
        (r#""end_turn""#, Turn::Done),
        (r#""stop_sequence""#, Turn::Done),
        (r#""max_tokens""#, Turn::Done),
        (r#""refusal""#, Turn::Done),
        (r#""of_the_future""#, Turn::Done),
        (r#""tool_use""#, Turn::Model),
        (r#""pause_turn""#, Turn::Model),
        ("null", Turn::Done),
    ] {
        let tail = after(&[PROMPT, &text("m", reason, "x")]);
        assert_eq!(tail.turn(), expected, "{reason}");
        assert_eq!(tail.is_unstated(), reason == "null", "{reason}");
    }
    let ended = after(&[PROMPT, &text("m", "null", "x"), &system("turn_duration")]);
    assert!(ended.turn() == Turn::Done && !ended.is_unstated());
    let thinking = r#"{"type":"assistant","message":{"id":"m","content":[{"type":"thinking"}]}}"#;
    assert_eq!(turn(&[PROMPT, thinking]), Turn::Model);
    assert_eq!(
        turn(&[PROMPT, &text("m", "null", "x"), &call("m", "a")]),
        Turn::Tools
    );
}

#[test]
fn an_error_of_the_api_ends_the_turn() {
    let failed = r#"{"type":"assistant","isApiErrorMessage":true,"message":{"id":"m","stop_reason":"stop_sequence","content":[{"type":"text","text":"API Error: 500"}]}}"#;
    assert_eq!(turn(&[PROMPT, failed]), Turn::Failed);
    assert_eq!(
        turn(&[PROMPT, failed, &system("turn_duration")]),
        Turn::Failed
    );
    assert_eq!(turn(&[PROMPT, failed, PROMPT]), Turn::Model);
    // Those of the attempts are written much later, among lines of the next turn.
    assert_eq!(turn(&[PROMPT, failed, &system("api_error")]), Turn::Failed);
}

#[test]
fn what_is_hidden_counts_only_where_the_model_answers_it() {
    let done = text("m", r#""end_turn""#, "x");
    let meta = |words| user(r#""isMeta":true,"#, words);
    for (line, expected) in [
        (meta("<local-command-caveat>x"), Turn::Done),
        (meta("<system-reminder>x"), Turn::Done),
        (meta("Stop hook feedback:\\n- not yet"), Turn::Model),
        (
            user(r#""isMeta":true,"promptSource":"system","#, "wake up"),
            Turn::Model,
        ),
        (user(r#""isCompactSummary":true,"#, "x"), Turn::Done),
        (user("", "<command-name>/model</command-name>"), Turn::Done),
        (user("", "<local-command-stdout>x"), Turn::Done),
        (user("", "<bash-input>ls</bash-input>"), Turn::Done),
        (user("", "<task-notification>x"), Turn::Model),
        (user("", ""), Turn::Done),
        (user(r#""isSidechain":true,"#, "x"), Turn::Done),
        (user("", "[Request interrupted by user]"), Turn::Interrupted),
        (system("away_summary"), Turn::Done),
        (system("stop_hook_summary"), Turn::Done),
        (system("compact_boundary"), Turn::Done),
        (
            r#"{"type":"queue-operation","operation":"enqueue","content":"x"}"#.to_owned(),
            Turn::Done,
        ),
        (
            r#"{"type":"attachment","attachment":{"type":"hook_success"}}"#.to_owned(),
            Turn::Done,
        ),
        (r#"{"type":"of-the-future"}"#.to_owned(), Turn::Done),
    ] {
        assert_eq!(turn(&[PROMPT, &done, &line]), expected, "{line}");
    }
    let image = r#"{"type":"user","message":{"content":[{"type":"image"}]}}"#;
    assert_eq!(turn(&[image]), Turn::Model);
}

#[test]
fn a_compaction_that_nobody_asked_for_is_within_a_turn() {
    let boundary = system("compact_boundary");
    assert_eq!(turn(&[PROMPT, &boundary]), Turn::Model);
    assert_eq!(
        turn(&[PROMPT, &call("m", "a"), &result("a"), &boundary]),
        Turn::Model
    );
    let asked = boundary.replace("auto", "manual");
    let question = text("m", r#""end_turn""#, "Shall I?");
    let tail = after(&[PROMPT, &question, &asked]);
    assert_eq!((tail.turn(), tail.question()), (Turn::Done, None));
}

#[test]
fn a_limit_on_turns_or_a_hook_ends_one() {
    for kind in ["max_turns_reached", "hook_stopped_continuation"] {
        let line = format!(r#"{{"type":"attachment","attachment":{{"type":"{kind}"}}}}"#);
        assert_eq!(
            turn(&[PROMPT, &call("m", "a"), &result("a"), &line]),
            Turn::Done
        );
    }
}

#[test]
fn only_a_finished_answer_asks_in_plain_text() {
    let asking = text("m", r#""end_turn""#, "Done. Shall I push?");
    let asked = after(&[PROMPT, &asking]);
    assert_eq!(asked.question().unwrap().subject(), "Done. Shall I push?");
    assert_eq!(asked.last_text(), Some("Done. Shall I push?"));
    assert_eq!(after(&[PROMPT, &asking, PROMPT]).question(), None);
    assert_eq!(
        after(&[PROMPT, &asking, &text("n", r#""end_turn""#, "No.")]).question(),
        None
    );
    let calling = text("m", r#""tool_use""#, "Shall we?");
    assert_eq!(after(&[PROMPT, &calling, &call("m", "a")]).question(), None);
    let silent =
        r#"{"type":"assistant","message":{"id":"n","stop_reason":"end_turn","content":[]}}"#;
    assert_eq!(
        after(&[PROMPT, &calling, &call("m", "a"), &result("a"), silent]).question(),
        None
    );
}

#[test]
fn times_are_those_of_the_lines_that_counted() {
    let at = |second: u64, line: &str| {
        line.replacen(
            '{',
            &format!(r#"{{"timestamp":"2026-01-01T00:00:{second:02}.5+00:00","#),
            1,
        )
    };
    let start = 1_767_225_600_000;
    let prompt = PROMPT.replace("00.000Z", "01.250Z");
    let working = [
        prompt.clone(),
        at(2, &call("m", "a")),
        at(9, &system("away_summary")),
    ]
    .join("\n");
    let tail = fold(working.as_bytes());
    assert_eq!(tail.since(), Some(UnixMillis(start + 1_250)));
    assert_eq!(tail.at(), Some(UnixMillis(start + 2_500)));
    assert_eq!(tail.open()[0].at, tail.at());
    let done = [
        working,
        at(4, &text("n", r#""end_turn""#, "x")),
        at(5, &system("turn_duration")),
    ]
    .join("\n");
    let tail = fold(done.as_bytes());
    assert_eq!(tail.since(), Some(UnixMillis(start + 4_500)));
    assert_eq!(tail.at(), Some(UnixMillis(start + 5_500)));
    assert_eq!(after(&[&result("a")]).since(), None);
    let odd = PROMPT.replace("2026-01-01", "1926-01-01");
    assert_eq!(after(&[&odd]).at(), None);
}

#[test]
fn a_prompt_that_is_written_behind_its_answer_does_not_begin_a_turn() {
    let answer =
        text("m", r#""end_turn""#, "x").replacen('{', r#"{"timestamp":"2026-01-01T00:03:00Z","#, 1);
    let tail = after(&[&answer, PROMPT]);
    assert_eq!(tail.turn(), Turn::Done);
    // Only a file's first one is.
    assert_eq!(turn(&[PROMPT, &answer, PROMPT]), Turn::Model);
}

#[test]
fn background_tasks_are_known_until_a_notification_ends_them() {
    let started = |fields: &str| {
        format!(
            r#"{{"type":"user","message":{{"content":[{{"type":"tool_result","tool_use_id":"a"}}]}},"toolUseResult":{{{fields}}}}}"#
        )
    };
    let agent = started(r#""isAsync":true,"agentId":"g1""#);
    let shell = started(r#""backgroundTaskId":"s1""#);
    let notified = |id: &str, rest: &str| {
        format!(
            r#"{{"type":"queue-operation","operation":"enqueue","content":"<task-notification>\n<task-id>{id}</task-id>\n{rest}</task-notification>"}}"#
        )
    };
    let tasks = |lines: &[&str]| {
        let tail = after(lines);
        tail.background()
            .tasks()
            .iter()
            .map(|task| task.id.clone())
            .collect::<Vec<_>>()
    };
    let completed = "<status>completed</status>";
    assert_eq!(tasks(&[&agent, &shell]), ["g1", "s1"]);
    assert_eq!(tasks(&[&agent, &agent]), ["g1"]);
    assert_eq!(tasks(&[&agent, &shell, &notified("g1", completed)]), ["s1"]);
    assert_eq!(tasks(&[&agent, &shell, &notified("s1", completed)]), ["g1"]);
    assert_eq!(tasks(&[&agent, &notified("g1", "")]), ["g1"]);
    // The end of a turn says how many agents are left.
    let left = r#"{"type":"system","subtype":"turn_duration","pendingBackgroundAgentCount":1}"#;
    assert_eq!(tasks(&[&agent, &shell, left]), ["g1", "s1"]);
    assert_eq!(tasks(&[&agent, &shell, &system("turn_duration")]), ["s1"]);
    // One that the call waited for.
    assert!(tasks(&[&started(r#""isAsync":false,"agentId":"g1""#)]).is_empty());
    let many: Vec<String> = (0..1_000)
        .map(|number| shell.replace("s1", &number.to_string()))
        .collect();
    assert_eq!(
        fold(many.join("\n").as_bytes()).background().tasks().len(),
        64
    );
}

#[test]
fn results_alone_do_not_tell_where_the_turn_stands() {
    assert!(!after(&[&result("a")]).is_anchored());
    assert!(after(&[&result("a"), &call("m", "b")]).is_anchored());
    assert!(after(&[PROMPT]).is_anchored());
    assert!(after(&[&system("turn_duration")]).is_anchored());
    assert!(!Tail::new().is_anchored());
}

#[test]
fn what_is_kept_is_bounded() {
    let calls: Vec<String> = (0..1_000)
        .map(|number| call("m", &format!("id{number}")))
        .collect();
    let tail = fold(calls.join("\n").as_bytes());
    assert_eq!(tail.open().len(), OPEN_LIMIT);
    assert_eq!(tail.open()[OPEN_LIMIT - 1].id, "id999");
    let long = "x".repeat(100_000);
    let tail = after(&[&call(&long, &long)]);
    assert_eq!(tail.open()[0].id.len(), ID_LIMIT);
    assert_eq!(turn(&[&call("m", &long), &result(&long)]), Turn::Model);
    assert_eq!(open(&[&call(&long, "a"), &call(&long, "b")]), ["a", "b"]);
    assert_eq!(
        after(&[&text("m", "null", &long)])
            .last_text()
            .unwrap()
            .len(),
        TEXT_LIMIT
    );
}

#[test]
fn fields_of_an_unexpected_type_count_as_absent() {
    let line = r#"{"type":"assistant","timestamp":7,"isSidechain":"x","message":{"id":[],"stop_reason":{},"content":[1,{"type":"tool_use","id":"a","name":"Bash"},{"type":"tool_use","id":7,"name":[],"input":1}]},"compactMetadata":1,"attachment":[]}"#;
    assert_eq!(open(&[line]), ["a"]);
    for torn in [
        r#"{"type":"user","message":{"content":"x"#,
        "\0\0",
        "null",
        "[]",
        "",
    ] {
        assert_eq!(after(&[torn]), Tail::new());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        fold(&bytes);
    }

    #[test]
    fn any_order_of_lines_keeps_calls_and_turn_together(picks in proptest::collection::vec(0..9usize, 0..40)) {
        let kinds = [
            PROMPT.to_owned(),
            call("m", "a"),
            call("m", "b"),
            call("n", "c"),
            result("a"),
            result("c"),
            text("n", r#""end_turn""#, "Shall I?"),
            user("", "[Request interrupted by user]"),
            system("turn_duration"),
        ];
        let lines: Vec<&str> = picks.iter().map(|pick| kinds[*pick].as_str()).collect();
        let tail = after(&lines);
        prop_assert_eq!(tail.turn() == Turn::Tools, !tail.open().is_empty());
        prop_assert!(tail.question().is_none() || tail.turn() == Turn::Done);
    }
}
