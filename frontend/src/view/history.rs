//! What was done, newest first.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{DialogView, history::HistoryView},
    view::{
        Send,
        bound::{all, flag, part, press, text},
        group::group,
        rules::rules_button,
    },
};

pub(super) fn history_body(dialog: RwSignal<DialogView>, send: Send) -> AnyView {
    let view = Memo::new(move |last: Option<&HistoryView>| {
        let view = dialog.with(|d| d.history().cloned());
        view.or_else(|| last.cloned()).unwrap_or_default()
    });
    let groups = Memo::new(move |_| view.with(|v| v.groups.clone()));
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">"History of actions"</h3>
        <div class="sm-dialog-body" tabindex="0">
            {part(move || all(groups.get(), group))}
            <p class="sm-note" role="status" dir="auto">{text(move || view.with(|v| v.note.clone()))}</p>
        </div>
        <div class="sm-dialog-foot">
            <button
                type="button"
                class="sm-button"
                hidden=flag(move || !view.with(|v| v.more))
                on:click=press(move || send.run(Msg::HistoryMore))
            >
                "Show older"
            </button>
            <button type="button" class="sm-button" autofocus=true on:click=press(move || send.run(Msg::Leave))>
                "Close"
            </button>
        </div>
    }
    .into_any()
}

/// The way to it and to the rules, at the page's end.
pub(super) fn history_button(send: Send) -> AnyView {
    view! {
        <div class="sm-foot">
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::AskHistory))>
                "History of actions…"
            </button>
            {rules_button(send)}
        </div>
    }
    .into_any()
}
