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
        choice::check,
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
    let busy = move || row.with(|r| r.progress.is_some());
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
                {check(
                    move || row.with(|r| format!("Select {}", r.heading)),
                    move || row.with(|r| r.chosen),
                    move |chosen, reach| send.run(Msg::Select { key, chosen, reach }),
                )}
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
                        class="sm-button sm-open"
                        hidden=flag(move || row.with(|r| r.conversation.is_none()))
                        aria-describedby=name_id.clone()
                        title="Look at its conversation, and talk to it where it is held here"
                        on:click=press(move || if let Some(id) = row.with_untracked(|r| r.conversation.clone()) { send.run(Msg::Open(id)) })
                    >
                        "Open"
                    </button>
                    <button
                        type="button"
                        class="sm-button sm-kill"
                        aria-disabled=text(move || (refused() || busy()).to_string())
                        aria-describedby=format!("{name_id} {why_id}")
                        on:click=press(move || if !refusal.with_untracked(Option::is_some) { send.run(Msg::AskKill(key)) })
                    >
                        {text(move || if row.with(|r| r.ending) { "Ending…" } else { "Kill" }.to_owned())}
                    </button>
                </div>
                <p class="sm-progress" role="status">{text(move || row.with(|r| r.progress.clone().unwrap_or_default()))}</p>
                // It stays when it is empty: the button is described by it.
                <p class="sm-why" id=why_id.clone()>
                    {part(move || maybe(refusal.get(), why))}
                </p>
            </div>
            <div class="sm-reasons" id=reasons_id role="status" hidden=flag(move || !explained())>
                {part(move || maybe(reasons.get(), why_view))}
            </div>
            <div class="sm-detail" id=detail_id.clone() hidden=flag(move || !unfolded.get())>
                {part(move || maybe(unfolded.get().then_some(()), |()| details(key, row, send)))}
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
mod tests;
