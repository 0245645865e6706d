//! The list of live sessions, or what stands in its place.

use leptos::prelude::*;

use crate::{
    screen::{Instead, Screen},
    view::{
        Send,
        bound::{each, flag, maybe, part, text},
        row::row,
    },
};

pub(super) fn list(screen: Screen, send: Send) -> AnyView {
    let none = move || flag(move || screen.instead.get().is_some());
    view! {
        // Focus comes here when the row that had it has left.
        <section
            class="sm-section"
            tabindex="-1"
            data-sm-list=""
            data-stale=text(move || screen.header.with(|h| h.stale).to_string())
            aria-label="Live sessions"
        >
            <div class="sm-columns" aria-hidden="true" hidden=none()>
                <span></span>
                <span></span>
                <span>"State"</span>
                <span>"Session"</span>
                <span>"User"</span>
                <span class="sm-number">"Uptime"</span>
                <span class="sm-number">"Memory"</span>
                <span></span>
            </div>
            <ul class="sm-list" role="list" hidden=none()>
                {each(screen.rows, |key| key.to_string(), move |key, cell| row(key, cell, send))}
            </ul>
            {part(move || maybe(screen.instead.get(), instead))}
        </section>
    }
    .into_any()
}

fn instead(instead: Instead) -> AnyView {
    match instead {
        Instead::Loading => view! {
            <div class="sm-loading" role="status">
                <span class="sm-unseen">"Reading the list of sessions…"</span>
                <span class="sm-ghost"></span>
                <span class="sm-ghost"></span>
                <span class="sm-ghost"></span>
            </div>
        }
        .into_any(),
        Instead::Nobody => view! {
            <div class="sm-empty">
                <p class="sm-strong">"No Claude Code session runs on this machine."</p>
                <p>
                    "Start one with “New session”, or with " <code>"claude"</code>
                    " in a terminal, or resume one from Recent below. It appears here by itself."
                </p>
            </div>
        }
        .into_any(),
        Instead::NoMatch => view! {
            <div class="sm-empty">
                <p class="sm-strong">"No running session fits."</p>
                <p>"Change the filter, or show all."</p>
            </div>
        }
        .into_any(),
        Instead::Unknown => view! {
            <div class="sm-empty">
                <p class="sm-strong">"There is no list yet."</p>
                <p>"It is asked for again by itself."</p>
            </div>
        }
        .into_any(),
    }
}
