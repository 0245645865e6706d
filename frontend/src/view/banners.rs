//! What must be known before reading the list.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::Screen,
    view::Send,
};

pub(super) fn banners(screen: Screen, send: Send) -> impl IntoView {
    let banners = move || {
        let one = |banner: crate::screen::banner::Banner| {
            view! {
                <div class="sm-banner" class:sm-grave=banner.grave>
                    <div>
                        <p dir="auto">{banner.text}</p>
                        <ul>
                            {banner.lines.into_iter().map(|line| view! { <li dir="auto">{line}</li> }).collect_view()}
                        </ul>
                    </div>
                    {banner.retry.then(|| view! {
                        <button type="button" class="sm-button" on:click=move |_| send.run(Msg::Refresh)>"Try again"</button>
                    })}
                </div>
            }
        };
        screen.banners.get().into_iter().map(one).collect_view()
    };
    view! { <div class="sm-banners" role="status">{banners}</div> }
}
