use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::model::talk::story::Story;

fn told(events: Vec<Value>) -> Story {
    let mut story = Story::default();
    for (seq, mut event) in (1..).zip(events) {
        for (name, value) in [
            ("seq", json!(seq)),
            ("at", json!(0)),
            ("uuid", json!(null)),
            ("messageId", json!(null)),
        ] {
            event
                .as_object_mut()
                .unwrap()
                .insert(name.to_owned(), value);
        }
        story.tell(serde_json::from_value(event).unwrap());
    }
    story
}

fn check(events: Vec<Value>, expected: &Expect) {
    let story = told(events);
    let lines = story.shown().iter().map(|item| {
        if let What::Call(one) = &item.what {
            format!("{:?}\n  {:?}\n", call(one), parts(one))
        } else {
            format!("{:?}\n", said(item))
        }
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn a_call_says_what_it_is_about_and_how_it_went() {
    let tool = |id: &str, name: &str, input: Value| json!({"type": "tool", "toolUseId": id, "name": name, "input": input});
    let result = |id: &str, text: &str, is_error: bool| json!({"type": "tool_result", "toolUseId": id, "text": text, "isError": is_error});
    let ask = |id: &str| json!({"type": "approval", "requestId": id, "toolUseId": id, "tool": "", "input": {}, "ask": {"type": "text", "text": ""}});
    check(
        vec![
            tool(
                "a",
                "Bash",
                json!({"command": "ls\n\u{1b}[1m", "description": "List"}),
            ),
            result("a", "a.rs\r\nb.rs", false),
            tool(
                "b",
                "Edit",
                json!({"file_path": "/x", "old_string": "a", "new_string": "b"}),
            ),
            ask("b"),
            json!({"type": "decision", "requestId": "b", "outcome": "deny", "by": "rule", "reason": "Not here.", "rule": "r7"}),
            result("b", "Not here.", true),
            tool("c", "mcp__github__search", json!({"n": 3})),
            ask("c"),
            tool("d", "Glob", json!({})),
            result("d", " ", false),
        ],
        &expect![[r#"
            CallView { name: "Bash", main: "ls ␛[1m", look: "done", word: "Done", edit: None }
              [Note("List"), Exact { label: "Command", text: "ls\n␛[1m", bad: false }, Exact { label: "Result", text: "a.rs\nb.rs", bad: false }]
            CallView { name: "Edit", main: "/x", look: "denied", word: "Denied", edit: Some((1, 1)) }
              [Diff([Line { kind: Removed, text: "a" }, Line { kind: Added, text: "b" }]), Note("Denied by rule r7. “Not here.”"), Exact { label: "Error", text: "Not here.", bad: true }]
            CallView { name: "github · search", main: "", look: "waiting", word: "Asks you", edit: None }
              [Exact { label: "Input", text: "{\n  \"n\": 3\n}", bad: false }]
            CallView { name: "Glob", main: "", look: "done", word: "Done", edit: None }
              [Note("It returned nothing.")]
        "#]],
    );
}

#[test]
fn ends_and_notes_in_words() {
    let usage = json!({"type": "usage", "subtype": "success", "isError": false, "durationMs": 1234, "costMicroUsd": 5400,
        "inputTokens": 12, "outputTokens": 3456, "cacheReadTokens": 1_234_567, "cacheCreationTokens": null});
    let exit = |code: Value, signal: Value, cancelled: bool, stderr: &str| json!({"type": "exit", "code": code, "signal": signal, "cancelled": cancelled, "stderr": stderr});
    check(
        vec![
            usage,
            json!({"type": "usage", "subtype": "error_during_execution", "isError": true, "durationMs": null, "costMicroUsd": null,
                "inputTokens": null, "outputTokens": null, "cacheReadTokens": null, "cacheCreationTokens": null}),
            json!({"type": "note", "code": "interrupted", "text": "Interrupted."}),
            json!({"type": "note", "code": "output", "text": "oops \u{7}"}),
            json!({"type": "note", "code": "of_a_newer_server", "text": "Something new."}),
            exit(json!(1), json!(null), false, "Error: no"),
            exit(json!(null), json!(9), false, ""),
            exit(json!(143), json!(null), true, ""),
        ],
        &expect![[r#"
            Said { text: "Done · 1.2 s · $0.0054 · 12 tokens in · 3.4k out · 1.2M from the cache", bad: false, more: "" }
            Said { text: "Ended: error during execution", bad: true, more: "" }
            Said { text: "The turn was interrupted.", bad: false, more: "" }
            Said { text: "It wrote something outside of its protocol.", bad: false, more: "oops ␇" }
            Said { text: "Something new.", bad: false, more: "" }
            Said { text: "Claude Code has ended with code 1.", bad: true, more: "Error: no" }
            Said { text: "Claude Code was ended by signal 9.", bad: true, more: "" }
            Said { text: "The session was ended.", bad: false, more: "" }
        "#]],
    );
}

#[test]
fn money_has_cents_or_what_is_below_them() {
    assert_eq!(dollars(5400), "$0.0054");
    assert_eq!(dollars(83_400), "$0.08");
    assert_eq!(dollars(12_345_678), "$12.34");
}
