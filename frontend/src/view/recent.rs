//! The conversations that can be taken up again.

use leptos::prelude::*;
use wire::SessionId;

use crate::{
    model::Msg,
    screen::{
        Screen,
        recent::{Elsewhere, RecentRow, ResumeView},
    },
    view::{
        Send,
        badge::badge,
        bound::{each, flag, maybe, part, press, text},
        icon::{COPY, icon},
        row::branch_view,
    },
};

pub(super) fn recent(screen: Screen, send: Send) -> AnyView {
    let recent = screen.recent;
    let more = Memo::new(move |_| recent.with(|r| r.more));
    view! {
        <section class="sm-section sm-recent" aria-labelledby="sm-recent-title">
            <div class="sm-head">
                <h3 id="sm-recent-title">"Recent"</h3>
                <span class="sm-count">{text(move || recent.with(|r| r.total.map(|total| total.to_string()).unwrap_or_default()))}</span>
                <label class="sm-days">
                    <span class="sm-unseen">"How far back"</span>
                    <select
                        on:change=move |event| {
                            if let Ok(days) = event_target_value(&event).parse() {
                                send.run(Msg::RecentDays(days));
                            }
                        }
                    >
                        <option value="1">"Last day"</option>
                        <option value="7" selected=true>"Last 7 days"</option>
                        <option value="30">"Last 30 days"</option>
                        <option value="365">"Last year"</option>
                    </select>
                </label>
            </div>
            <p class="sm-note sm-recent-note" role="status" dir="auto">{text(move || recent.with(|r| r.note.clone().unwrap_or_default()))}</p>
            <ul class="sm-list" role="list">
                {each(screen.recent_rows, |id| id.to_string(), move |id, cell| row(id, cell, send))}
            </ul>
            <button
                type="button"
                class="sm-button sm-more"
                hidden=flag(move || more.get() == 0)
                on:click=press(move || send.run(Msg::RecentMore))
            >
                {text(move || format!("Show more ({} left)", more.get()))}
            </button>
        </section>
    }
    .into_any()
}

fn row(id: SessionId, row: ArcRwSignal<RecentRow>, send: Send) -> AnyView {
    let row = RwSignal::from(row);
    let (session, name_id) = (id.to_string(), format!("sm-recent-{id}"));
    let (about, opened, here, branched) = (id.clone(), id.clone(), id.clone(), id.clone());
    let branch = Memo::new(move |_| row.with(|r| r.branch.clone()));
    let resume = Memo::new(move |_| row.with(|r| r.resume.clone()));
    let running = move || resume.get() == ResumeView::Running;
    let offered = Memo::new(move |_| !matches!(resume.get(), ResumeView::Done { .. }));
    view! {
        <li class="sm-row" data-session=session>
            <div class="sm-line">
                <span class="sm-chevron"></span>
                <div class="sm-state">
                    {badge(move || row.with(|r| r.badge))}
                    <span class="sm-since">{text(move || row.with(|r| format!("{} ago", r.age)))}</span>
                </div>
                <div class="sm-what">
                    <div class="sm-names">
                        <button
                            type="button"
                            class="sm-fold"
                            id=name_id.clone()
                            title="Look at this conversation"
                            on:click=press(move || send.run(Msg::Open(opened.clone())))
                        >
                            <bdi>{text(move || row.with(|r| r.heading.clone()))}</bdi>
                        </button>
                        <bdi class="sm-alias">{text(move || row.with(|r| r.prompt.clone().unwrap_or_default()))}</bdi>
                    </div>
                    <div class="sm-place">
                        <bdi class="sm-path">
                            <span class="sm-folder">{text(move || row.with(|r| r.folder.clone()))}</span>
                            <span class="sm-project">{text(move || row.with(|r| r.project.clone()))}</span>
                        </bdi>
                        {part(move || maybe(branch.get(), branch_view))}
                    </div>
                </div>
                <div class="sm-cell sm-size sm-number">
                    <span class="sm-unseen">"Size "</span>
                    {text(move || row.with(|r| r.size.clone()))}
                </div>
                <div class="sm-do">
                    <button
                        type="button"
                        class="sm-button sm-resume"
                        hidden=flag(move || !offered.get())
                        aria-disabled=text(move || running().to_string())
                        aria-describedby=name_id.clone()
                        title="Go on in this conversation on this page"
                        on:click=press(move || send.run(Msg::GoOn(here.clone())))
                    >
                        "Go on here"
                    </button>
                    <button
                        type="button"
                        class="sm-button"
                        hidden=flag(move || !offered.get())
                        aria-disabled=text(move || running().to_string())
                        aria-describedby=name_id.clone()
                        title="Go on from the same point on this page, in a conversation of its own"
                        on:click=press(move || send.run(Msg::Branch(branched.clone())))
                    >
                        "Fork"
                    </button>
                    <button
                        type="button"
                        class="sm-button"
                        hidden=flag(move || !offered.get())
                        aria-disabled=text(move || running().to_string())
                        aria-describedby=name_id
                        title="Go on in a terminal of its own, in tmux"
                        on:click=press(move || send.run(Msg::Resume(id.clone())))
                    >
                        {text(move || if running() { "Resuming…" } else { "Resume" }.to_owned())}
                    </button>
                </div>
                {part(move || outcome(&about, resume.get(), send))}
            </div>
        </li>
    }
    .into_any()
}

fn outcome(id: &SessionId, resume: ResumeView, send: Send) -> AnyView {
    match resume {
        ResumeView::Offered | ResumeView::Running => ().into_any(),
        ResumeView::Failed {
            sentence,
            elsewhere,
        } => {
            let fork = maybe(elsewhere, |elsewhere| {
                open_elsewhere(id.clone(), elsewhere, send)
            });
            view! {
                <p class="sm-why sm-bad" dir="auto">{sentence}</p>
                {fork}
            }
            .into_any()
        }
        ResumeView::Done {
            pid,
            attach,
            note,
            forked,
        } => {
            let what = if forked {
                format!("Goes on in a conversation of its own, as process {pid}. Attach with")
            } else {
                format!("Runs again as process {pid}. Attach with")
            };
            view! {
                <div class="sm-why sm-attach">
                    <span>{what}</span>
                    {command(attach, send)}
                    <span dir="auto">{note.unwrap_or_default()}</span>
                </div>
            }
            .into_any()
        }
    }
}

fn command(attach: String, send: Send) -> AnyView {
    let copied = attach.clone();
    view! {
        <code class="sm-exact">{attach}</code>
        <button
            type="button"
            class="sm-copy"
            aria-label="Copy attach command"
            title="Copy"
            on:click=press(move || send.run(Msg::Copy(copied.clone())))
        >
            {icon(COPY)}
        </button>
    }
    .into_any()
}

fn open_elsewhere(id: SessionId, elsewhere: Elsewhere, send: Send) -> AnyView {
    let attach = maybe(
        Some(elsewhere.attach).filter(|attach| !attach.is_empty()),
        |attach| command(attach, send),
    );
    view! {
        <div class="sm-why sm-attach">
            <span dir="auto">{elsewhere.what}</span>
            {attach}
            <button
                type="button"
                class="sm-button sm-resume"
                title="Go on from the same point in a conversation of its own (--fork-session)"
                on:click=press(move || send.run(Msg::Fork(id.clone())))
            >
                "Fork in tmux"
            </button>
        </div>
    }
    .into_any()
}
