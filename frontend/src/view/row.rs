//! One live session: a line that unfolds.

use leptos::prelude::*;
use wire::ProcessKey;

use crate::{
    model::Msg,
    screen::row::{Mark, RowView},
    view::{
        Send,
        badge::badge,
        bound::{all, flag, maybe, part, press, text},
        detail::details,
        icon::{BRANCH, CHEVRON, LOCK, icon},
    },
};

pub(super) fn row(key: ProcessKey, row: ArcRwSignal<RowView>, send: Send) -> AnyView {
    let row = RwSignal::from(row);
    let unfolded = Memo::new(move |_| row.with(|r| r.detail.is_some()));
    let refusal = Memo::new(move |_| row.with(|r| r.refusal.clone()));
    let refused = move || refusal.with(Option::is_some);
    let marks = Memo::new(move |_| row.with(|r| r.marks.clone()));
    let branch = Memo::new(move |_| row.with(|r| r.branch.clone()));
    let (detail_id, why_id, name_id) = (id("detail", key), id("why", key), id("name", key));
    view! {
        <li class=text(move || if row.with(|r| r.waits) { "sm-row sm-waits" } else { "sm-row" }.to_owned()) data-key=key.to_string()>
            <div class="sm-line">
                <span class="sm-chevron" data-open=text(move || unfolded.get().to_string())>
                    {icon(CHEVRON)}
                </span>
                <div class="sm-state">
                    {badge(move || row.with(|r| r.badge))}
                    <span class="sm-since">{text(move || row.with(|r| r.since.clone()))}</span>
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
    use wire::{Actions, Code, Permit, Session, State};

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
                span data-look="waiting
                span Needs permission
                span 5 min · registry
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
                span data-look="working
                span Working
                span 5 min · registry
                button aria-expanded="false
                bdi Parse nested lists
                span data-look="stuck stuck
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
                span data-look="idle
                span Idle
                span 5 min · registry
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
                h4 Last prompt
                p make the parser faster
                h4 Last answer
                p Done: it is.
                dt State
                bdi It is at its prompt. State from registry, for 5 min.
                dt Model
                bdi claude-opus-4
                dt Last activity
                bdi 5 min ago
                dt Claude Code
                bdi 2.1.329 · interactive · cli
                dt Directory
                bdi /home/ada/work/parser
                button aria-label="Copy directory
                dt Session id
                bdi aaaaaaaa-0000-4000-8000-000000000007
                button aria-label="Copy session id
                dt Process
                bdi 7
                button aria-label="Copy process
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
                span data-look="idle
                span Idle
                span 5 min · registry
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
                div hidden class="sm-detail"
            "#]],
        );
    }
}
