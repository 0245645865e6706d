//! What is said to the session: the box, and what is on its way.

use leptos::{
    ev::{Event, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast as _;

use crate::{
    host::get,
    model::{Msg, talk::Talking},
    screen::talk::{Closed, SentView},
    uuid,
    view::{
        Send,
        bound::{all, flag, maybe, part, press, text},
        icon::{COPY, icon},
        talk::{Read, to_the_end},
    },
};

/// Messages that the session has not repeated yet.
pub(super) fn sent(view: Read, send: Send) -> AnyView {
    let messages = Memo::new(move |_| view.with(|v| v.sent.clone()));
    let list = part(move || all(messages.get(), |one| message(one, send)));
    view! { <ul class="sm-items" role="list">{list}</ul> }.into_any()
}

fn message(message: SentView, send: Send) -> AnyView {
    let SentView {
        uuid,
        text,
        step,
        failed,
    } = message;
    let again = maybe(failed.then_some(uuid), |uuid| {
        let back = uuid.clone();
        view! {
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::Talk(Talking::Again(uuid.clone()))))>
                "Try again"
            </button>
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::Talk(Talking::TakeBack(back.clone()))))>
                "Take back"
            </button>
        }
        .into_any()
    });
    view! {
        <li class="sm-item-of">
            <div class="sm-prompt sm-sent" data-bad=failed.to_string()>
                <p dir="auto">{text}</p>
                <div class="sm-sent-step"><span role="status" dir="auto">{step}</span>{again}</div>
            </div>
        </li>
    }
    .into_any()
}

pub(super) fn composer(view: Read, send: Send) -> AnyView {
    let closed = Memo::new(move |_| view.with(|v| v.closed.clone()));
    let open = Memo::new(move |_| closed.with(Option::is_none));
    view! {
        <div class="sm-composer">
            <div class="sm-box-line" hidden=flag(move || !open.get())>{message_box(view, send)}</div>
            {part(move || maybe(closed.get(), |closed| ways_out(closed, send)))}
        </div>
    }
    .into_any()
}

fn message_box(view: Read, send: Send) -> AnyView {
    let empty = move || view.with(|v| v.words.trim().is_empty());
    let working = Memo::new(move |_| view.with(|v| v.working));
    let say = move |event: &Event| {
        if !view.with_untracked(|v| v.words.trim().is_empty()) {
            to_the_end(event);
            send.run(Msg::Talk(Talking::Say(uuid::fresh())));
        }
    };
    let interrupting = move || view.with(|v| v.interrupting);
    view! {
        <label class="sm-message">
            <span class="sm-unseen">"Message"</span>
            <textarea
                rows="1"
                dir="auto"
                placeholder=text(move || if working.get() { "Say something while it works…" } else { "Message…" }.to_owned())
                title="Enter sends, Shift+Enter begins a new line"
                prop:value=text(move || view.with(|v| v.words.clone()))
                on:input=move |event| send.run(Msg::Talk(Talking::Write(event_target_value(&event))))
                on:keydown=move |event: KeyboardEvent| {
                    if sends(&event) {
                        event.prevent_default();
                        say(&event);
                    }
                }
            ></textarea>
        </label>
        <button
            type="button"
            class="sm-button"
            hidden=flag(move || !working.get())
            aria-disabled=text(move || interrupting().to_string())
            on:click=press(move || send.run(Msg::Talk(Talking::Interrupt)))
        >
            {text(move || if interrupting() { "Interrupting…" } else { "Interrupt" }.to_owned())}
        </button>
        <button type="button" class="sm-button sm-primary" aria-disabled=text(move || empty().to_string()) on:click=move |event| say(&event)>
            "Send"
        </button>
    }
    .into_any()
}

/// Enter, where there is a keyboard with a Shift beside it; with Ctrl or the command key everywhere.
fn sends(event: &KeyboardEvent) -> bool {
    if event.key() != "Enter" || event.is_composing() || event.shift_key() || event.alt_key() {
        return false;
    }
    event.ctrl_key() || event.meta_key() || !is_touched()
}

fn is_touched() -> bool {
    let window = window();
    let ask = get(&window, "matchMedia").dyn_into::<js_sys::Function>();
    let answer = ask.and_then(|ask| ask.call1(&window, &"(pointer: coarse)".into()));
    answer.is_ok_and(|answer| get(&answer, "matches").is_truthy())
}

fn ways_out(closed: Closed, send: Send) -> AnyView {
    let Closed {
        why,
        attach,
        free,
        starting,
    } = closed;
    let attach = maybe(Some(attach).filter(|attach| !attach.is_empty()), |attach| {
        let copied = attach.clone();
        view! {
            <code class="sm-exact">{attach}</code>
            <button
                type="button"
                class="sm-copy"
                aria-label="Copy attach command"
                title="Copy"
                on:click=press(move || send.run(Msg::Copy(copied.clone())))
            >
                {icon(COPY)}
            </button>
        }
        .into_any()
    });
    let go_on = maybe(free.then_some(()), |()| {
        view! {
            <button
                type="button"
                class="sm-button sm-primary"
                aria-disabled=starting.to_string()
                on:click=press(move || send.run(Msg::Talk(Talking::GoOn)))
            >
                {if starting { "Starting…" } else { "Go on here" }}
            </button>
        }
        .into_any()
    });
    view! {
        <div class="sm-closed">
            <p class="sm-note" dir="auto">{why}</p>
            {attach}
            {go_on}
            <button
                type="button"
                class="sm-button"
                aria-disabled=starting.to_string()
                title="Go on from this point in a conversation of its own"
                on:click=press(move || send.run(Msg::Talk(Talking::Fork)))
            >
                "Go on in a copy"
            </button>
        </div>
    }
    .into_any()
}
