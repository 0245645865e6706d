//! One deed on several targets: the question, and what came of each.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{DialogView, batch::BatchView},
    view::{
        Send,
        bound::{all, flag, part, press, text},
        group::group,
    },
};

pub(super) fn batch_body(dialog: RwSignal<DialogView>, send: Send) -> AnyView {
    // What was asked last stays readable in the moment in which the dialog closes.
    let view = Memo::new(move |last: Option<&BatchView>| {
        let view = dialog.with(|d| d.batch().cloned());
        view.or_else(|| last.cloned()).unwrap_or_default()
    });
    let groups = Memo::new(move |_| view.with(|v| v.groups.clone()));
    let confirm = move || view.with(|v| v.confirm.clone());
    let look = move || {
        if view.with(|v| v.grave) {
            "sm-button sm-danger"
        } else {
            "sm-button sm-primary"
        }
    };
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">{text(move || view.with(|v| v.title.clone()))}</h3>
        <div class="sm-dialog-body" tabindex="0">
            <p role="status">{text(move || view.with(|v| v.summary.clone()))}</p>
            {part(move || all(groups.get(), group))}
            <p class="sm-note">{text(move || view.with(|v| v.note).to_owned())}</p>
        </div>
        <div class="sm-dialog-foot">
            <button type="button" class="sm-button" autofocus=true on:click=press(move || send.run(Msg::Leave))>
                {text(move || if confirm().is_some() { "Cancel" } else { "Close" }.to_owned())}
            </button>
            <button
                type="button"
                class=text(move || look().to_owned())
                hidden=flag(move || confirm().is_none())
                on:click=press(move || send.run(Msg::Confirm))
            >
                {text(move || confirm().unwrap_or_default())}
            </button>
        </div>
    }
    .into_any()
}
