//! The few drawings, each one path in a box of 16.

use leptos::prelude::*;

pub(super) const CHEVRON: &str = "M6 3.5 10.5 8 6 12.5";
pub(super) const BACK: &str = "M10 3.5 5.5 8l4.5 4.5";
pub(super) const PLUS: &str = "M8 3v10M3 8h10";
pub(super) const BRANCH: &str = "M4.5 5.5v5M4.5 10.5c0-3 7-1.5 7-5M4.5 5.5a1.75 1.75 0 1 1 0-3.5 1.75 1.75 0 0 1 0 3.5ZM4.5 14a1.75 1.75 0 1 1 0-3.5 1.75 1.75 0 0 1 0 3.5ZM11.5 5.5a1.75 1.75 0 1 1 0-3.5 1.75 1.75 0 0 1 0 3.5Z";
pub(super) const REFRESH: &str = "M13.5 8a5.5 5.5 0 1 1-1.6-3.9M13.5 1.8v2.9h-2.9";
pub(super) const BROOM: &str = "M13.5 2.5 8.8 7.2M6.2 6.2l3.6 3.6M6.2 6.2 2.5 9.4c1.6.3 2 1.6 4.1 4.1l3.2-3.7M4.4 11.6l1.4-1.2";
pub(super) const SEARCH: &str = "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10ZM10.6 10.6 14 14";
pub(super) const COPY: &str = "M6 5.5h7v8H6zM3 10.5v-8h7";
pub(super) const CROSS: &str = "M4 4l8 8M12 4l-8 8";
pub(super) const UP: &str = "M3.5 10 8 5.5l4.5 4.5";
pub(super) const DOWN: &str = "M3.5 6 8 10.5 12.5 6";
pub(super) const INFO: &str = "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5v3.4M8 5.1v.1";
pub(super) const LOCK: &str = "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5";

pub(super) fn icon(path: &'static str) -> AnyView {
    view! {
        <svg class="sm-icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
    .into_any()
}
