use expect_test::{Expect, expect};
use wire::{
    Actions, Ask, Choice, Code, Confidence, Permit, Question, Rule, RunningTool, Session, State,
    StateSource,
};

use super::*;
use crate::{
    model::{Answered, Model, Surroundings, answer::Rows, update::update},
    sample::{self, NOW},
    screen,
};

/// Prints the text of a session's row and its controls, one a line, without the drawings.
fn outline(session: Session, messages: Vec<Msg>) -> String {
    Owner::new().with(|| {
        let mut model = Model::new(Surroundings::default());
        update(&mut model, Msg::Start, NOW);
        let rows = Rows {
            rows: vec![session],
            newer: 0,
        };
        update(&mut model, Msg::Answered(Answered::Live(1, Ok(rows))), NOW);
        for message in messages {
            update(&mut model, message, NOW);
        }
        let (key, view) = screen::row::rows(&model).remove(0);
        let html = row(key, ArcRwSignal::new(view), Callback::new(|_| ())).to_html();
        sample::outline(&html)
    })
}

/// The whole row.
fn check(session: Session, messages: Vec<Msg>, expected: &Expect) {
    expected.assert_eq(&outline(session, messages));
}

/// The lines that a plain session's row has not.
fn check_other(session: Session, messages: Vec<Msg>, expected: &Expect) {
    let key = sample::key(7);
    let unfolded = outline(sample::session(7), vec![Msg::Fold(key)]);
    let plain: Vec<&str> = unfolded.lines().collect();
    let row = outline(session, messages);
    let other = row.lines().filter(|line| !plain.contains(line));
    expected.assert_eq(&other.fold(String::new(), |all, line| all + line + "\n"));
}

#[test]
fn a_session_that_waits() {
    let session = Session {
        state: State::WaitingPermission,
        waiting_for: Some("permission prompt".to_owned()),
        name: Some("parser-3".to_owned()),
        ..sample::session(7)
    };
    check_other(
        session,
        Vec::new(),
        &expect![[r#"
            span data-look="waiting title="Claude Code's own file for this session says so. Needs permission
            button aria-expanded="false
            bdi parser-3
            div hidden class="sm-detail"
        "#]],
    );
}

#[test]
fn a_session_that_cant_be_killed() {
    let error = "Process 7 belongs to bob; ask them.".to_owned();
    let session = Session {
        stuck: true,
        state: State::Working,
        actions: Actions {
            kill: Permit::Refused {
                code: Code::NotYours,
                error,
            },
        },
        ..sample::session(7)
    };
    check_other(
        session,
        Vec::new(),
        &expect![[r#"
            span data-look="working title="Claude Code's own file for this session says so. Working
            button aria-expanded="false
            span data-look="stuck title="It works, but nothing has moved for a long time. stuck
            span ( It works, but nothing has moved for a long time. )
            button aria-disabled="true Kill
            span Process 7 belongs to bob; ask them.
            div hidden class="sm-detail"
        "#]],
    );
}

#[test]
fn an_unfolded_session() {
    let key = sample::key(7);
    let context = Answered::Context(key, Ok(sample::context(7)));
    check(
        sample::session(7),
        vec![Msg::Fold(key), Msg::Answered(context)],
        &expect![[r#"
            input aria-label="Select Parse nested lists"
            span data-look="idle title="Claude Code's own file for this session says so. Idle
            span 5 min · registry
            button aria-label="Why this state title="Why this state aria-expanded="false
            button aria-expanded="true
            bdi Parse nested lists
            span ~/work/
            span parser
            bdi main
            span User
            bdi ada
            span Uptime 2 h
            span Memory 214 MB
            button title="Look at its conversation, and talk to it where it is held here Open
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
            h4 Last prompt
            p make the parser faster
            h4 Last answer
            p Done: it is.
            dt State
            bdi It is at its prompt. Claude Code's own file for this session says so.
            dt Since
            bdi 5 min ago
            dt Model
            bdi claude-opus-4
            dt Last activity
            bdi 5 min ago
            dt Claude Code
            bdi 2.1.329 · interactive · cli
            dt Directory
            bdi /home/ada/work/parser
            button aria-label="Copy directory title="Copy
            dt Session id
            bdi aaaaaaaa-0000-4000-8000-000000000007
            button aria-label="Copy session id title="Copy
            dt Process
            bdi 7
            button aria-label="Copy process title="Copy
            div aria-label="Signals
            button aria-disabled="false Pause
            button aria-disabled="false Interrupt…
            p Pause (SIGSTOP): it and what it runs stand still. Interrupt: the turn ends, where it is held or in tmux; else Claude Code exits (SIGINT).
        "#]],
    );
}

#[test]
fn a_permission_is_asked_for_with_the_tool_and_its_input() {
    let session = Session {
        state: State::WaitingPermission,
        ask: Some(Ask::Permission {
            tool: "Bash".to_owned(),
            input: "rm -rf build\ncargo build".to_owned(),
        }),
        ..sample::session(7)
    };
    check_other(
        session,
        vec![Msg::Fold(sample::key(7))],
        &expect![[r#"
            span data-look="waiting title="Claude Code's own file for this session says so. Needs permission
            bdi Bash
            bdi rm -rf build cargo build
            span title="
            h4 Asks to use Bash
            p rm -rf build
            cargo build
            bdi It asks whether it may use a tool, or whether its plan is approved. Claude Code's own file for this session says so.
        "#]],
    );
}

#[test]
fn a_question_has_its_options() {
    let choice = |label: &str, description: Option<&str>| Choice {
        label: label.to_owned(),
        description: description.map(str::to_owned),
    };
    let question = |header: Option<&str>, question: &str, options| Question {
        question: question.to_owned(),
        header: header.map(str::to_owned),
        multi_select: header.is_none(),
        options,
    };
    let questions = vec![
        question(
            Some("Colour"),
            "Which colour?",
            vec![choice("Red", Some("warm")), choice("Blue", None)],
        ),
        question(None, "Which sizes?", vec![choice("S", None)]),
    ];
    let session = Session {
        state: State::WaitingInput,
        ask: Some(Ask::Question { questions }),
        ..sample::session(7)
    };
    check_other(
        session,
        vec![Msg::Fold(sample::key(7))],
        &expect![[r#"
            span data-look="waiting title="Claude Code's own file for this session says so. Has a question
            bdi Colour
            bdi Which colour? (and 1 more)
            bdi Red
            bdi Blue
            span title="
            h4 Asks · Colour
            p Which colour?
            • Red: warm
            • Blue
            h4 Asks
            p Which sizes?
            • S
            (More than one may be chosen.)
            bdi It has put a question and goes on when it is answered. Claude Code's own file for this session says so.
        "#]],
    );
}

#[test]
fn a_plan_is_told_by_its_first_line_and_whole_in_the_detail() {
    let session = Session {
        state: State::WaitingPermission,
        ask: Some(Ask::Plan {
            text: "\n# Split the parser\n\n1. Read\n2. Write".to_owned(),
        }),
        ..sample::session(7)
    };
    check_other(
        session,
        vec![Msg::Fold(sample::key(7))],
        &expect![[r#"
            span data-look="waiting title="Claude Code's own file for this session says so. Needs permission
            bdi Plan
            bdi Split the parser
            span title="
            h4 Asks to carry out this plan
            p # Split the parser

            1. Read
            2. Write
            bdi It asks whether it may use a tool, or whether its plan is approved. Claude Code's own file for this session says so.
        "#]],
    );
}

#[test]
fn a_question_in_plain_text_is_a_mark() {
    let session = Session {
        asks: true,
        ask: Some(Ask::Text {
            text: "Shall I go on?".to_owned(),
        }),
        ..sample::session(7)
    };
    check_other(
        session,
        vec![Msg::Fold(sample::key(7))],
        &expect![[r#"
            span data-look="asks title="It is at its prompt, and its last answer ends with a question. asks
            span ( It is at its prompt, and its last answer ends with a question. )
            h4 Asks
            p Shall I go on?
        "#]],
    );
}

#[test]
fn a_long_tool_is_told_with_its_age() {
    let tool = RunningTool {
        name: "Bash".to_owned(),
        input: "cargo build".to_owned(),
        since: Some(NOW - 45 * 60_000),
    };
    let session = Session {
        state: State::Working,
        tool: Some(tool),
        ..sample::session(7)
    };
    check_other(
        session,
        vec![Msg::Fold(sample::key(7))],
        &expect![[r#"
            span data-look="working title="Claude Code's own file for this session says so. Working
            bdi Bash
            bdi cargo build
            span title="It has been running for more than 5 minutes. That alone is no sign of trouble. 45 min
            h4 Uses Bash, for 45 min
            p cargo build
            bdi It works on a request. Claude Code's own file for this session says so.
        "#]],
    );
}

#[test]
fn what_is_inferred_or_unknown_says_so() {
    let inferred = Session {
        state: State::Working,
        state_source: StateSource::Transcript,
        confidence: Confidence::Inferred,
        rule: Rule::ModelsTurn,
        ..sample::session(7)
    };
    check_other(
        inferred,
        Vec::new(),
        &expect![[r#"
            span data-look="working data-likely="true title="The transcript ends with a prompt or a result: it is the model's turn.
            span Likely Working
            span 5 min · transcript
            button aria-expanded="false
            div hidden class="sm-detail"
        "#]],
    );
    let unknown = Session {
        state: State::Unknown,
        state_source: StateSource::Process,
        state_since: None,
        confidence: Confidence::Unknown,
        rule: Rule::RegistrySealed,
        ..sample::session(7)
    };
    check_other(
        unknown,
        vec![Msg::Fold(sample::key(7))],
        &expect![[r#"
            span data-look="unknown title="Its files are not ours to read; run the server as that user, or as root. Unknown
            bdi Nothing tells what it does. Its files are not ours to read; run the server as that user, or as root.
        "#]],
    );
}

#[test]
fn a_state_is_explained() {
    let key = sample::key(7);
    let answered = Answered::Why(key, Ok(sample::why(7)));
    check_other(
        sample::session(7),
        vec![Msg::Why(key), Msg::Answered(answered)],
        &expect![[r#"
            button aria-label="Why this state title="Why this state aria-expanded="true
            button aria-expanded="false
            h4 Why this state
            p Claude Code's own file for this session says so.
            li data-decided="true
            span registry
            span Its status is "idle".
            span decided
            span 5 min ago
            span hook
            span No hook has reported.
            div hidden class="sm-detail"
        "#]],
    );
}

#[test]
fn markup_is_text() {
    let title = Some("<img src=x onerror=alert(1)>".to_owned());
    check_other(
        Session {
            title,
            ..sample::session(7)
        },
        Vec::new(),
        &expect![[r#"
            input aria-label="Select &lt;img src=x onerror=alert(1)&gt;"
            button aria-expanded="false
            bdi &lt;img src=x onerror=alert(1)&gt;
            div hidden class="sm-detail"
        "#]],
    );
}
