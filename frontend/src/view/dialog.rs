//! The one modal dialog, whatever it asks.
//!
//! The element is always there: the browser opens and closes it (`focus.rs`), and keeps focus inside meanwhile.

use leptos::{
    ev::{Event, KeyboardEvent},
    prelude::*,
};

use crate::{
    focus,
    model::Msg,
    screen::{DialogView, Screen},
    view::{
        Send, batch::batch_body, bound::part, cleanup::cleanup_body, history::history_body,
        kill::kill_body, question::question_body, rules::rules_body, start::start_body,
    },
};

pub(super) fn modal(screen: Screen, send: Send) -> AnyView {
    let dialog = screen.dialog;
    let kind = Memo::new(move |_| {
        dialog.with(|d| match d {
            DialogView::None => Kind::None,
            DialogView::Kill(_) => Kind::Kill,
            DialogView::Batch(_) => Kind::Batch,
            DialogView::History(_) => Kind::History,
            DialogView::Rules(_) => Kind::Rules,
            DialogView::Cleanup(_) => Kind::Cleanup,
            DialogView::Start(_) => Kind::Start,
            DialogView::Talk(_) => Kind::Talk,
        })
    });
    view! {
        <dialog
            class="sm-dialog"
            aria-labelledby="sm-dialog-title"
            // Esc: the model decides, and the element follows.
            on:cancel=move |event: Event| {
                event.prevent_default();
                send.run(Msg::Leave);
            }
            on:keydown=move |event: KeyboardEvent| focus::keep_inside(&event)
        >
            {part(move || match kind.get() {
                Kind::None => ().into_any(),
                Kind::Kill => kill_body(dialog, send),
                Kind::Batch => batch_body(dialog, send),
                Kind::History => history_body(dialog, send),
                Kind::Rules => rules_body(screen, send),
                Kind::Cleanup => cleanup_body(dialog, send),
                Kind::Start => start_body(dialog, send),
                Kind::Talk => question_body(dialog, send),
            })}
        </dialog>
    }
    .into_any()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Kill,
    Batch,
    History,
    Rules,
    Cleanup,
    Start,
    Talk,
}

#[cfg(test)]
mod tests;
