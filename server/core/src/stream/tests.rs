mod captures;

use expect_test::expect;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::ask::Ask;
use captures::told;

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
