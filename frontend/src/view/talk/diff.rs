//! The lines of an edit.

use leptos::prelude::*;

use crate::{
    screen::diff::{Kind, Line},
    view::bound::all,
};

pub(in crate::view) fn diff_view(lines: Vec<Line>) -> AnyView {
    let line = |line: Line| {
        let (kind, sign, said) = match line.kind {
            Kind::Same => ("same", " ", ""),
            Kind::Added => ("added", "+", "added: "),
            Kind::Removed => ("removed", "-", "removed: "),
            Kind::Gap => ("gap", "⋯", ""),
        };
        view! {
            <div class="sm-diff-line" data-kind=kind>
                <span class="sm-diff-sign" aria-hidden="true">{sign}</span>
                <span class="sm-unseen">{said}</span>
                <span class="sm-diff-text">{line.text}</span>
            </div>
        }
        .into_any()
    };
    view! { <div class="sm-diff" tabindex="0" role="group" aria-label="Change">{all(lines, line)}</div> }.into_any()
}
