use expect_test::{Expect, expect};
use wire::{Audit, Permit, Session, State};

use crate::{
    model::{Answered, Model, Msg, Surroundings, doing::Deed, selection::Reach, update::update},
    sample::{self, NOW},
};

use super::*;

/// Prints the dialog that these messages open, over a session that works and one that can't be ended.
fn check(messages: Vec<Msg>, expected: &Expect) {
    Owner::new().with(|| {
        let mut model = Model::new(Surroundings::default());
        let working = Session {
            state: State::Working,
            ..sample::session(7)
        };
        let mut refused = sample::session(8);
        refused.actions.kill = Permit::Refused {
            code: wire::Code::NotYours,
            error: "Process 8 belongs to bob; ask them.".to_owned(),
        };
        model.live.sessions = vec![working, refused];
        model.live.seen_at = Some(NOW);
        for message in messages {
            update(&mut model, message, NOW);
        }
        let screen = Screen::new();
        screen.show(&model);
        let html = modal(screen, Callback::new(|_| ())).to_html();
        expected.assert_eq(&sample::outline(&html));
    });
}

#[test]
fn the_question_before_a_tree_is_ended() {
    let key = sample::key(7);
    let told = Answered::Tree(key, Ok(sample::tree(7)));
    check(
        vec![Msg::AskKill(key), Msg::Answered(told)],
        &expect![[r#"
            h3 Kill “
            bdi Parse nested lists ”?
            dt Project
            bdi parser
            dt Directory
            bdi /home/ada/work/parser
            dt Process
            bdi 7 of ada
            dt Running for
            bdi 2 h
            dt State
            span data-look="working title="Claude Code's own file for this session says so. Working
            p It is at work: what it is doing now is cut off. Only Claude Code itself
            p 3 processes end. Memory that comes back: 120 MB.
            h4 Ends (3)
            bdi claude
            span 40 MB
            span Process 7: Claude Code itself
            bdi node mcp-server.js
            span 40 MB
            span Process 71: started by process 7
            bdi npm run dev
            span ≤ 60 MB
            span Process 72: seen to descend from it 1 min ago
            h4 Spared (1)
            bdi claude -p hello
            span Process 73: a Claude Code session of its own
            h4 Not proved to be its own: left alone (1)
            bdi python3
            span ≤ 10 MB
            span Process 74: it has the session's CLAUDE_CODE_SESSION_ID, as has everything that is started from a terminal opened there
            p What ends is asked to, and is killed if it has not ended in time. The conversation stays on disk: it can be resumed from Recent.
            button Cancel
            button Kill session
        "#]],
    );
}

#[test]
fn the_question_before_a_selection_is_ended() {
    let select = |pid| Msg::Select {
        key: sample::key(pid),
        chosen: true,
        reach: Reach::Row,
    };
    check(
        vec![select(7), select(8), Msg::AskAll(Deed::Kill)],
        &expect![[r#"
            h3 Kill 1 session?
            p Memory: 214 MB, without what they run.
            h4 1 session
            bdi Parse nested lists
            span 214 MB
            span Working · parser · process 7
            span It is at work: what it is doing now is cut off.
            h4 Left alone (1)
            bdi Parse nested lists
            span 214 MB
            span Idle · parser · process 8
            span Process 8 belongs to bob; ask them.
            p Each is asked to end, with what it runs, and is killed if it has not ended in time. The conversations stay on disk: they can be resumed from Recent.
            button Cancel
            button Kill 1 session
        "#]],
    );
}

#[test]
fn the_history() {
    let audit = Audit {
        ok: true,
        entries: vec![sample::entry("9")],
        more: true,
    };
    let told = Answered::Audit(None, Ok(audit));
    check(
        vec![Msg::AskHistory, Msg::Answered(told)],
        &expect![[r#"
            h3 History of actions
            h4 2026-09-21
            bdi Kill · parser · process 7
            span 10 min ago
            span 14:03 UTC · by user 1000 · plan: 5 processes, 1 spared
            span exited (2 s)
            button Show older
            button Close
        "#]],
    );
}
