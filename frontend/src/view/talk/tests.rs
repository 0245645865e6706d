use expect_test::{Expect, expect};
use serde_json::json;
use wire::{HolderKind, Session};

use super::*;
use crate::{
    model::{
        Answered, Model, Surroundings,
        answer::Rows,
        link::{Heard, Phase},
        talk::{Asked, Tidings, Told},
        terminal::{News, Seen, Step},
        update::update,
    },
    sample::{self, NOW},
};

/// Prints the view of a session that has said these.
fn check(holder: Option<HolderKind>, events: Vec<serde_json::Value>, expected: &Expect) {
    Owner::new().with(|| {
        let mut model = Model::new(Surroundings::default());
        let session = Session {
            holder,
            ..sample::session(7)
        };
        let id = session.session_id.clone().unwrap();
        model.live.sessions = vec![session];
        model.live.seen_at = Some(NOW);
        model.link.phase = Phase::Up;
        update(&mut model, Msg::Open(id.clone()), NOW);
        let event = |(seq, mut event): (u64, serde_json::Value)| {
            for (name, value) in [
                ("seq", json!(seq)),
                ("at", json!(NOW)),
                ("uuid", json!(null)),
                ("messageId", json!(null)),
            ] {
                event
                    .as_object_mut()
                    .unwrap()
                    .insert(name.to_owned(), value);
            }
            (seq, serde_json::from_value(event).ok())
        };
        let asked = Asked {
            id: id.clone(),
            since: wire::Since {
                back: Some(wire::Page {
                    limit: 200,
                    before: None,
                }),
                ..wire::Since::default()
            },
            numbering: None,
        };
        let nothing = Ok(Rows {
            rows: Vec::new(),
            newer: 0,
        });
        update(
            &mut model,
            Msg::Answered(Answered::Output(asked, nothing)),
            NOW,
        );
        let told = Told {
            session_id: id,
            numbering: None,
            tidings: Tidings::Events((1..).zip(events).map(event).collect()),
        };
        update(&mut model, Msg::Link(Heard::Output(told)), NOW);
        let screen = Screen::new();
        screen.show(&model);
        let html = talk(screen, Callback::new(|_| ())).to_html();
        expected.assert_eq(&sample::outline(&html));
    });
}

#[test]
fn a_session_that_works() {
    check(
        Some(HolderKind::Stdio),
        vec![
            json!({"type": "status", "state": "working", "model": "opus", "permissionMode": "plan"}),
            json!({"type": "user", "text": "<b>go</b>"}),
            json!({"type": "assistant", "text": "Hm.", "thinking": true}),
            json!({"type": "assistant", "text": "See **[this](javascript:alert(1))** and [that](https://a.example/)\n\n```sh\nls\n```"}),
            json!({"type": "tool", "toolUseId": "t", "name": "Edit", "input": {"file_path": "/x", "old_string": "a", "new_string": "b\nc"}}),
            json!({"type": "an_event_of_a_newer_server"}),
        ],
        &expect![[r#"
            button aria-label="Back to the sessions title="Back (Esc)
            bdi Parse nested lists
            span data-look="working title=" Working
            span /home/ada/work/
            span parser
            bdi main
            span title="What this session has cost so far
            div aria-label="View hidden class="sm-talk-tabs"
            button Conversation
            button Terminal
            div aria-label="Session
            span Model
            select title="Model"
            option Opus
            option Sonnet
            option Haiku
            span Permission mode
            select title="Permission mode"
            option Ask before acting
            option Accept edits
            option Plan only
            option Deny instead of asking
            button aria-disabled="false Rename…
            button aria-disabled="false End…
            div aria-label="Conversation
            button hidden class="sm-button sm-older" Show older
            span You said at
            span 14:13
            p &lt;b&gt;go&lt;/b&gt;
            span Thought
            p See
            em this (javascript:alert(1)) and
            a that
            bdi (https://a.example/)
            span sh
            button aria-label="Copy code title="Copy
            code ls
            span data-look="running
            span Edit
            bdi /x
            span +2
            span −1
            span Runs
            button hidden class="sm-button sm-older" Show newer Working
            p 1 event comes from a newer server and can't be shown. Reload the page.
            button hidden class="sm-button" Newest ↓
            span Message
            textarea title="Enter sends, Shift+Enter begins a new line"
            button aria-disabled="false Interrupt
            button aria-disabled="true Send
        "#]],
    );
}

#[test]
fn a_session_of_somebody_else() {
    check(
        None,
        vec![json!({"type": "user", "text": "go"})],
        &expect![[r#"
            button aria-label="Back to the sessions title="Back (Esc)
            bdi Parse nested lists
            span data-look="idle title="Claude Code's own file for this session says so. Idle
            span /home/ada/work/
            span parser
            bdi main
            span title="What this session has cost so far
            div aria-label="View hidden class="sm-talk-tabs"
            button Conversation
            button Terminal
            div aria-label="Session hidden class="sm-talk-tools"
            span Model
            select title="Model"
            option Default model
            option Opus
            option Sonnet
            option Haiku
            span Permission mode
            select title="Permission mode"
            option Ask before acting
            option Accept edits
            option Plan only
            option Deny instead of asking
            button aria-disabled="false Rename…
            button aria-disabled="false End…
            div aria-label="Conversation
            button hidden class="sm-button sm-older" Show older
            span You said at
            span 14:13
            p go
            button hidden class="sm-button sm-older" Show newer
            p hidden class="sm-works" Working
            button hidden class="sm-button" Newest ↓
            div hidden class="sm-box-line"
            span Message
            textarea title="Enter sends, Shift+Enter begins a new line"
            button hidden aria-disabled="false Interrupt
            button aria-disabled="true Send
            p Another terminal or program has it open: talk to it there, or go on here in a copy.
            button aria-disabled="false title="Go on from this point in a conversation of its own Go on in a copy
        "#]],
    );
}

/// The program's text stays text, and its colours are styles.
#[test]
fn the_terminal_that_is_looked_at() {
    Owner::new().with(|| {
        let mut model = Model::new(Surroundings::default());
        let session = Session {
            holder: Some(HolderKind::Pty),
            ..sample::session(7)
        };
        let id = session.session_id.clone().unwrap();
        model.live.sessions = vec![session];
        model.live.seen_at = Some(NOW);
        model.link.phase = Phase::Up;
        update(&mut model, Msg::Open(id.clone()), NOW);
        update(&mut model, Msg::Terminal(Step::Show), NOW);
        let picture = json!({
            "ok": true, "sessionId": id, "columns": 80, "rows": 2, "rev": 1, "title": "✳ name", "kept": 3,
            "cursor": {"column": 2, "row": 1, "visible": true},
            "lines": [[{"text": "<b>"}, {"text": "red", "fg": "1", "bold": true}], []],
        });
        let seen = Seen {
            session_id: id,
            news: News::Whole(Box::new(serde_json::from_value(picture).unwrap())),
        };
        update(&mut model, Msg::Link(Heard::Screen(seen)), NOW);
        let screen = Screen::new();
        screen.show(&model);
        let html = talk(screen, Callback::new(|_| ())).to_html();
        assert!(html.contains("&lt;b&gt;"), "{html}");
        assert!(html.contains(r#"style="color:var(--sm-t1);""#), "{html}");
        assert!(html.contains("left:calc(7px + 2ch);top:calc(7px + 1 * var(--sm-t-line))"));
        // The conversation makes way for it.
        assert!(html.contains(r#"<div hidden tabindex="0" role="log""#), "{html}");
    });
}
