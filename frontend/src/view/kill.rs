//! The question before a session is ended.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{DialogView, kill::KillView},
    view::{
        Send,
        badge::badge,
        bound::{all, flag, part, press, text},
        group::group,
    },
};

pub(super) fn kill_body(dialog: RwSignal<DialogView>, send: Send) -> AnyView {
    // What was asked last stays readable in the moment in which the dialog closes.
    let kill = Memo::new(move |last: Option<&KillView>| {
        let kill = dialog.with(|d| d.kill().cloned());
        kill.or_else(|| last.cloned()).unwrap_or_else(nobody)
    });
    let tree = Memo::new(move |_| kill.with(|k| k.tree.clone()));
    let gone = Memo::new(move |_| kill.with(|k| k.gone));
    let facts = part(move || {
        all(kill.with(|k| k.facts.clone()), |(label, value)| {
            view! { <div class="sm-fact"><dt>{label}</dt><dd><bdi>{value}</bdi></dd></div> }
                .into_any()
        })
    });
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">
            "Kill “" <bdi>{text(move || kill.with(|k| k.heading.clone()))}</bdi> "”?"
        </h3>
        <div class="sm-dialog-body" tabindex="0">
            <dl class="sm-facts">
                {facts}
                <div class="sm-fact">
                    <dt>"State"</dt>
                    <dd>{badge(move || kill.with(|k| k.badge))}</dd>
                </div>
            </dl>
            <p class="sm-warning">{text(move || kill.with(|k| k.warning).unwrap_or_default().to_owned())}</p>
            <label class="sm-switch">
                <input
                    type="checkbox"
                    role="switch"
                    prop:checked=flag(move || kill.with(|k| k.alone))
                    on:change=move |event| send.run(Msg::Alone(event_target_checked(&event)))
                />
                <span class="sm-track" aria-hidden="true"></span>
                "Only Claude Code itself"
            </label>
            <p role="status" dir="auto">{text(move || tree.with(|t| t.summary.clone()))}</p>
            {part(move || all(tree.with(|t| t.groups.clone()), group))}
            <p class="sm-note">
                "What ends is asked to, and is killed if it has not ended in time. The conversation stays on disk: it can be \
                 resumed from Recent."
            </p>
            <p class="sm-warning" role="status">
                {text(move || if gone.get() { "This session has ended meanwhile." } else { "" }.to_owned())}
            </p>
        </div>
        <div class="sm-dialog-foot">
            <button type="button" class="sm-button" autofocus=true on:click=press(move || send.run(Msg::Leave))>
                {text(move || if gone.get() { "Close" } else { "Cancel" }.to_owned())}
            </button>
            <button
                type="button"
                class="sm-button sm-danger"
                hidden=flag(move || gone.get())
                on:click=press(move || send.run(Msg::Confirm))
            >
                "Kill session"
            </button>
        </div>
    }
    .into_any()
}

fn nobody() -> KillView {
    KillView {
        heading: String::new(),
        facts: Vec::new(),
        badge: Default::default(),
        warning: None,
        tree: Default::default(),
        alone: false,
        gone: true,
    }
}
