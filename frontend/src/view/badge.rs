//! A state's badge: shape, colour and word.

use std::marker::Send;

use leptos::prelude::*;

use crate::{screen::look::Badge, view::bound::text};

pub(super) fn badge(read: impl Fn() -> Badge + Copy + Send + 'static) -> AnyView {
    view! {
        <span class="sm-badge" data-look=text(move || read().look.to_owned())>
            <span class="sm-shape" aria-hidden="true"></span>
            <span class="sm-word">{text(move || read().word.to_owned())}</span>
        </span>
    }
    .into_any()
}
