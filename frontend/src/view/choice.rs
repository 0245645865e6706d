//! Choosing sessions: the box on a row, those abandoned at a press, and the bar for what is chosen.

use std::marker::Send as Sendable;

use leptos::{ev::MouseEvent, prelude::*};

use crate::{
    model::{Msg, doing::Deed, selection::Reach},
    screen::{Screen, selection::offers},
    view::{
        Send,
        bound::{all, flag, maybe, part, press, text},
    },
};

/// A box that the page draws by itself: the host's style sheet changes every checkbox.
pub(super) fn check(
    name: impl Fn() -> String + Sendable + 'static,
    checked: impl Fn() -> bool + Sendable + 'static,
    pressed: impl Fn(bool, Reach) + 'static,
) -> AnyView {
    let pressed: Box<dyn Fn(MouseEvent)> = Box::new(move |event: MouseEvent| {
        let reach = if event.shift_key() {
            Reach::Range
        } else {
            Reach::Row
        };
        pressed(event_target_checked(&event), reach);
    });
    view! {
        <label class="sm-check">
            <input type="checkbox" aria-label=text(name) prop:checked=flag(checked) on:click=pressed/>
            <span class="sm-box" aria-hidden="true"></span>
        </label>
    }
    .into_any()
}

/// Offers to choose what has been abandoned for long, where anything has been.
pub(super) fn abandoned(screen: Screen, send: Send) -> AnyView {
    let selection = screen.selection;
    let any = Memo::new(move |_| selection.with(|s| s.abandoned.is_some()));
    let count = move || selection.with(|s| s.abandoned.unwrap_or_default());
    part(move || {
        maybe(any.get().then_some(()), |()| {
            let minutes = selection.with_untracked(|s| s.minutes);
            let offers = all(offers(), move |(value, words)| {
                view! { <option value=value.to_string() selected=value == minutes>{words}</option> }
                    .into_any()
            });
            view! {
                <div class="sm-quick" role="group" aria-label="Select abandoned sessions">
                    <label class="sm-days">
                        "Abandoned for "
                        <select
                            aria-label="Abandoned for"
                            on:change=move |event| {
                                if let Ok(minutes) = event_target_value(&event).parse() {
                                    send.run(Msg::AbandonedFor(minutes));
                                }
                            }
                        >
                            {offers}
                        </select>
                    </label>
                    <button
                        type="button"
                        class="sm-button"
                        aria-disabled=text(move || (count() == 0).to_string())
                        on:click=press(move || send.run(Msg::SelectAbandoned))
                    >
                        {text(move || format!("Select {}", count()))}
                    </button>
                </div>
            }
            .into_any()
        })
    })
    .into_any()
}

/// What can be done to all that are chosen.
pub(super) fn bar(screen: Screen, send: Send) -> AnyView {
    let selection = screen.selection;
    let count = move || selection.with(|s| s.count.clone());
    let deed = move |word: &'static str, deed: Deed| {
        let look = match deed {
            Deed::Kill => "sm-button sm-kill",
            Deed::Interrupt | Deed::Pause | Deed::Continue | Deed::Reap => "sm-button",
        };
        view! {
            <button type="button" class=look on:click=press(move || send.run(Msg::AskAll(deed)))>{word}</button>
        }
        .into_any()
    };
    view! {
        <div class="sm-bar" role="region" aria-label="Selected sessions" hidden=flag(move || count().is_empty())>
            <span role="status">{text(count)}</span>
            {deed("Kill…", Deed::Kill)}
            {deed("Pause…", Deed::Pause)}
            {deed("Continue…", Deed::Continue)}
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::ClearSelection))>"Clear"</button>
        </div>
    }
    .into_any()
}
