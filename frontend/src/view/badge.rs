//! A state's badge: shape, colour and word.

use std::marker::Send;

use leptos::prelude::*;

use crate::{screen::look::Badge, view::bound::text};

pub(super) fn badge(read: impl Fn() -> Badge + Copy + Send + 'static) -> AnyView {
    view! {
        <span
            class="sm-badge"
            data-look=text(move || read().look.to_owned())
            data-likely=text(move || read().likely.to_string())
            title=text(move || read().title.to_owned())
        >
            <span class="sm-shape" aria-hidden="true"></span>
            <span class="sm-word">
                <span class="sm-unseen">{text(move || if read().likely { "Likely " } else { "" }.to_owned())}</span>
                {text(move || read().word.to_owned())}
            </span>
        </span>
    }
    .into_any()
}
