//! The requests that wait for an answer, above the list.

use leptos::{ev::PointerEvent, prelude::*};

use crate::{
    model::Msg,
    screen::Screen,
    view::{
        Send,
        approval::{Where, approval},
        bound::{each, flag, text},
    },
};

pub(super) fn approvals(screen: Screen, send: Send) -> AnyView {
    let queue = screen.queue;
    // A finger is over nothing before it presses, nor after.
    let over = move |over: bool| {
        let told: Box<dyn Fn(PointerEvent)> = Box::new(move |event: PointerEvent| {
            if event.pointer_type() == "mouse" {
                send.run(Msg::OverApprovals(over));
            }
        });
        told
    };
    view! {
        // Focus comes here when the card that had it has gone.
        <section
            class="sm-section sm-asks"
            tabindex="-1"
            data-sm-asks=""
            aria-labelledby="sm-asks-title"
            hidden=flag(move || !queue.with(|q| q.shown))
            on:pointerenter=over(true)
            on:pointerleave=over(false)
        >
            <div class="sm-head">
                <h3 id="sm-asks-title">"Waiting for your answer"</h3>
                <span class="sm-count" role="status">{text(move || queue.with(|q| q.count.clone()))}</span>
            </div>
            <p class="sm-note sm-asks-note" role="status" dir="auto">{text(move || queue.with(|q| q.note.clone()))}</p>
            <ul class="sm-asks-list" role="list">
                {each(
                    screen.approvals,
                    |key| format!("{} {}", key.session, key.id),
                    move |key, cell| approval(key, cell, Where::Queue, send),
                )}
            </ul>
        </section>
    }
    .into_any()
}
