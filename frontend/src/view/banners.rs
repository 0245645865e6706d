//! What must be known before reading the list.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::{Screen, banner::Banner},
    view::{
        Send,
        bound::{all, maybe, part, press},
    },
};

pub(super) fn banners(screen: Screen, send: Send) -> AnyView {
    let banners = part(move || all(screen.banners.get(), |one| banner(one, send)));
    view! { <div class="sm-banners" role="status">{banners}</div> }.into_any()
}

fn banner(banner: Banner, send: Send) -> AnyView {
    let look = if banner.grave {
        "sm-banner sm-grave"
    } else {
        "sm-banner"
    };
    let lines = all(banner.lines, |line| {
        view! { <li dir="auto">{line}</li> }.into_any()
    });
    let retry = maybe(banner.retry.then_some(()), |()| {
        view! {
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::Refresh))>"Try again"</button>
        }
        .into_any()
    });
    view! {
        <div class=look>
            <div>
                <p dir="auto">{banner.text}</p>
                <ul>{lines}</ul>
            </div>
            {retry}
        </div>
    }
    .into_any()
}
