//! The cleanup's plan and its result.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{DialogView, cleanup::CleanupView},
    view::{
        Send,
        bound::{all, flag, part, press, text},
        group::group,
    },
};

pub(super) fn cleanup_body(dialog: RwSignal<DialogView>, send: Send) -> AnyView {
    let view = Memo::new(move |_| dialog.with(|d| d.cleanup().cloned()));
    let read =
        move |read: fn(&CleanupView) -> Option<String>| view.with(|v| v.as_ref().and_then(read));
    let said = move |part: fn(&CleanupView) -> Option<String>| {
        text(move || read(part).unwrap_or_default())
    };
    let confirm = move || read(|v| v.confirm.clone());
    let groups =
        Memo::new(move |_| view.with(|v| v.as_ref().map(|v| v.groups.clone()).unwrap_or_default()));
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">"Clean up"</h3>
        <div class="sm-dialog-body" tabindex="0">
            <div role="status">
                <p class="sm-note">{said(|v| v.busy.map(str::to_owned))}</p>
                <p>{said(|v| v.summary.clone())}</p>
                <p class="sm-warning" dir="auto">{said(|v| v.failed.clone())}</p>
            </div>
            {part(move || all(groups.get(), group))}
        </div>
        <div class="sm-dialog-foot">
            <button type="button" class="sm-button" autofocus=true on:click=press(move || send.run(Msg::Leave))>
                {text(move || if confirm().is_some() { "Cancel" } else { "Close" }.to_owned())}
            </button>
            <button
                type="button"
                class="sm-button sm-primary"
                hidden=flag(move || confirm().is_none())
                on:click=press(move || send.run(Msg::Confirm))
            >
                {said(|v| v.confirm.clone())}
            </button>
        </div>
    }
    .into_any()
}
