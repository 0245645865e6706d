//! Why a session is said to be in its state: what decided, and what else was looked at.

use leptos::prelude::*;

use crate::{
    screen::why::{Line, WhyView},
    view::bound::all,
};

pub(super) fn why_view(why: WhyView) -> AnyView {
    view! {
        <h4>"Why this state"</h4>
        <p class="sm-reason-text" dir="auto">{why.reason}</p>
        <ul role="list">{all(why.evidence, line)}</ul>
        <p class="sm-note" dir="auto">{why.note}</p>
    }
    .into_any()
}

fn line(line: Line) -> AnyView {
    let decided = if line.decided { "decided" } else { "" };
    view! {
        <li class="sm-evidence" data-decided=line.decided.to_string()>
            <span class="sm-source">{line.source}</span>
            <span class="sm-says" dir="auto">{line.says}</span>
            <span class="sm-decided">{decided}</span>
            <span class="sm-when">{line.age}</span>
        </li>
    }
    .into_any()
}
