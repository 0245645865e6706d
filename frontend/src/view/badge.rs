//! A state's badge: shape, colour and word.

use leptos::prelude::*;

use crate::screen::look;

pub(super) fn badge(
    badge: impl Fn() -> look::Badge + Copy + std::marker::Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <span class="sm-badge" data-look=move || badge().look>
            <span class="sm-shape" aria-hidden="true"></span>
            <span class="sm-word">{move || badge().word}</span>
        </span>
    }
}
