//! What an unfolded row shows.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{
        detail::{Fact, Passage},
        row::RowView,
    },
    view::{
        Send,
        bound::{all, maybe, part, press, text},
        icon::{COPY, icon},
    },
};

pub(super) fn details(row: RwSignal<RowView>, send: Send) -> AnyView {
    // Memos keep what has not changed in place, with what is selected in it.
    let passages = Memo::new(move |_| {
        row.with(|r| {
            r.detail
                .as_ref()
                .map(|d| d.passages.clone())
                .unwrap_or_default()
        })
    });
    let facts = Memo::new(move |_| {
        row.with(|r| {
            r.detail
                .as_ref()
                .map(|d| d.facts.clone())
                .unwrap_or_default()
        })
    });
    let note = Memo::new(move |_| row.with(|r| r.detail.as_ref().and_then(|d| d.note.clone())));
    view! {
        <div class="sm-passages">
            <p class="sm-note" role="status" dir="auto">{text(move || note.get().unwrap_or_default())}</p>
            {part(move || all(passages.get(), passage))}
        </div>
        <dl class="sm-facts">
            {part(move || all(facts.get(), |one| fact(one, send)))}
        </dl>
    }
    .into_any()
}

fn passage(passage: Passage) -> AnyView {
    let exact = if passage.exact { "sm-exact" } else { "" };
    view! {
        <div class="sm-passage">
            <h4 dir="auto">{passage.label}</h4>
            // It scrolls when it is long, so the keyboard must reach it.
            <p class=exact dir="auto" tabindex="0">{passage.text}</p>
        </div>
    }
    .into_any()
}

fn fact(fact: Fact, send: Send) -> AnyView {
    let label = fact.label;
    let exact = if fact.copy.is_some() { "sm-exact" } else { "" };
    let copy = maybe(fact.copy, |text| {
        view! {
            <button
                type="button"
                class="sm-copy"
                aria-label=format!("Copy {}", label.to_ascii_lowercase())
                title="Copy"
                on:click=press(move || send.run(Msg::Copy(text.clone())))
            >
                {icon(COPY)}
            </button>
        }
        .into_any()
    });
    view! {
        <div class="sm-fact">
            <dt>{label}</dt>
            <dd>
                <bdi class=exact>{fact.text}</bdi>
                {copy}
            </dd>
        </div>
    }
    .into_any()
}
