//! A list under a title.

use leptos::prelude::*;

use crate::{
    screen::group::{Group, Item},
    view::bound::all,
};

pub(super) fn group(group: Group) -> AnyView {
    let more = if group.more > 0 {
        format!("and {} more", group.more)
    } else {
        String::new()
    };
    view! {
        <section class="sm-group">
            <h4>{group.title}</h4>
            <ul role="list">
                {all(group.items, item)}
            </ul>
            <p class="sm-note">{more}</p>
        </section>
    }
    .into_any()
}

fn item(item: Item) -> AnyView {
    let (bad, result) = item.result.unwrap_or_default();
    let look = if bad { "sm-result sm-bad" } else { "sm-result" };
    let name = if item.exact { "sm-file" } else { "sm-strong" };
    view! {
        <li class="sm-item">
            <bdi class=name>{item.name}</bdi>
            <span class="sm-number">{item.size}</span>
            <span class="sm-reason" dir="auto">{item.reason}</span>
            <span class=look dir="auto">{result}</span>
            <span class="sm-warning">{item.warning}</span>
        </li>
    }
    .into_any()
}
