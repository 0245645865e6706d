//! One live session: a line that unfolds.

use leptos::prelude::*;
use wire::ProcessKey;

use crate::{
    model::Msg,
    screen::row::{Mark, RowView},
    view::{
        Send,
        act::act_view,
        badge::badge,
        bound::{all, flag, maybe, part, press, text},
        detail::details,
        icon::{BRANCH, CHEVRON, INFO, LOCK, icon},
        why::why_view,
    },
};

pub(super) fn row(key: ProcessKey, row: ArcRwSignal<RowView>, send: Send) -> AnyView {
    let row = RwSignal::from(row);
    let unfolded = Memo::new(move |_| row.with(|r| r.detail.is_some()));
    let refusal = Memo::new(move |_| row.with(|r| r.refusal.clone()));
    let refused = move || refusal.with(Option::is_some);
    let marks = Memo::new(move |_| row.with(|r| r.marks.clone()));
    let branch = Memo::new(move |_| row.with(|r| r.branch.clone()));
    let act = Memo::new(move |_| row.with(|r| r.act.clone()));
    let reasons = Memo::new(move |_| row.with(|r| r.why.clone()));
    let explained = move || reasons.with(Option::is_some);
    let (detail_id, why_id, name_id) = (id("detail", key), id("why", key), id("name", key));
    let reasons_id = id("reasons", key);
    view! {
        <li class=text(move || if row.with(|r| r.waits) { "sm-row sm-waits" } else { "sm-row" }.to_owned()) data-key=key.to_string()>
            <div class="sm-line">
                <span class="sm-chevron" data-open=text(move || unfolded.get().to_string())>
                    {icon(CHEVRON)}
                </span>
                <div class="sm-state">
                    {badge(move || row.with(|r| r.badge))}
                    <span class="sm-since">
                        <span>{text(move || row.with(|r| r.since.clone()))}</span>
                        <button
                            type="button"
                            class="sm-copy sm-info"
                            aria-label="Why this state"
                            title="Why this state"
                            aria-expanded=text(move || explained().to_string())
                            aria-controls=reasons_id.clone()
                            on:click=press(move || send.run(Msg::Why(key)))
                        >
                            {icon(INFO)}
                        </button>
                    </span>
                </div>
                <div class="sm-what">
                    <div class="sm-names">
                        <button
                            type="button"
                            class="sm-fold"
                            id=name_id.clone()
                            aria-expanded=text(move || unfolded.get().to_string())
                            aria-controls=detail_id.clone()
                            on:click=press(move || send.run(Msg::Fold(key)))
                        >
                            <bdi>{text(move || row.with(|r| r.heading.clone()))}</bdi>
                        </button>
                        <bdi class="sm-alias">{text(move || row.with(|r| r.alias.clone().unwrap_or_default()))}</bdi>
                        {part(move || all(marks.get(), chip))}
                    </div>
                    <div class="sm-place">
                        <bdi class="sm-path">
                            <span class="sm-folder">{text(move || row.with(|r| r.folder.clone()))}</span>
                            <span class="sm-project">{text(move || row.with(|r| r.project.clone()))}</span>
                        </bdi>
                        {part(move || maybe(branch.get(), branch_view))}
                    </div>
                    {part(move || maybe(act.get(), |act| act_view(act, row)))}
                </div>
                <div class="sm-cell sm-user">
                    <span class="sm-unseen">"User "</span>
                    <bdi>{text(move || row.with(|r| r.user.clone()))}</bdi>
                </div>
                <div class="sm-cell sm-number">
                    <span class="sm-unseen">"Uptime "</span>
                    {text(move || row.with(|r| r.uptime.clone()))}
                </div>
                <div class="sm-cell sm-number">
                    <span class="sm-unseen">"Memory "</span>
                    {text(move || row.with(|r| r.memory.clone()))}
                </div>
                <div class="sm-do">
                    <button
                        type="button"
                        class="sm-button sm-kill"
                        aria-disabled=text(move || (refused() || row.with(|r| r.ending)).to_string())
                        aria-describedby=format!("{name_id} {why_id}")
                        on:click=press(move || if !refusal.with_untracked(Option::is_some) { send.run(Msg::AskKill(key)) })
                    >
                        {text(move || if row.with(|r| r.ending) { "Ending…" } else { "Kill" }.to_owned())}
                    </button>
                </div>
                // It stays when it is empty: the button is described by it.
                <p class="sm-why" id=why_id.clone()>
                    {part(move || maybe(refusal.get(), why))}
                </p>
            </div>
            <div class="sm-reasons" id=reasons_id role="status" hidden=flag(move || !explained())>
                {part(move || maybe(reasons.get(), why_view))}
            </div>
            <div class="sm-detail" id=detail_id.clone() hidden=flag(move || !unfolded.get())>
                {part(move || maybe(unfolded.get().then_some(()), |()| details(row, send)))}
            </div>
        </li>
    }
    .into_any()
}

fn id(part: &str, key: ProcessKey) -> String {
    format!("sm-{part}-{}-{}", key.pid, key.start_ticks)
}

fn chip(mark: Mark) -> AnyView {
    view! {
        <span class="sm-chip" data-look=mark.look title=mark.meaning>
            {mark.word}
            <span class="sm-unseen">" (" {mark.meaning} ")"</span>
        </span>
    }
    .into_any()
}

/// The branch beside the directory.
pub(super) fn branch_view(branch: String) -> AnyView {
    view! { <span class="sm-branch">{icon(BRANCH)}<bdi>{branch}</bdi></span> }.into_any()
}

fn why(refusal: String) -> AnyView {
    view! {
        {icon(LOCK)}
        <span dir="auto">{refusal}</span>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use wire::{
        Actions, Ask, Choice, Code, Confidence, Permit, Question, Rule, RunningTool, Session,
        State, StateSource,
    };

    use super::*;
    use crate::{
        model::{Answered, Model, Surroundings, answer::Rows, update::update},
        sample::{self, NOW},
        screen,
    };

    /// Prints the text of a session's row and its controls, one a line, without the drawings.
    fn check(session: Session, messages: Vec<Msg>, expected: &Expect) {
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
            expected.assert_eq(&sample::outline(&html));
        });
    }

    #[test]
    fn a_session_that_waits() {
        let session = Session {
            state: State::WaitingPermission,
            waiting_for: Some("permission prompt".to_owned()),
            name: Some("parser-3".to_owned()),
            ..sample::session(7)
        };
        check(
            session,
            Vec::new(),
            &expect![[r#"
                span data-look="waiting title="Claude Code's own file for this session says so. Needs permission
                span 5 min · registry
                button aria-label="Why this state title="Why this state aria-expanded="false
                button aria-expanded="false
                bdi Parse nested lists
                bdi parser-3
                span ~/work/
                span parser
                bdi main
                span User
                bdi ada
                span Uptime 2 h
                span Memory 214 MB
                button aria-disabled="false Kill
                div hidden class="sm-reasons"
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
        check(
            session,
            Vec::new(),
            &expect![[r#"
                span data-look="working title="Claude Code's own file for this session says so. Working
                span 5 min · registry
                button aria-label="Why this state title="Why this state aria-expanded="false
                button aria-expanded="false
                bdi Parse nested lists
                span data-look="stuck title="It works, but nothing has moved for a long time. stuck
                span ( It works, but nothing has moved for a long time. )
                span ~/work/
                span parser
                bdi main
                span User
                bdi ada
                span Uptime 2 h
                span Memory 214 MB
                button aria-disabled="true Kill
                span Process 7 belongs to bob; ask them.
                div hidden class="sm-reasons"
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
                button aria-disabled="false Kill
                div hidden class="sm-reasons"
                h4 Last prompt
                p make the parser faster
                h4 Last answer
                p Done: it is.
                dt State
                bdi It is at its prompt. Claude Code's own file for this session says so. For 5 min.
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
        check(
            session,
            vec![Msg::Fold(sample::key(7))],
            &expect![[r#"
            span data-look="waiting title="Claude Code's own file for this session says so. Needs permission
            span 5 min · registry
            button aria-label="Why this state title="Why this state aria-expanded="false
            button aria-expanded="true
            bdi Parse nested lists
            span ~/work/
            span parser
            bdi main
            bdi Bash
            bdi rm -rf build cargo build
            span title="
            span User
            bdi ada
            span Uptime 2 h
            span Memory 214 MB
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
            p Reading the conversation…
            h4 Asks to use Bash
            p rm -rf build
            cargo build
            dt State
            bdi It asks whether it may use a tool, or whether its plan is approved. Claude Code's own file for this session says so. For 5 min.
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
        check(
            session,
            vec![Msg::Fold(sample::key(7))],
            &expect![[r#"
            span data-look="waiting title="Claude Code's own file for this session says so. Has a question
            span 5 min · registry
            button aria-label="Why this state title="Why this state aria-expanded="false
            button aria-expanded="true
            bdi Parse nested lists
            span ~/work/
            span parser
            bdi main
            bdi Colour
            bdi Which colour? (and 1 more)
            bdi Red
            bdi Blue
            span title="
            span User
            bdi ada
            span Uptime 2 h
            span Memory 214 MB
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
            p Reading the conversation…
            h4 Asks · Colour
            p Which colour?
            • Red: warm
            • Blue
            h4 Asks
            p Which sizes?
            • S
            (More than one may be chosen.)
            dt State
            bdi It has put a question and goes on when it is answered. Claude Code's own file for this session says so. For 5 min.
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
        check(
            session,
            vec![Msg::Fold(sample::key(7))],
            &expect![[r#"
                span data-look="waiting title="Claude Code's own file for this session says so. Needs permission
                span 5 min · registry
                button aria-label="Why this state title="Why this state aria-expanded="false
                button aria-expanded="true
                bdi Parse nested lists
                span ~/work/
                span parser
                bdi main
                bdi Plan
                bdi Split the parser
                span title="
                span User
                bdi ada
                span Uptime 2 h
                span Memory 214 MB
                button aria-disabled="false Kill
                div hidden class="sm-reasons"
                p Reading the conversation…
                h4 Asks to carry out this plan
                p # Split the parser

                1. Read
                2. Write
                dt State
                bdi It asks whether it may use a tool, or whether its plan is approved. Claude Code's own file for this session says so. For 5 min.
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
        check(
            session,
            vec![Msg::Fold(sample::key(7))],
            &expect![[r#"
            span data-look="idle title="Claude Code's own file for this session says so. Idle
            span 5 min · registry
            button aria-label="Why this state title="Why this state aria-expanded="false
            button aria-expanded="true
            bdi Parse nested lists
            span data-look="asks title="It is at its prompt, and its last answer ends with a question. asks
            span ( It is at its prompt, and its last answer ends with a question. )
            span ~/work/
            span parser
            bdi main
            span User
            bdi ada
            span Uptime 2 h
            span Memory 214 MB
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
            p Reading the conversation…
            h4 Asks
            p Shall I go on?
            dt State
            bdi It is at its prompt. Claude Code's own file for this session says so. For 5 min.
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
        check(
            session,
            vec![Msg::Fold(sample::key(7))],
            &expect![[r#"
            span data-look="working title="Claude Code's own file for this session says so. Working
            span 5 min · registry
            button aria-label="Why this state title="Why this state aria-expanded="false
            button aria-expanded="true
            bdi Parse nested lists
            span ~/work/
            span parser
            bdi main
            bdi Bash
            bdi cargo build
            span title="It has been running for more than 5 minutes. That alone is no sign of trouble. 45 min
            span User
            bdi ada
            span Uptime 2 h
            span Memory 214 MB
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
            p Reading the conversation…
            h4 Uses Bash, for 45 min
            p cargo build
            dt State
            bdi It works on a request. Claude Code's own file for this session says so. For 5 min.
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
        check(
            inferred,
            Vec::new(),
            &expect![[r#"
            span data-look="working data-likely="true title="The transcript ends with a prompt or a result: it is the model's turn.
            span Likely Working
            span 5 min · transcript
            button aria-label="Why this state title="Why this state aria-expanded="false
            button aria-expanded="false
            bdi Parse nested lists
            span ~/work/
            span parser
            bdi main
            span User
            bdi ada
            span Uptime 2 h
            span Memory 214 MB
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
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
        check(
            unknown,
            vec![Msg::Fold(sample::key(7))],
            &expect![[r#"
            span data-look="unknown title="Its files are not ours to read; run the server as that user, or as root. Unknown
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
            button aria-disabled="false Kill
            div hidden class="sm-reasons"
            p Reading the conversation…
            dt State
            bdi Nothing tells what it does. Its files are not ours to read; run the server as that user, or as root. Since when is not recorded.
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
        "#]],
        );
    }

    #[test]
    fn a_state_is_explained() {
        let key = sample::key(7);
        let answered = Answered::Why(key, Ok(sample::why(7)));
        check(
            sample::session(7),
            vec![Msg::Why(key), Msg::Answered(answered)],
            &expect![[r#"
                span data-look="idle title="Claude Code's own file for this session says so. Idle
                span 5 min · registry
                button aria-label="Why this state title="Why this state aria-expanded="true
                button aria-expanded="false
                bdi Parse nested lists
                span ~/work/
                span parser
                bdi main
                span User
                bdi ada
                span Uptime 2 h
                span Memory 214 MB
                button aria-disabled="false Kill
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
        check(
            Session {
                title,
                ..sample::session(7)
            },
            Vec::new(),
            &expect![[r#"
                span data-look="idle title="Claude Code's own file for this session says so. Idle
                span 5 min · registry
                button aria-label="Why this state title="Why this state aria-expanded="false
                button aria-expanded="false
                bdi &lt;img src=x onerror=alert(1)&gt;
                span ~/work/
                span parser
                bdi main
                span User
                bdi ada
                span Uptime 2 h
                span Memory 214 MB
                button aria-disabled="false Kill
                div hidden class="sm-reasons"
                div hidden class="sm-detail"
            "#]],
        );
    }
}
