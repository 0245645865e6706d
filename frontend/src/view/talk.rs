//! The conversation that is looked at: what is said in it, and the box to say something.
//!
//! It scrolls from its end: at the end it stays there, whatever comes; elsewhere what is read stays where it is.

mod composer;
pub(super) mod diff;
mod head;
mod item;
mod terminal;

use leptos::task::{spawn_local, tick};
use leptos::{
    ev::{Event, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::{
    model::{Msg, talk::Talking},
    screen::{Screen, talk::TalkView},
    view::{
        Send,
        approval::approvals_of,
        bound::{each, flag, maybe, part, text},
        talk::{
            composer::{composer, sent},
            head::head,
            item::{item, piece},
            terminal::terminal,
        },
    },
};

/// What every part of the view reads; it is there for as long as the view is.
pub(super) type Read = Memo<TalkView>;

pub(super) fn talk(screen: Screen, send: Send) -> AnyView {
    let id = Memo::new(move |_| {
        screen
            .talk
            .with(|talk| talk.as_ref().map(|talk| talk.id.clone()))
    });
    part(move || maybe(id.get(), |_| conversation(screen, send))).into_any()
}

fn conversation(screen: Screen, send: Send) -> AnyView {
    let Some(first) = screen.talk.get_untracked() else {
        return ().into_any();
    };
    let view: Read = Memo::new(move |last: Option<&TalkView>| {
        let last = || last.unwrap_or(&first).clone();
        screen.talk.get().unwrap_or_else(last)
    });
    let here = Memo::new(move |_| Some(view.with(|v| v.id.clone())));
    let away = RwSignal::new(false);
    let shows = Memo::new(move |_| screen.terminal.with(Option::is_some));
    view! {
        <section
            class="sm-talk"
            tabindex="-1"
            data-sm-talk=""
            aria-labelledby="sm-talk-title"
            on:keydown=move |event: KeyboardEvent| {
                if event.key() == "Escape" && !event.is_composing() && !event.default_prevented() {
                    send.run(Msg::Back);
                }
            }
        >
            {head(view, shows, send)}
            {terminal(screen, send)}
            <div class="sm-stream" hidden=flag(move || shows.get()) tabindex="0" role="log" aria-live="off" aria-label="Conversation" on:scroll=move |event: Event| {
                let Some(stream) = at(&event) else { return };
                let far = is_away(&stream);
                if away.get_untracked() != far {
                    away.set(far);
                }
                if view.with_untracked(|v| v.beginning.is_empty()) {
                    let _gone = stream.remove_attribute(STILL);
                }
            }>
                <div class="sm-stream-in">
                    <button type="button" class="sm-button sm-older" hidden=flag(move || !view.with(|v| v.older)) on:click=move |event| keeping(&event, ".sm-item-of", send, Talking::Older)>
                        "Show older"
                    </button>
                    <p class="sm-note" role="status">{text(move || view.with(|v| v.beginning.clone()))}</p>
                    <ol class="sm-items" role="list">
                        {each(screen.talk_items, |seq| seq.to_string(), move |seq, cell| item(seq, cell, send))}
                    </ol>
                    <ol class="sm-items sm-being-written" role="list">
                        {each(screen.talk_pieces, |place| place.to_string(), move |_, cell| piece(cell, send))}
                    </ol>
                    <button type="button" class="sm-button sm-older" hidden=flag(move || !view.with(|v| v.later)) on:click=move |event| keeping(&event, ".sm-items > :last-child", send, Talking::Later)>
                        "Show newer"
                    </button>
                    {sent(view, send)}
                    <p class="sm-works" role="status" hidden=flag(move || view.with(|v| v.badge.look != "working"))>
                        <span class="sm-shape" aria-hidden="true"></span>
                        "Working"
                    </p>
                    <p class="sm-warning" role="status" dir="auto">{text(move || view.with(|v| v.trouble.clone()))}</p>
                </div>
            </div>
            <div class="sm-newest" hidden=flag(move || shows.get())>
                <button
                    type="button"
                    class="sm-button"
                    hidden=flag(move || !away.get() && !view.with(|v| v.later))
                    on:click=move |event| {
                        send.run(Msg::Talk(Talking::Newest));
                        to_the_end(&event);
                    }
                >
                    "Newest ↓"
                </button>
            </div>
            // Approvals of this session
            <div class="sm-talk-asks">{approvals_of(screen, send, here)}</div>
            // What was asked for above is refused beside the terminal as well
            <p class="sm-why sm-bad" role="alert" dir="auto">{text(move || view.with(|v| v.failed.clone()))}</p>
            <div hidden=flag(move || shows.get())>{composer(view, send)}</div>
        </section>
    }
    .into_any()
}

/// Where the browser itself must not keep what is read in its place: in a stream that is counted from its end, it keeps what stands
/// at the top when something comes above that.
const STILL: &str = "data-still";

fn at(event: &Event) -> Option<Element> {
    event.current_target()?.dyn_into().ok()
}

/// Does what shows another part of the conversation, and leaves this item of it where it is.
fn keeping(event: &Event, item: &str, send: Send, show: Talking) {
    let found = || {
        let stream = at(event)?.closest(".sm-stream").ok()??;
        let item = stream.query_selector(item).ok()??;
        Some((stream, item.dyn_into::<HtmlElement>().ok()?))
    };
    let kept = found().map(|(stream, item)| {
        let _still = stream.set_attribute(STILL, "");
        let place = item.offset_top() - stream.scroll_top();
        (stream, item, place)
    });
    send.run(Msg::Talk(show));
    spawn_local(async move {
        tick().await;
        if let Some((stream, item, place)) = kept {
            stream.set_scroll_top(item.offset_top() - place);
        }
    });
}

/// Whether the end is out of sight. The place is counted from there.
fn is_away(stream: &Element) -> bool {
    const NEAR: i32 = 60;
    stream.scroll_top().abs() > NEAR
}

/// Goes to the end of the conversation in which this happens.
fn to_the_end(event: &Event) {
    let view = at(event).and_then(|button| button.closest("[data-sm-talk]").ok().flatten());
    if let Some(stream) = view.and_then(|view| view.query_selector(".sm-stream").ok().flatten()) {
        stream.set_scroll_top(0);
    }
}

#[cfg(test)]
mod tests;
