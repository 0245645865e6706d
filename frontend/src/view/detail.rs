//! What an unfolded row shows.

use leptos::prelude::*;
use wire::ProcessKey;

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

pub(super) fn details(key: ProcessKey, row: RwSignal<RowView>, send: Send) -> AnyView {
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
            <p class="sm-warning">{text(move || row.with(|r| r.detail.as_ref().map(|d| d.warning.clone()).unwrap_or_default()))}</p>
            <p class="sm-note" role="status" dir="auto">{text(move || note.get().unwrap_or_default())}</p>
            {part(move || all(passages.get(), passage))}
        </div>
        <dl class="sm-facts">
            {part(move || all(facts.get(), |one| fact(one, send)))}
        </dl>
        {signals(key, row, send)}
    }
    .into_any()
}

/// What can be done to it besides ending it.
fn signals(key: ProcessKey, row: RwSignal<RowView>, send: Send) -> AnyView {
    let able = move || row.with(|r| r.refusal.is_none() && r.progress.is_none());
    let stopped = move || row.with(|r| r.stopped);
    let disabled = move || text(move || (!able()).to_string());
    let id = format!("sm-signals-{}-{}", key.pid, key.start_ticks);
    view! {
        <div class="sm-signals" role="group" aria-label="Signals">
            <button
                type="button"
                class="sm-button"
                aria-disabled=disabled()
                aria-describedby=id.clone()
                on:click=press(move || if able() {
                    send.run(if stopped() { Msg::Continue(key) } else { Msg::Pause(key) });
                })
            >
                {text(move || if stopped() { "Continue" } else { "Pause" }.to_owned())}
            </button>
            <button
                type="button"
                class="sm-button"
                aria-disabled=disabled()
                aria-describedby=id.clone()
                on:click=press(move || if able() { send.run(Msg::AskInterrupt(key)) })
            >
                "Interrupt…"
            </button>
            <p class="sm-note" id=id>
                {text(move || if stopped() {
                    "Continue (SIGCONT): it and what it runs go on."
                } else {
                    "Pause (SIGSTOP): it and what it runs stand still."
                }.to_owned())}
                " Interrupt: the turn ends, where it is held or in tmux; else Claude Code exits (SIGINT)."
            </p>
        </div>
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
