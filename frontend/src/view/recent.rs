//! The conversations that can be taken up again.

use leptos::prelude::*;
use wire::SessionId;

use crate::{
    model::Msg,
    screen::{
        Screen,
        recent::{RecentRow, ResumeView},
    },
    view::{
        Send,
        badge::badge,
        icon::{BRANCH, COPY, icon},
    },
};

pub(super) fn recent(screen: Screen, send: Send) -> impl IntoView {
    let recent = screen.recent;
    let more = Memo::new(move |_| recent.with(|r| r.more));
    let note = Memo::new(move |_| recent.with(|r| r.note.clone()));
    view! {
        <section class="sm-section sm-recent" aria-labelledby="sm-recent-title">
            <div class="sm-head">
                <h3 id="sm-recent-title">"Recent"</h3>
                <span class="sm-count">{move || recent.with(|r| r.total.map(|total| total.to_string()))}</span>
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
            {move || note.get().map(|note| view! { <p class="sm-note sm-recent-note" role="status" dir="auto">{note}</p> })}
            <ul class="sm-list" role="list">
                <For
                    each=move || screen.recent_rows.rows()
                    key=|(id, _)| id.as_str().to_owned()
                    children=move |(id, cell)| row(id, cell, send)
                />
            </ul>
            <button
                type="button"
                class="sm-button sm-more"
                hidden=move || more.get() == 0
                on:click=move |_| send.run(Msg::RecentMore)
            >
                {move || format!("Show more ({} left)", more.get())}
            </button>
        </section>
    }
}

fn row(id: SessionId, row: ArcRwSignal<RecentRow>, send: Send) -> impl IntoView {
    let row = RwSignal::from(row);
    let name_id = format!("sm-recent-{id}");
    let prompt = Memo::new(move |_| row.with(|r| r.prompt.clone()));
    let branch = Memo::new(move |_| row.with(|r| r.branch.clone()));
    let resume = Memo::new(move |_| row.with(|r| r.resume.clone()));
    let running = move || resume.get() == ResumeView::Running;
    let offered = Memo::new(move |_| !matches!(resume.get(), ResumeView::Live(_) | ResumeView::Done { .. }));
    let ask = StoredValue::new(id.clone());
    let described = name_id.clone();
    view! {
        <li class="sm-row" data-session=id.to_string()>
            <div class="sm-line">
                <span class="sm-chevron"></span>
                <div class="sm-state">
                    {badge(move || row.with(|r| r.badge))}
                    <span class="sm-since">{move || row.with(|r| format!("{} ago", r.age))}</span>
                </div>
                <div class="sm-what">
                    <div class="sm-names">
                        <bdi class="sm-name" id=name_id>{move || row.with(|r| r.heading.clone())}</bdi>
                        {move || prompt.get().map(|prompt| view! { <bdi class="sm-alias">{prompt}</bdi> })}
                    </div>
                    <div class="sm-place">
                        <bdi class="sm-path">
                            <span class="sm-folder">{move || row.with(|r| r.folder.clone())}</span>
                            <span class="sm-project">{move || row.with(|r| r.project.clone())}</span>
                        </bdi>
                        {move || branch.get().map(|branch| view! {
                            <span class="sm-branch">{icon(BRANCH)}<bdi>{branch}</bdi></span>
                        })}
                    </div>
                </div>
                <div class="sm-cell sm-size sm-number">
                    <span class="sm-unseen">"Size "</span>
                    {move || row.with(|r| r.size.clone())}
                </div>
                <div class="sm-do">
                    <Show when=move || offered.get()>
                        <button
                            type="button"
                            class="sm-button sm-resume"
                            aria-disabled=move || running().to_string()
                            aria-describedby=described.clone()
                            on:click=move |_| send.run(Msg::Resume(ask.get_value()))
                        >
                            {move || if running() { "Resuming…" } else { "Resume" }}
                        </button>
                    </Show>
                </div>
                {move || outcome(resume.get(), send)}
            </div>
        </li>
    }
}

fn outcome(resume: ResumeView, send: Send) -> Option<AnyView> {
    match resume {
        ResumeView::Offered | ResumeView::Running => None,
        ResumeView::Live(pid) => Some(
            view! { <p class="sm-why">{format!("Open in process {pid}; end that one before resuming.")}</p> }.into_any(),
        ),
        ResumeView::Failed(sentence) => {
            Some(view! { <p class="sm-why sm-bad" dir="auto">{sentence}</p> }.into_any())
        }
        ResumeView::Done { pid, attach, note } => {
            let copied = attach.clone();
            Some(
                view! {
                    <div class="sm-why sm-attach">
                        <span>{format!("Runs again as process {pid}. Attach with")}</span>
                        <code class="sm-exact">{attach}</code>
                        <button
                            type="button"
                            class="sm-copy"
                            aria-label="Copy attach command"
                            title="Copy"
                            on:click=move |_| send.run(Msg::Copy(copied.clone()))
                        >
                            {icon(COPY)}
                        </button>
                        {note.map(|note| view! { <span dir="auto">{note}</span> })}
                    </div>
                }
                .into_any(),
            )
        }
    }
}
