//! Short messages, read out by screen readers as they come.

use leptos::prelude::*;

use crate::{
    model::{
        Msg,
        toast::{Toast, Tone},
    },
    screen::Screen,
    view::{
        Send,
        icon::{CROSS, icon},
    },
};

pub(super) fn toasts(screen: Screen, send: Send) -> impl IntoView {
    view! {
        <div class="sm-toasts" role="status" aria-live="polite" aria-relevant="additions">
            <For
                each=move || screen.toasts.rows()
                key=|(id, _)| *id
                children=move |(_, toast)| toast_view(toast.get_untracked(), send)
            />
        </div>
    }
}

fn toast_view(toast: Toast, send: Send) -> impl IntoView {
    let Toast { id, tone, text } = toast;
    let bad = tone == Tone::Bad;
    view! {
        <div class="sm-toast" class:sm-bad=bad>
            <span class="sm-shape" aria-hidden="true"></span>
            <p dir="auto">{text}</p>
            <button type="button" class="sm-copy" aria-label="Dismiss" on:click=move |_| send.run(Msg::ToastGone(id))>
                {icon(CROSS)}
            </button>
        </div>
    }
}
