//! What a session asks or has under way, on one line of its row.

use leptos::prelude::*;

use crate::{
    screen::{act::Act, row::RowView},
    view::bound::{all, text},
};

pub(super) fn act_view(act: Act, row: RwSignal<RowView>) -> AnyView {
    let exact = if act.exact { "sm-exact" } else { "" };
    let options = all(act.options, |option| {
        view! { " " <bdi class="sm-option">{option}</bdi> }.into_any()
    });
    let long = move || row.with(|r| r.tool_age.1);
    view! {
        <div class="sm-act" data-act=act.look>
            <bdi class="sm-act-label">{act.label}</bdi>
            " "
            <bdi class=format!("sm-act-text {exact}")>{act.text}</bdi>
            {options}
            <span
                class="sm-act-age"
                data-long=text(move || long().to_string())
                title=text(move || if long() { "It has been running for more than 5 minutes. That alone is no sign of trouble." } else { "" }.to_owned())
            >
                {text(move || row.with(|r| r.tool_age.0.clone()))}
            </span>
        </div>
    }
    .into_any()
}
