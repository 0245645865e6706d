use expect_test::{Expect, expect};
use serde_json::json;
use wire::{Approval, ApprovalSource, Ask};

use crate::{
    model::{Answered, Model, Surroundings, answer::Rows, approvals::Step, update::update},
    sample::{self, NOW},
};

use super::*;

/// Prints the queue that these requests make, after these steps on the first one.
fn printed(approvals: Vec<Approval>, steps: Vec<Step>) -> String {
    Owner::new().with(|| {
        let mut model = Model::new(Surroundings::default());
        model.homes = vec!["/home/ada".to_owned()];
        model.live.seen_at = Some(NOW);
        update(&mut model, Msg::Start, NOW);
        let key = RequestKey::of(&approvals[0]);
        let rows = Rows {
            rows: approvals,
            newer: 0,
        };
        update(
            &mut model,
            Msg::Answered(Answered::Approvals(1, Ok(rows))),
            NOW,
        );
        for step in steps {
            update(&mut model, Msg::Approval(key.clone(), step), NOW);
        }
        let screen = Screen::new();
        screen.show(&model);
        crate::view::approvals::approvals(screen, Callback::new(|_| ())).to_html()
    })
}

fn check(approval: Approval, steps: Vec<Step>, expected: &Expect) {
    expected.assert_eq(&sample::outline(&printed(vec![approval], steps)));
}

fn tool(tool: &str, input: serde_json::Value) -> Approval {
    Approval {
        tool: tool.to_owned(),
        input,
        ..sample::approval("a")
    }
}

#[test]
fn a_command() {
    check(
        sample::approval("a"),
        Vec::new(),
        &expect![[r#"
            h3 Waiting for your answer
            span 1
            bdi Run a command
            button title="Open this session
            bdi Parse nested lists
            span ~/work/
            span parser
            span for 1 min
            p Run the tests
            bdi cargo test
            button aria-disabled="false Allow
            button aria-expanded="false aria-disabled="false Always…
            input aria-label="Why not, for the model (optional)
            button aria-disabled="false Deny
        "#]],
    );
}

#[test]
fn a_command_that_a_rule_is_to_answer() {
    let wanted = Step::Draft(Change::Rule(true));
    check(
        sample::approval("a"),
        vec![wanted],
        &expect![[r#"
            h3 Waiting for your answer
            span 1
            bdi Run a command
            button title="Open this session
            bdi Parse nested lists
            span ~/work/
            span parser
            span for 1 min
            p Run the tests
            bdi cargo test
            button aria-disabled="false Allow
            button aria-expanded="true aria-disabled="false Always…
            input aria-label="Why not, for the model (optional)
            button aria-disabled="false Deny
            div aria-label="From now on
            label Each
            bdi Bash that fits
            select aria-label="Where"
            option in this session
            option in this project
            option everywhere
            select aria-label="For how long"
            option for 1 hour
            option for today
            option for good
            button aria-disabled="false Always allow
            button aria-disabled="false Always deny
            p * stands for anything. A longer command is taken apart: each part of it must be allowed, and one that is denied is enough.
        "#]],
    );
}

#[test]
fn a_change() {
    let edit = json!({"file_path": "/srv/a.rs", "old_string": "one\ntwo", "new_string": "one\n2"});
    check(
        tool("Edit", edit),
        Vec::new(),
        &expect![[r#"
            h3 Waiting for your answer
            span 1
            bdi Edit a file
            button title="Open this session
            bdi Parse nested lists
            span ~/work/
            span parser
            span for 1 min
            bdi /srv/a.rs
            div aria-label="Change
            span one
            span -
            span removed:
            span two
            span +
            span added:
            span 2
            button aria-disabled="false Allow
            button aria-expanded="false aria-disabled="false Always…
            input aria-label="Why not, for the model (optional)
            button aria-disabled="false Deny
        "#]],
    );
}

#[test]
fn questions() {
    check(
        sample::asks("q"),
        Vec::new(),
        &expect![[r#"
            h3 Waiting for your answer
            span 1
            bdi Asks a question
            button title="Open this session
            bdi Parse nested lists
            span ~/work/
            span parser
            span for 1 min
            bdi Colour Which colour?
            bdi Red
            span As roses are
            bdi Blue
            span As violets are
            input aria-label="Something else"
            input aria-label="In your own words
            bdi Parts Which parts?
            bdi Lexer
            bdi Parser
            input aria-label="Something else"
            input aria-label="In your own words
            button aria-disabled="true Send answer
            input aria-label="Why not, for the model (optional)
            button aria-disabled="false Decline
        "#]],
    );
}

#[test]
fn a_plan() {
    check(
        sample::plans("p"),
        Vec::new(),
        &expect![[r#"
            h3 Waiting for your answer
            span 1
            bdi Has a plan
            button title="Open this session
            bdi Parse nested lists
            span ~/work/
            span parser
            span for 1 min
            div aria-label="Plan
            h4 Plan
            p Read the lexer
            button aria-disabled="false Approve
            button aria-disabled="false Approve and accept edits
            input aria-label="What should be different (optional)
            button aria-disabled="false Keep planning
        "#]],
    );
}

#[test]
fn another_tool_in_somebody_elses_session() {
    let other = Approval {
        source: ApprovalSource::Hook,
        until: Some(NOW + 40_000),
        title: None,
        reason: Some("This command requires approval".to_owned()),
        ..tool("mcp__db__query", json!({"sql": "select 1"}))
    };
    check(
        other,
        vec![Step::Allow],
        &expect![[r#"
            h3 Waiting for your answer
            span 1
            bdi Use mcp__db__query
            button title="Open this session
            bdi parser
            span ~/work/
            span parser
            span for 1 min
            p This command requires approval
            bdi {
              "sql": "select 1"
            }
            button aria-disabled="true Allow
            button aria-expanded="false aria-disabled="true Always…
            input aria-label="Why not, for the model (optional)
            button aria-disabled="true Deny
            p Allowing…
            p Its own terminal asks in 40 s, if nobody has answered here by then.
        "#]],
    );
}

#[test]
fn whatever_is_asked_is_text_and_what_hides_is_marked() {
    let command = "echo '<img src=x onerror=alert(1)>' \u{1b}[8m \u{202e}hs.ton";
    let html = printed(
        vec![tool("Bash", json!({ "command": command }))],
        Vec::new(),
    );
    assert!(!html.contains("<img"), "{html}");
    assert!(html.contains("&lt;img src=x"), "{html}");
    assert!(!html.contains(['\u{1b}', '\u{202e}']), "{html}");
    assert!(html.contains(">U+202E<") && html.contains(">␛<"), "{html}");
}

#[test]
fn what_a_change_does_besides_is_shown() {
    let shown = |name: &str, input, wanted: &[&str]| {
        let html = printed(vec![tool(name, input)], Vec::new());
        for word in wanted {
            assert!(html.contains(word), "{word}: {html}");
        }
    };
    let cell = json!({"notebook_path": "/a.ipynb", "cell_id": "c7", "edit_mode": "delete", "new_source": "x"});
    shown("NotebookEdit", cell, &["edit_mode", "delete", "c7"]);
    let write = json!({"file_path": "/a", "content": "x", "mode": "0777"});
    shown("Write", write, &["0777"]);
    let edit =
        json!({"file_path": "/a", "old_string": "x", "new_string": "y", "replace_all": "yes"});
    shown("Edit", edit, &["replace_all", "yes"]);
    let edits = json!({"file_path": "/a", "edits": [
        {"old_string": "x", "new_string": "y"},
        {"old_string": "z", "new_string": "", "replace_all": true},
    ]});
    shown("MultiEdit", edits, &["replace_all"]);
}

/// The button that allows, which is disabled or not.
fn primary(disabled: &str) -> String {
    format!(r#"<button type="button" aria-disabled="{disabled}" class="sm-button sm-primary">"#)
}

#[test]
fn a_long_plan_is_approved_once_all_of_it_was_shown() {
    let beginning = "# Plan\n".to_owned() + &"a step\n\n".repeat(2000);
    for rest in ["the **last** step", &"x".repeat(200_000)] {
        let whole = format!("{beginning}{rest}");
        let asks = Approval {
            input: json!({ "plan": whole }),
            ask: Ask::Plan {
                text: beginning.clone(),
            },
            ..tool("ExitPlanMode", json!({}))
        };
        let start = printed(vec![asks.clone()], Vec::new());
        assert!(start.contains("Show all") && !start.contains("last"));
        assert!(start.contains(&primary("true")) && !start.contains(&primary("false")));
        let all = printed(vec![asks], vec![Step::Draft(Change::Whole)]);
        assert!(!all.contains("Show all") && all.len() > whole.len());
        assert!(all.contains(&primary("false")));
    }
}

#[test]
fn a_long_one_is_allowed_once_all_of_it_was_shown() {
    let content = format!("{}payload", "x\n".repeat(500));
    let write = json!({"file_path": "/a", "content": content});
    let start = printed(vec![tool("Write", write.clone())], Vec::new());
    assert!(start.contains("Show all") && start.contains("101 more lines"));
    assert!(start.contains(&primary("true")) && !start.contains("payload"));
    let all = printed(vec![tool("Write", write)], vec![Step::Draft(Change::Whole)]);
    assert!(!all.contains("Show all") && !all.contains("more lines"));
    assert!(all.contains(&primary("false")) && all.contains("payload"));
}
