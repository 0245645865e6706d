use expect_test::{Expect, expect};
use proptest::{collection::vec, prelude::*};
use serde_json::{Value, json};

use super::*;
use crate::sample::NOW;

fn read(event: Value) -> Event {
    let mut event = event;
    for (name, value) in [
        ("at", json!(NOW)),
        ("uuid", json!(null)),
        ("messageId", json!(null)),
    ] {
        event.as_object_mut().unwrap().entry(name).or_insert(value);
    }
    serde_json::from_value(event).unwrap()
}

fn told(events: Vec<Value>) -> Story {
    let mut story = Story::default();
    events
        .into_iter()
        .map(read)
        .for_each(|event| story.tell(event));
    story
}

fn check(story: &Story, expected: &Expect) {
    let mut lines: Vec<String> = story
        .shown()
        .iter()
        .map(|item| format!("{} {:?}", item.seq, item.what))
        .collect();
    lines.extend(story.drafts.iter().map(|draft| format!("… {draft:?}")));
    expected.assert_eq(&(lines.join("\n") + "\n"));
}

fn say(seq: u64, text: &str) -> Value {
    json!({"type": "assistant", "seq": seq, "text": text})
}

fn delta(kind: DeltaKind, index: u32, text: &str) -> Delta {
    let text = text.to_owned();
    Delta {
        kind,
        text,
        index,
        parent: None,
    }
}

#[test]
fn a_call_is_told_with_what_was_decided_and_what_came_of_it() {
    let story = told(vec![
        json!({"type": "status", "seq": 1, "state": "working", "model": "opus", "permissionMode": "default"}),
        json!({"type": "user", "seq": 2, "text": "Touch x."}),
        json!({"type": "tool", "seq": 3, "toolUseId": "t1", "name": "Bash", "input": {"command": "touch x"}}),
        json!({"type": "tool", "seq": 4, "toolUseId": "t2", "name": "Task", "input": {}}),
        json!({"type": "approval", "seq": 5, "requestId": "r1", "toolUseId": "t1", "tool": "Bash", "input": {}, "ask": {"type": "text", "text": ""}}),
        json!({"type": "tool", "seq": 6, "toolUseId": "t3", "name": "Read", "input": {}, "parent": "t2"}),
        json!({"type": "tool_result", "seq": 7, "toolUseId": "t3", "text": "no", "isError": true, "parent": "t2"}),
        json!({"type": "decision", "seq": 8, "requestId": "r1", "outcome": "deny", "by": "rule", "reason": "Not here.", "rule": "r7"}),
        json!({"type": "tool_result", "seq": 9, "toolUseId": "t1", "text": "Not here.", "isError": true}),
        json!({"type": "status", "seq": 10, "state": "working", "model": "opus", "permissionMode": "plan"}),
    ]);
    check(
        &story,
        &expect![[r#"
            2 Prompt { text: "Touch x." }
            3 Call(ToolCall { id: "t1", name: "Bash", input: Object {"command": String("touch x")}, asked: Some(Asked { request: "r1", decided: Some(Decided { outcome: Deny, by: Rule, reason: Some("Not here."), rule: Some("r7") }) }), result: Some(Outcome { text: "Not here.", is_error: true }), steps: [] })
            4 Call(ToolCall { id: "t2", name: "Task", input: Object {}, asked: None, result: None, steps: [Called { id: "t3", name: "Read", input: Object {}, is_error: Some(true) }] })
            10 Changed { text: "Permission mode: plan" }
        "#]],
    );
}

/// What each turn has cost.
fn costs(story: &Story) -> Vec<Option<u64>> {
    let turns = story.shown().iter().filter_map(|item| {
        let What::Turn(turn) = &item.what else {
            return None;
        };
        Some(turn.cost_micro_usd)
    });
    turns.collect()
}

#[test]
fn what_belongs_to_an_earlier_call_waits_for_it() {
    let all = vec![
        json!({"type": "tool", "seq": 3, "toolUseId": "t1", "name": "Bash", "input": {}}),
        json!({"type": "tool", "seq": 4, "toolUseId": "t2", "name": "Task", "input": {}}),
        json!({"type": "approval", "seq": 5, "requestId": "r1", "toolUseId": "t1", "tool": "Bash", "input": {}, "ask": {"type": "text", "text": ""}}),
        json!({"type": "decision", "seq": 8, "requestId": "r1", "outcome": "allow", "by": "rule", "reason": null, "rule": "r7"}),
        json!({"type": "assistant", "seq": 9, "text": "step", "parent": "t2"}),
        json!({"type": "tool_result", "seq": 10, "toolUseId": "t1", "text": "done", "isError": false}),
        say(11, "All is well."),
    ];
    let whole = told(all.clone());
    // A request whose call is not known stands for itself, so that it can be seen.
    for cut in [0].into_iter().chain(3..=all.len()) {
        let mut story = Story::from_the_end();
        let (early, late) = all.split_at(cut);
        late.iter()
            .cloned()
            .map(read)
            .for_each(|event| story.tell(event));
        if !late.is_empty() {
            assert_eq!(story.earlier(), Some(late[0]["seq"].as_u64().unwrap()));
        }
        story.begin_with(early.iter().cloned().map(read).collect());
        let shown = |story: &Story| -> Vec<Item> {
            story.shown().iter().map(|item| (**item).clone()).collect()
        };
        assert_eq!(shown(&story), shown(&whole), "{cut}");
    }
}

#[test]
fn a_cost_that_began_before_the_first_turn_is_not_that_turns() {
    let usage = |seq, sum| {
        json!({"type": "usage", "seq": seq, "subtype": "success", "isError": false, "durationMs": 1, "costMicroUsd": sum,
            "inputTokens": 1, "outputTokens": 1, "cacheReadTokens": null, "cacheCreationTokens": null})
    };
    let mut story = Story::from_the_end();
    [usage(7, 500), usage(8, 520)]
        .map(read)
        .into_iter()
        .for_each(|event| story.tell(event));
    assert_eq!(costs(&story), [None, Some(20)]);
}

#[test]
fn what_is_being_written_goes_when_it_is_told_whole() {
    let mut story = told(vec![say(1, "Before.")]);
    story.hear(delta(DeltaKind::Thinking, 0, "Hm"));
    story.hear(delta(DeltaKind::Text, 1, "I"));
    story.hear(delta(DeltaKind::Text, 1, " may"));
    check(
        &story,
        &expect![[r#"
            1 Answer { text: "Before." }
            … Draft { kind: Thinking, index: 0, text: "Hm" }
            … Draft { kind: Text, index: 1, text: "I may" }
        "#]],
    );
    story.tell(read(
        json!({"type": "assistant", "seq": 2, "text": "Hm.", "thinking": true}),
    ));
    story.tell(read(say(3, "I may not.")));
    check(
        &story,
        &expect![[r#"
            1 Answer { text: "Before." }
            2 Thought { text: "Hm." }
            3 Answer { text: "I may not." }
        "#]],
    );
    // What a turn left behind when it was interrupted.
    story.hear(delta(DeltaKind::Text, 0, "And"));
    story.tell(read(
        json!({"type": "note", "seq": 4, "code": "interrupted", "text": ""}),
    ));
    assert_eq!(story.drafts, []);
}

#[test]
fn each_turn_has_its_own_cost() {
    let usage = |seq, sum| {
        json!({"type": "usage", "seq": seq, "subtype": "success", "isError": false, "durationMs": 1, "costMicroUsd": sum,
            "inputTokens": 1, "outputTokens": 1, "cacheReadTokens": null, "cacheCreationTokens": null})
    };
    let exit = json!({"type": "exit", "seq": 3, "code": 0, "signal": null, "cancelled": false, "stderr": ""});
    let story = told(vec![usage(1, 100), usage(2, 250), exit, usage(4, 40)]);
    assert_eq!(costs(&story), [Some(100), Some(150), Some(40)]);
    assert_eq!(story.cost_micro_usd, Some(40));
}

#[test]
fn a_part_of_a_long_story_is_shown() {
    let count = 2000_u64;
    let mut story = told((1..=count).map(|seq| say(seq, "x")).collect());
    let seqs = |story: &Story| {
        let shown = story.shown();
        (shown.first().unwrap().seq, shown.last().unwrap().seq)
    };
    assert!(story.shown().len() <= SHOWN && seqs(&story).1 == count);
    story.newest();
    assert_eq!(seqs(&story), (1901, 2000));
    for _ in 0..5 {
        story.older();
    }
    // The newest are not shown any more, and what comes does not change that.
    assert_eq!(seqs(&story), (1401, 1800));
    assert!(story.has_newer() && story.has_older());
    story.tell(read(say(2001, "new")));
    assert_eq!(seqs(&story), (1401, 1800));
    story.later();
    story.later();
    story.later();
    assert_eq!(seqs(&story), (1602, 2001));
    assert!(!story.has_newer());
    for _ in 0..100 {
        story.older();
    }
    assert_eq!(seqs(&story), (1, 400));
    assert!(!story.has_older());
    story.newest();
    assert_eq!(seqs(&story), (1902, 2001));
}

#[test]
fn a_story_without_end_loses_its_beginning() {
    let mut story = Story::default();
    for seq in 1..=21_000 {
        story.tell(read(say(seq, "x")));
        assert!(!story.shown().is_empty());
    }
    assert!(story.is_cut() && story.items.len() <= MOST);
    assert_eq!(story.shown().last().unwrap().seq, 21_000);
}

#[test]
fn a_heavy_story_loses_its_beginning() {
    let text = "x".repeat(1_000_000);
    let mut story = Story::default();
    for seq in 1..=100 {
        story.tell(read(say(seq, &text)));
    }
    assert!(story.is_cut() && (40..=64).contains(&story.items.len()));
    assert_eq!(story.shown().last().unwrap().seq, 100);
    story.older();
    assert_eq!(story.shown().len(), story.items.len());
    // One that is too heavy by itself is told nevertheless.
    story.tell(read(say(101, &"x".repeat(70_000_000))));
    assert_eq!(story.items.len(), 1);
}

#[test]
fn of_a_call_no_more_is_kept_than_can_be_shown() {
    let task = json!({"type": "tool", "seq": 1, "toolUseId": "t", "name": "Task", "input": {}});
    let mut story = told(vec![task]);
    for seq in 2..=2001 {
        let said = json!({"type": "assistant", "seq": seq, "text": seq.to_string(), "parent": "t"});
        story.tell(read(said));
    }
    let text = format!("  {}", "ü\r\n".repeat(300_000));
    let result = json!({"type": "tool_result", "seq": 2002, "toolUseId": "t", "text": text, "isError": false});
    story.tell(read(result));
    let What::Call(call) = story.shown()[0].what.clone() else {
        panic!("no call");
    };
    assert_eq!(call.steps.len(), 500);
    assert_eq!(call.steps.last(), Some(&Step::Said("2001".to_owned())));
    let kept = call.result.unwrap().text;
    let whole = crate::text::whole(&text.replace("\r\n", "\n"));
    assert_eq!(crate::text::whole(&kept.replace("\r\n", "\n")), whole);
    assert!(kept.len() < 100_000, "{}", kept.len());
}

proptest! {
    #[test]
    fn nothing_is_doubled_however_often_it_is_told(starts in vec(0_u64..20, 1..6)) {
        let all: Vec<Event> = (1..=20).map(|seq| read(say(seq, "x"))).collect();
        let mut story = Story::default();
        let mut end = 0;
        for start in starts {
            // A client that comes back asks from where it is.
            let from = start.min(end);
            end = end.max(start + 3).min(20);
            for event in &all {
                if event.seq() > from && event.seq() <= end {
                    story.tell(event.clone());
                }
            }
        }
        let seqs: Vec<u64> = story.shown().iter().map(|item| item.seq).collect();
        prop_assert_eq!(seqs, (1..=end).collect::<Vec<_>>());
    }
}
