use std::fmt::Write;

use expect_test::{expect, expect_file};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::ask::Ask;

macro_rules! captured {
    ($name:literal) => {
        include_str!(concat!("../../testdata/stream/", $name, ".jsonl"))
    };
}

fn all(lines: &str) -> Vec<Said> {
    lines
        .lines()
        .flat_map(|line| Said::parse(line.as_bytes()))
        .collect()
}

/// One line for each thing said, without what every capture has anew.
fn told(said: &[Said]) -> String {
    let mut told = String::new();
    for said in said {
        match said {
            Said::Init(it) => writeln!(
                told,
                "init {} {} {} {} {} tools",
                it.model.as_deref().unwrap_or("-"),
                it.permission_mode.as_deref().unwrap_or("-"),
                it.version.as_deref().unwrap_or("-"),
                it.cwd.as_deref().unwrap_or("-"),
                it.tools,
            ),
            Said::User {
                origin,
                text,
                words,
                attachments,
                is_replay,
            } => writeln!(
                told,
                "user {} {words:?} {text:?} +{attachments}{}",
                whose(origin),
                if *is_replay { " replay" } else { "" }
            ),
            Said::Text {
                origin,
                text,
                answer,
            } => writeln!(told, "text {} {answer:?} {text:?}", whose(origin)),
            Said::Thinking { origin, text } => {
                writeln!(told, "thinking {} {text:?}", whose(origin))
            }
            Said::ToolUse(it) => writeln!(
                told,
                "use {} {} {} {}",
                whose(&it.origin),
                it.id,
                it.name,
                it.input.get()
            ),
            Said::ToolResult(it) => writeln!(
                told,
                "result {} {} {}{:?} +{}",
                whose(&it.origin),
                it.tool_use_id.as_deref().unwrap_or("-"),
                if it.is_error { "error " } else { "" },
                cut(&it.text, 60),
                it.attachments,
            ),
            Said::Spent {
                origin,
                model,
                stop_reason,
                usage,
            } => writeln!(
                told,
                "spent {} {model:?} {stop_reason:?} {:?}",
                whose(origin),
                usage.output
            ),
            Said::Delta(it) => writeln!(
                told,
                "  delta {} {} {:?}",
                it.message_id.as_deref().unwrap_or("-"),
                it.index
                    .map_or_else(|| "-".to_owned(), |index| index.to_string()),
                it.part
            ),
            Said::CanUseTool(it) => writeln!(
                told,
                "can use {} {} {}{}{} {:?}",
                it.tool_name,
                it.tool_use_id.as_deref().unwrap_or("-"),
                it.input.get(),
                if it.suggestions.is_some() {
                    " suggestions"
                } else {
                    ""
                },
                if it.needs_person { " person" } else { "" },
                it.blocked_path,
            ),
            Said::Answer(it) => writeln!(
                told,
                "answer {} {} {:?}",
                if it.request_id.len() == 36 {
                    "<ours>"
                } else {
                    &it.request_id
                },
                match &it.result {
                    Ok(raw) => cut(raw.get(), 60),
                    Err(text) => text,
                },
                it.error_code
            ),
            Said::Cancelled { .. } => writeln!(told, "cancelled"),
            Said::Result(it) => writeln!(
                told,
                "turn {} error={} {:?} {:?} {:?} turns={:?} {:?} denied={}",
                it.subtype.as_deref().unwrap_or("-"),
                it.is_error,
                it.text.as_deref().map(|text| cut(text, 60)),
                it.terminal_reason,
                it.api_error_status,
                it.num_turns,
                it.usage.output,
                it.permission_denials.len(),
            ),
            Said::Lifecycle { state, .. } => writeln!(told, "message {state:?}"),
            Said::Request { .. }
            | Said::Status { .. }
            | Said::Compacted { .. }
            | Said::Retry { .. }
            | Said::Title(_)
            | Said::Reset
            | Said::Other { .. }
            | Said::NotJson(_) => writeln!(told, "{said:?}"),
        }
        .unwrap();
    }
    told
}

fn whose(origin: &Origin) -> &'static str {
    match origin.speaker {
        Speaker::Session => "-",
        Speaker::Subagent { .. } => "sub",
    }
}

/// What a capture says is written down beside it.
macro_rules! check {
    ($name:literal) => {
        expect_file![concat!("../../testdata/stream/", $name, ".txt")]
            .assert_eq(&told(&all(captured!($name))));
    };
}

#[test]
fn turns_a_permission_and_a_refusal() {
    check!("2.1.329/turns");
}

#[test]
fn two_calls_of_one_answer_are_asked_one_after_the_other() {
    check!("2.1.329/parallel");
}

#[test]
fn tools_that_only_read_are_asked_about_side_by_side() {
    check!("2.1.329/two-questions");
}

#[test]
fn questions_and_plans() {
    check!("2.1.329/question");
    check!("2.1.329/plan");
}

#[test]
fn interruptions() {
    check!("2.1.329/interrupt-streaming");
    check!("2.1.329/interrupt-tool");
    check!("2.1.329/interrupt-permission");
    check!("2.1.197/interrupt-permission");
    check!("2.0.30/interrupt-permission");
}

#[test]
fn settings_and_commands() {
    check!("2.1.329/settings");
    check!("2.0.30/settings");
    check!("2.1.329/commands");
}

#[test]
fn messages_that_wait() {
    check!("2.1.329/queue");
}

#[test]
fn subagents() {
    check!("2.1.329/subagent");
    check!("2.1.329/subagent-asks");
    check!("2.1.329/background-agent");
    check!("2.1.197/subagent");
}

#[test]
fn failures_and_ends() {
    check!("2.1.329/api-error");
    check!("2.1.329/api-retry");
    check!("2.1.329/terminated");
    check!("2.1.329/no-conversation");
}

#[test]
fn thoughts_files_and_odd_characters() {
    check!("2.1.329/thinking");
    check!("2.1.329/files");
    check!("2.1.329/control-characters");
}

fn only(line: &str) -> Said {
    let mut said = Said::parse(line.as_bytes());
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0)
}

#[test]
fn where_a_line_comes_from() {
    let line = captured!("2.1.329/subagent")
        .lines()
        .find(|line| line.contains("\"in sub\""))
        .unwrap();
    let Said::ToolResult(result) = only(line) else {
        panic!("no result")
    };
    expect![[r#"
        Origin {
            uuid: Some(
                "46a25904-1c2e-4b7e-8b0d-b92805d8f012",
            ),
            message_id: None,
            speaker: Subagent {
                call: Some(
                    "toolu_mock6_0",
                ),
                agent: Some(
                    "ad0f34cf21804d857",
                ),
            },
            at: Some(
                UnixMillis(
                    1795268433693,
                ),
            ),
        }
    "#]]
    .assert_debug_eq(&result.origin);
}

#[test]
fn an_input_is_kept_byte_for_byte() {
    let input = r#"{ "b" : 1.50, "a":"\ud83e \u00e9", "b":[1 , 2] }"#;
    let asked = only(&format!(
        r#"{{"request":{{"input":{input},"tool_name":"X","subtype":"can_use_tool"}},"request_id":"r\ud83e","type":"control_request"}}"#
    ));
    let Said::CanUseTool(asked) = asked else {
        panic!("{asked:?}")
    };
    assert_eq!(asked.input.get(), input);
    assert_eq!(asked.request_id, "r\u{fffd}");
    let said = say::allow(&asked.request_id, &asked.input, None);
    assert!(said.contains(input), "{said}");
}

#[test]
fn the_plan_stands_in_the_call_where_the_question_lacks_it() {
    let said = all(captured!("2.1.329/plan"));
    let mut called = None;
    let mut asked = None;
    for said in &said {
        if let Said::ToolUse(it) = said
            && it.name == "ExitPlanMode"
        {
            called.get_or_insert(&it.input);
        }
        if let Said::CanUseTool(it) = said {
            asked.get_or_insert(it);
        }
    }
    let plan = |text: &str| Ask::Plan {
        text: text.to_owned(),
    };
    assert_eq!(asked.unwrap().ask(None), plan(""));
    assert_eq!(
        asked.unwrap().ask(Some(called.unwrap())),
        plan("# Plan\n1. do it")
    );
}

#[test]
fn what_is_no_json_is_shown_and_bounded() {
    for line in [
        "Segmentation fault",
        "{\"type\":",
        "[]",
        "null",
        "\"user\"",
        "{}x",
    ] {
        let Said::NotJson(text) = only(line) else {
            panic!("{line}")
        };
        assert_eq!(text, line);
    }
    let Said::NotJson(text) = only(&"x".repeat(1 << 20)) else {
        panic!("is JSON")
    };
    assert_eq!(text.len(), NOT_JSON_LIMIT);
    assert!(Said::parse(b" \r\n").is_empty());
    assert!(matches!(&Said::parse(b"\xff{}")[..], [Said::NotJson(text)] if text == "\u{fffd}{}"));
}

#[test]
fn what_is_missing_or_of_another_type_costs_only_itself() {
    for line in [
        r#"{"type":"user"}"#,
        r#"{"type":"assistant","message":7}"#,
        r#"{"type":"assistant","message":{"content":[7,{"type":7},{"type":"text"}]}}"#,
        r#"{"type":"control_request","request":{}}"#,
        r#"{"type":"control_response","response":[]}"#,
        r#"{"type":"control_cancel_request"}"#,
        r#"{"type":"command_lifecycle","state":"queued"}"#,
        r#"{"type":"stream_event"}"#,
        r#"{"type":"stream_event","event":{"type":"content_block_delta"}}"#,
        r#"{"type":"system"}"#,
        r#"{"type":["user"]}"#,
        "{}",
    ] {
        assert!(matches!(only(line), Said::Other { .. }), "{line}");
    }
    let said =
        only(r#"{"type":"control_request","request_id":"r","request":{"subtype":"mcp_message"}}"#);
    assert!(matches!(said, Said::Request { .. }), "{said:?}");
    let Said::Result(result) =
        only(r#"{"type":"result","is_error":"no","usage":7,"num_turns":1.5}"#)
    else {
        panic!("no result")
    };
    assert!(!result.is_error && result.num_turns.is_none() && result.usage == Usage::default());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        told(&Said::parse(&bytes));
    }

    #[test]
    fn any_damage_is_survived(which in 0..200_usize, at in any::<prop::sample::Index>(), with in any::<Option<u8>>(), short in any::<bool>()) {
        let lines: Vec<&str> = captured!("2.1.329/turns").lines().chain(captured!("2.1.329/subagent-asks").lines()).collect();
        let mut line = lines[which % lines.len()].as_bytes().to_vec();
        let at = at.index(line.len());
        match with {
            Some(byte) => line[at] = byte,
            None => { line.remove(at); }
        }
        if short {
            line.truncate(at);
        }
        let said = Said::parse(&line);
        prop_assert!(short && at == 0 || !said.is_empty());
        told(&said);
    }

    #[test]
    fn a_member_of_any_type_costs_only_itself(which in 0..200_usize, member in 0..40_usize, odd in 0..6_usize) {
        let lines: Vec<&str> = captured!("2.1.329/turns").lines().chain(captured!("2.1.329/subagent-asks").lines()).collect();
        let mut line: Value = serde_json::from_str(lines[which % lines.len()]).unwrap();
        let odd = [Value::Null, Value::from(-1.5), Value::from("x"), Value::from(true), serde_json::json!([{}, [1]]), serde_json::json!({"type": [7]})][odd].clone();
        spoil(&mut line, &mut { member }, &odd);
        prop_assert_eq!(Said::parse(line.to_string().as_bytes()).is_empty(), false);
    }
}

/// Puts `odd` in the place of the value that comes up after `count` others.
fn spoil(value: &mut Value, count: &mut usize, odd: &Value) {
    if *count == 0 {
        *value = odd.clone();
    }
    *count = count.wrapping_sub(1);
    match value {
        Value::Object(members) => members.values_mut().for_each(|it| spoil(it, count, odd)),
        Value::Array(items) => items.iter_mut().for_each(|it| spoil(it, count, odd)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
