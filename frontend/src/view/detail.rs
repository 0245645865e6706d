//! What an unfolded row shows.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{
        detail::{DetailView, Fact, Passage},
        row::RowView,
    },
    view::{
        Send,
        icon::{COPY, icon},
    },
};

pub(super) fn details(row: RwSignal<RowView>, send: Send) -> impl IntoView {
    let part = move |read: fn(&DetailView) -> Vec<Passage>| {
        row.with(|r| r.detail.as_ref().map(read).unwrap_or_default())
    };
    // Memos keep what has not changed in place, with what is selected in it.
    let passages = Memo::new(move |_| part(|detail| detail.passages.clone()));
    let facts = Memo::new(move |_| row.with(|r| r.detail.as_ref().map(|d| d.facts.clone()).unwrap_or_default()));
    let note = Memo::new(move |_| row.with(|r| r.detail.as_ref().and_then(|d| d.note.clone())));
    let loading = Memo::new(move |_| row.with(|r| r.detail.as_ref().is_some_and(|d| d.loading)));
    view! {
        <div class="sm-passages">
            {move || loading.get().then(|| view! { <p class="sm-note" role="status">"Reading the conversation…"</p> })}
            {move || note.get().map(|note| view! { <p class="sm-note" dir="auto">{note}</p> })}
            {move || passages.get().into_iter().map(passage).collect_view()}
        </div>
        <dl class="sm-facts">
            {move || facts.get().into_iter().map(|one| fact(one, send)).collect_view()}
        </dl>
    }
}

fn passage(passage: Passage) -> impl IntoView {
    view! {
        <div class="sm-passage">
            <h4>{passage.label}</h4>
            // It scrolls when it is long, so the keyboard must reach it.
            <p dir="auto" tabindex="0">{passage.text}</p>
        </div>
    }
}

fn fact(fact: Fact, send: Send) -> impl IntoView {
    let label = fact.label;
    let copy = fact.copy.map(|text| {
        view! {
            <button
                type="button"
                class="sm-copy"
                aria-label=format!("Copy {}", label.to_lowercase())
                title="Copy"
                on:click=move |_| send.run(Msg::Copy(text.clone()))
            >
                {icon(COPY)}
            </button>
        }
    });
    let exact = copy.is_some();
    view! {
        <div class="sm-fact">
            <dt>{label}</dt>
            <dd>
                <bdi class:sm-exact=exact>{fact.text}</bdi>
                {copy}
            </dd>
        </div>
    }
}
