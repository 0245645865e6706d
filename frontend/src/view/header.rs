//! Title, counts, filter and what concerns the whole list.

use leptos::prelude::*;

use crate::{
    model::{Msg, facet::Facet},
    screen::{Screen, header::PillView, row::Mark},
    view::{
        Send,
        bound::{each, flag, press, text},
        choice::abandoned,
        icon::{BROOM, PLUS, REFRESH, SEARCH, icon},
    },
};

pub(super) fn header(screen: Screen, send: Send) -> AnyView {
    let header = screen.header;
    let total =
        text(move || header.with(|h| h.total.map(|total| total.to_string()).unwrap_or_default()));
    let sign = move |part: fn(&Mark) -> &'static str| {
        text(move || header.with(|h| part(&h.sign)).to_owned())
    };
    let auto = flag(move || header.with(|h| h.auto));
    let age = text(move || {
        header.with(|h| {
            h.age
                .as_ref()
                .map(|age| format!("List is {age} old"))
                .unwrap_or_default()
        })
    });
    view! {
        <header class="sm-header">
            <h2 class="sm-title">"Sessions"</h2>
            <span class="sm-age">{age}</span>
            <label class="sm-switch" title=sign(|sign| sign.meaning)>
                <input
                    type="checkbox"
                    role="switch"
                    aria-label="Keep the list up to date"
                    aria-describedby="sm-sign"
                    prop:checked=auto
                    on:change=move |event| send.run(Msg::Auto(event_target_checked(&event)))
                />
                <span class="sm-track" aria-hidden="true"></span>
                <span id="sm-sign" class="sm-sign" role="status" data-look=sign(|sign| sign.look)>
                    <span class="sm-shape" aria-hidden="true"></span>
                    {sign(|sign| sign.word)}
                </span>
            </label>
            <button
                type="button"
                class="sm-button sm-refresh"
                aria-label="Refresh now"
                title="Refresh now"
                aria-busy=text(move || header.with(|h| h.refreshing).to_string())
                on:click=press(move || send.run(Msg::Refresh))
            >
                {icon(REFRESH)}
            </button>
            <button type="button" class="sm-button sm-primary" on:click=press(move || send.run(Msg::AskStart))>
                {icon(PLUS)}
                "New session"
            </button>
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::AskCleanup))>
                {icon(BROOM)}
                "Clean up…"
            </button>
        </header>
        <div class="sm-tools">
            <label class="sm-filter">
                {icon(SEARCH)}
                <span class="sm-unseen">"Filter sessions"</span>
                <input
                    type="search"
                    placeholder="Filter"
                    autocomplete="off"
                    spellcheck="false"
                    on:input=move |event| send.run(Msg::Filter(event_target_value(&event)))
                />
            </label>
            <div class="sm-pills" role="group" aria-label="Show only">
                <button
                    type="button"
                    class="sm-pill"
                    aria-pressed=text(move || header.with(|h| h.all).to_string())
                    on:click=press(move || send.run(Msg::Facet(None)))
                >
                    "All"
                    <span class="sm-count">{total}</span>
                </button>
                {each(screen.pills, |facet| facet.word().to_owned(), move |facet, cell| pill(facet, cell, send))}
            </div>
            {abandoned(screen, send)}
        </div>
    }
    .into_any()
}

fn pill(facet: Facet, pill: ArcRwSignal<PillView>, send: Send) -> AnyView {
    let pill = RwSignal::from(pill);
    view! {
        <button
            type="button"
            class="sm-pill"
            data-look=text(move || pill.get().look.to_owned())
            aria-pressed=text(move || pill.get().pressed.to_string())
            on:click=press(move || send.run(Msg::Facet(Some(facet))))
        >
            <span class="sm-shape" aria-hidden="true"></span>
            {facet.word()}
            <span class="sm-count">{text(move || pill.get().count.to_string())}</span>
        </button>
    }
    .into_any()
}
