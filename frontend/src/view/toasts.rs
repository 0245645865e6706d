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
        bound::{each, press},
        icon::{CROSS, icon},
    },
};

pub(super) fn toasts(screen: Screen, send: Send) -> AnyView {
    view! {
        <div class="sm-toasts" role="status" aria-live="polite" aria-relevant="additions">
            {each(screen.toasts, |id| id.to_string(), move |_, cell| toast(cell.get_untracked(), send))}
        </div>
    }
    .into_any()
}

fn toast(toast: Toast, send: Send) -> AnyView {
    let Toast { id, tone, text } = toast;
    let look = match tone {
        Tone::Good => "sm-toast",
        Tone::Bad => "sm-toast sm-bad",
    };
    view! {
        <div class=look>
            <span class="sm-shape" aria-hidden="true"></span>
            <p dir="auto">{text}</p>
            <button type="button" class="sm-copy" aria-label="Dismiss" on:click=press(move || send.run(Msg::ToastGone(id)))>
                {icon(CROSS)}
            </button>
        </div>
    }
    .into_any()
}
