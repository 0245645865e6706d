//! One live session: a line that unfolds.

use leptos::prelude::*;
use wire::ProcessKey;

use crate::{
    model::Msg,
    screen::row::{Mark, RowView},
    view::{
        Send,
        badge::badge,
        detail::details,
        icon::{BRANCH, CHEVRON, LOCK, icon},
    },
};

pub(super) fn row(key: ProcessKey, row: ArcRwSignal<RowView>, send: Send) -> impl IntoView {
    let row = RwSignal::from(row);
    let unfolded = Memo::new(move |_| row.with(|r| r.detail.is_some()));
    let refused = Memo::new(move |_| row.with(|r| r.refusal.is_some()));
    let marks = Memo::new(move |_| row.with(|r| r.marks.clone()));
    let alias = Memo::new(move |_| row.with(|r| r.alias.clone()));
    let branch = Memo::new(move |_| row.with(|r| r.branch.clone()));
    let (detail_id, why_id, name_id) = (id("detail", key), id("why", key), id("name", key));
    view! {
        <li class="sm-row" class:sm-waits=move || row.with(|r| r.waits) data-key=key.to_string()>
            <div class="sm-line">
                <span class="sm-chevron" data-open=move || unfolded.get().then_some("")>
                    {icon(CHEVRON)}
                </span>
                <div class="sm-state">
                    {badge(move || row.with(|r| r.badge))}
                    <span class="sm-since">{move || row.with(|r| r.since.clone())}</span>
                </div>
                <div class="sm-what">
                    <div class="sm-names">
                        <button
                            type="button"
                            class="sm-fold"
                            id=name_id.clone()
                            aria-expanded=move || unfolded.get().to_string()
                            aria-controls=detail_id.clone()
                            on:click=move |_| send.run(Msg::Fold(key))
                        >
                            <bdi>{move || row.with(|r| r.heading.clone())}</bdi>
                        </button>
                        {move || alias.get().map(|alias| view! { <bdi class="sm-alias">{alias}</bdi> })}
                        {move || marks.get().into_iter().map(chip).collect_view()}
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
                <div class="sm-cell sm-user">
                    <span class="sm-unseen">"User "</span>
                    <bdi>{move || row.with(|r| r.user.clone())}</bdi>
                </div>
                <div class="sm-cell sm-number">
                    <span class="sm-unseen">"Uptime "</span>
                    {move || row.with(|r| r.uptime.clone())}
                </div>
                <div class="sm-cell sm-number">
                    <span class="sm-unseen">"Memory "</span>
                    {move || row.with(|r| r.memory.clone())}
                </div>
                <div class="sm-do">
                    <button
                        type="button"
                        class="sm-button sm-kill"
                        aria-disabled=move || (refused.get() || row.with(|r| r.ending)).to_string()
                        aria-describedby=format!("{name_id} {why_id}")
                        on:click=move |_| if !refused.get_untracked() { send.run(Msg::AskKill(key)) }
                    >
                        {move || if row.with(|r| r.ending) { "Ending…" } else { "Kill" }}
                    </button>
                </div>
                // It stays when it is empty: the button is described by it.
                <p class="sm-why" id=why_id.clone()>
                    {move || refused.get().then(|| view! {
                        {icon(LOCK)}
                        <span dir="auto">{move || row.with(|r| r.refusal.clone())}</span>
                    })}
                </p>
            </div>
            <div class="sm-detail" id=detail_id.clone() hidden=move || !unfolded.get()>
                <Show when=move || unfolded.get()>
                    {details(row, send)}
                </Show>
            </div>
        </li>
    }
}

fn id(part: &str, key: ProcessKey) -> String {
    format!("sm-{part}-{}-{}", key.pid, key.start_ticks)
}

fn chip(mark: Mark) -> impl IntoView {
    view! {
        <span class="sm-chip" data-look=mark.look title=mark.meaning>
            {mark.word}
            <span class="sm-unseen">" (" {mark.meaning} ")"</span>
        </span>
    }
}
