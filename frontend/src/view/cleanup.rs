//! The cleanup's plan and its result.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{
        DialogView,
        cleanup::{CleanupView, Group, Item},
    },
    view::Send,
};

pub(super) fn cleanup_body(dialog: RwSignal<DialogView>, send: Send) -> impl IntoView {
    let view = Memo::new(move |_| match dialog.get() {
        DialogView::Cleanup(view) => Some(view),
        DialogView::None | DialogView::Kill(_) => None,
    });
    let read = move |read: fn(&CleanupView) -> Option<String>| view.with(|v| v.as_ref().and_then(read));
    let busy = Memo::new(move |_| read(|v| v.busy.map(str::to_owned)));
    let failed = Memo::new(move |_| read(|v| v.failed.clone()));
    let summary = Memo::new(move |_| read(|v| v.summary.clone()));
    let confirm = Memo::new(move |_| read(|v| v.confirm.clone()));
    let groups = Memo::new(move |_| view.with(|v| v.as_ref().map(|v| v.groups.clone()).unwrap_or_default()));
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">"Clean up"</h3>
        <div class="sm-dialog-body" tabindex="0">
            <div role="status">
                {move || busy.get().map(|busy| view! { <p class="sm-note sm-busy">{busy}</p> })}
                {move || summary.get().map(|summary| view! { <p class="sm-summary">{summary}</p> })}
                {move || failed.get().map(|failed| view! { <p class="sm-warning" dir="auto">{failed}</p> })}
            </div>
            {move || groups.get().into_iter().map(group).collect_view()}
        </div>
        <div class="sm-dialog-foot">
            <button type="button" class="sm-button" autofocus=true on:click=move |_| send.run(Msg::Leave)>
                {move || if confirm.get().is_some() { "Cancel" } else { "Close" }}
            </button>
            <button
                type="button"
                class="sm-button sm-primary"
                hidden=move || confirm.get().is_none()
                on:click=move |_| send.run(Msg::Confirm)
            >
                {move || confirm.get()}
            </button>
        </div>
    }
}

fn group(group: Group) -> impl IntoView {
    let more = (group.more > 0).then(|| format!("and {} more", group.more));
    view! {
        <section class="sm-group">
            <h4>{group.title}</h4>
            <ul role="list">
                {group.items.into_iter().map(item).collect_view()}
            </ul>
            <p class="sm-note">{more}</p>
        </section>
    }
}

fn item(item: Item) -> impl IntoView {
    let bad = item.result.as_ref().is_some_and(|(bad, _)| *bad);
    let result = item.result.map(|(_, text)| text);
    view! {
        <li class="sm-item">
            <bdi class="sm-file">{item.path}</bdi>
            <span class="sm-number">{item.size}</span>
            <span class="sm-reason" dir="auto">{item.reason}</span>
            <span class="sm-result" class:sm-bad=bad dir="auto">{result}</span>
        </li>
    }
}
