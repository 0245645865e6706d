//! One part of a conversation.
//!
//! What is folded is drawn when it is opened, so that a long conversation stays light.

use leptos::{ev::Event, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::Element;

use crate::{
    model::talk::story::item::{ToolCall, What},
    screen::{
        markdown,
        talk::{
            Piece, Shown, clock,
            item::{CallView, Part, Said, StepView, call, parts, said},
        },
    },
    text::whole,
    view::{
        Send,
        bound::{all, flag, maybe, part, text},
        markdown::{block_view, blocks_view},
        talk::diff::diff_view,
    },
};

pub(super) fn item(seq: u64, shown: ArcRwSignal<Shown>, send: Send) -> AnyView {
    let shown = RwSignal::from(shown);
    // What an item is never changes, but for a call, which goes on.
    let now = shown.get_untracked();
    let body = match &now.item.what {
        What::Prompt { text } => prompt(whole(text), clock(now.item.at, now.zone_min)),
        What::Answer { text } => view! {
            <div class="sm-answer">{blocks_view(markdown::blocks(text), send)}</div>
        }
        .into_any(),
        What::Thought { .. } => thought(shown, send),
        What::Call(_) => call_view(shown, send),
        What::Turn(_) => line(said(&now.item), "turn"),
        What::Changed { .. } | What::Note { .. } => line(said(&now.item), "note"),
        What::Exit { .. } => line(said(&now.item), "exit"),
    };
    view! { <li class="sm-item-of" data-seq=seq.to_string()>{body}</li> }.into_any()
}

fn prompt(words: String, time: String) -> AnyView {
    view! {
        <div class="sm-prompt">
            <span class="sm-unseen">"You said at "</span>
            <span class="sm-when">{time}</span>
            <p dir="auto">{words}</p>
        </div>
    }
    .into_any()
}

fn line(said: Said, look: &'static str) -> AnyView {
    let more = maybe(Some(said.more).filter(|more| !more.is_empty()), |more| {
        view! { <pre class="sm-more-text" tabindex="0" dir="auto">{more}</pre> }.into_any()
    });
    view! {
        <div class="sm-said" data-said=look data-bad=said.bad.to_string()>
            <p dir="auto">{said.text}</p>
            {more}
        </div>
    }
    .into_any()
}

fn thought(shown: RwSignal<Shown>, send: Send) -> AnyView {
    let body = move || {
        let item = shown.get_untracked().item;
        let What::Thought { text } = &item.what else {
            return ().into_any();
        };
        blocks_view(markdown::blocks(text), send)
    };
    folded(
        view! { <span class="sm-call-name">"Thought"</span> }.into_any(),
        "thought",
        body,
    )
}

fn call_view(shown: RwSignal<Shown>, send: Send) -> AnyView {
    let view = Memo::new(move |_| with_call(shown, call).unwrap_or_default());
    let word = |read: fn(&CallView) -> String| text(move || view.with(read));
    let edit = move || view.with(|v| v.edit);
    let summary = view! {
        <span class="sm-call-look" data-look=text(move || view.with(|v| v.look.to_owned())) aria-hidden="true">
            <span class="sm-shape"></span>
        </span>
        <span class="sm-call-name">{word(|v| v.name.clone())}</span>
        <bdi class="sm-call-main">{word(|v| v.main.clone())}</bdi>
        <span class="sm-call-edit" hidden=flag(move || edit().is_none())>
            <span data-kind="added">{text(move || edit().map(|(added, _)| format!("+{added}")).unwrap_or_default())}</span>
            " "
            <span data-kind="removed">{text(move || edit().map(|(_, removed)| format!("−{removed}")).unwrap_or_default())}</span>
        </span>
        <span class="sm-call-word">{word(|v| v.word.to_owned())}</span>
    }
    .into_any();
    let all_parts = Memo::new(move |_| with_call(shown, parts).unwrap_or_default());
    folded(summary, "call", move || {
        part(move || all(all_parts.get(), |one| part_view(one, send))).into_any()
    })
}

fn with_call<T>(shown: RwSignal<Shown>, read: fn(&ToolCall) -> T) -> Option<T> {
    shown.with(|shown| {
        let What::Call(call) = &shown.item.what else {
            return None;
        };
        Some(read(call))
    })
}

/// Draws the body once it is opened for the first time.
fn folded(
    summary: AnyView,
    look: &'static str,
    body: impl Fn() -> AnyView + std::marker::Send + 'static,
) -> AnyView {
    let opened = RwSignal::new(false);
    let toggled = move |event: Event| {
        if is_open(&event) {
            opened.set(true);
        }
    };
    let was_opened = Memo::new(move |_| opened.get());
    view! {
        <details class="sm-call" data-call=look on:toggle=toggled>
            <summary>{summary}</summary>
            <div class="sm-call-body">
                {part(move || maybe(was_opened.get().then_some(()), |()| body()))}
            </div>
        </details>
    }
    .into_any()
}

fn is_open(event: &Event) -> bool {
    let details = event
        .current_target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    details.is_some_and(|details| details.has_attribute("open"))
}

fn part_view(part: Part, send: Send) -> AnyView {
    match part {
        Part::Exact { label, text, bad } => view! {
            <div class="sm-part" data-bad=bad.to_string()>
                <h4>{label}</h4>
                <pre tabindex="0" dir="auto">{text}</pre>
            </div>
        }
        .into_any(),
        Part::Diff(lines) => diff_view(lines),
        Part::Marked(blocks) => {
            view! { <div class="sm-answer">{blocks_view(blocks, send)}</div> }.into_any()
        }
        Part::Steps(steps) => {
            view! { <ul class="sm-steps" role="list">{all(steps, step)}</ul> }.into_any()
        }
        Part::Note(words) => view! { <p class="sm-note" dir="auto">{words}</p> }.into_any(),
    }
}

fn step(step: StepView) -> AnyView {
    view! {
        <li data-bad=step.bad.to_string()>
            <span class="sm-call-name">{step.name}</span>
            " "
            <bdi>{step.text}</bdi>
        </li>
    }
    .into_any()
}

/// A piece of what is being written.
pub(super) fn piece(piece: ArcRwSignal<Piece>, send: Send) -> AnyView {
    let piece = RwSignal::from(piece);
    let view = part(move || {
        match piece.get() {
        Piece::Block(block) => view! { <div class="sm-answer">{block_view(block, send)}</div> }.into_any(),
        Piece::Thought(words) => view! {
            <div class="sm-draft"><span class="sm-call-name">"Thinking…"</span><p dir="auto">{words}</p></div>
        }
        .into_any(),
        Piece::Input(words) => view! {
            <div class="sm-draft"><span class="sm-call-name">"Prepares a call…"</span><pre>{words}</pre></div>
        }
        .into_any(),
    }
    });
    view! { <li class="sm-item-of">{view}</li> }.into_any()
}
