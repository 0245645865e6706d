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
        bound::{all, each, flag, maybe, press, text},
        icon::{CROSS, icon},
    },
};

pub(super) fn toasts(screen: Screen, send: Send) -> AnyView {
    view! {
        <div class="sm-toasts" role="status" aria-live="polite" aria-relevant="additions">
            {each(screen.toasts, |id| id.to_string(), move |_, cell| toast(cell, send))}
        </div>
    }
    .into_any()
}

fn toast(toast: ArcRwSignal<Toast>, send: Send) -> AnyView {
    let Toast {
        id, tone, lines, ..
    } = toast.get_untracked();
    let words = RwSignal::from(toast);
    let look = match tone {
        Tone::Good => "sm-toast",
        Tone::Bad => "sm-toast sm-bad",
        Tone::Busy => "sm-toast sm-busy",
    };
    let details = maybe((!lines.is_empty()).then_some(lines), |lines| {
        let lines = all(lines, |line| {
            view! { <li dir="auto">{line}</li> }.into_any()
        });
        view! { <details><summary>"Process by process"</summary><ul role="list">{lines}</ul></details> }
            .into_any()
    });
    view! {
        <div class=look>
            <span class="sm-shape" aria-hidden="true"></span>
            <div>
                <p dir="auto">{text(move || words.with(|toast| toast.text.clone()))}</p>
                {details}
            </div>
            <button type="button" class="sm-copy" hidden=flag(move || tone == Tone::Busy) aria-label="Dismiss" on:click=press(move || send.run(Msg::ToastGone(id)))>
                {icon(CROSS)}
            </button>
        </div>
    }
    .into_any()
}
