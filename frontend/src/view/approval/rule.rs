//! The rule that is to answer in the person's stead from now on.

use leptos::prelude::*;
use wire::DecisionOutcome;

use crate::{
    model::approvals::{
        Step,
        draft::{Change, Until, Whose},
    },
    screen::exact::has_hidden,
    view::{
        approval::{Card, choice},
        bound::text,
    },
};

pub(super) fn rule_view(card: &Card) -> AnyView {
    let view = card.view;
    let (write, whose, until) = (card.clone(), card.clone(), card.clone());
    let id = format!("{}-pattern", card.id);
    let pattern = move || view.with(|v| v.draft.rule.as_ref().map(|rule| rule.pattern.clone()));
    let closed = move || {
        let empty = pattern().is_none_or(|pattern| pattern.trim().is_empty());
        empty || view.with(|v| !v.stage.is_open())
    };
    let unseen = move || view.with(|v| !v.draft.whole);
    // A field shows what turns text around by doing so.
    let hidden = move || match pattern() {
        Some(pattern) if has_hidden(&pattern) => {
            "The pattern has characters that can't be seen, as marked above. It does not look like what it is."
        }
        Some(_) | None => "",
    };
    let tool = view.with_untracked(|v| crate::text::line(&v.approval.tool));
    let note = if tool == "Bash" {
        "* stands for anything. A longer command is taken apart: each part of it must be allowed, and one that is denied is enough."
    } else {
        "* stands for anything; in a path, for anything within a directory."
    };
    let whose_offers = vec![
        ("session", "in this session"),
        ("project", "in this project"),
        ("all", "everywhere"),
    ];
    let until_offers = vec![
        ("hour", "for 1 hour"),
        ("today", "for today"),
        ("good", "for good"),
    ];
    view! {
        <div class="sm-ask-rule" role="group" aria-label="From now on">
            <label for=id.clone()>"Each " <bdi class="sm-exact">{tool}</bdi> " that fits"</label>
            // A command may have many lines, of which a single one would make another command.
            <textarea
                class="sm-field sm-mono"
                id=id
                rows="1"
                spellcheck="false"
                prop:value=text(move || pattern().unwrap_or_default())
                on:input=move |event| write.change(Change::Pattern(event_target_value(&event)))
            ></textarea>
            {choice("Where", whose_offers, "project", move |value| {
                whose.change(Change::Whose(match value.as_str() {
                    "session" => Whose::Session,
                    "all" => Whose::All,
                    _ => Whose::Project,
                }));
            })}
            {choice("For how long", until_offers, "today", move |value| {
                until.change(Change::Until(match value.as_str() {
                    "hour" => Until::Hour,
                    "good" => Until::Good,
                    _ => Until::Today,
                }));
            })}
            <span class="sm-ask-always" data-sm-still="">
                <button
                    type="button"
                    class="sm-button"
                    aria-disabled=text(move || (closed() || unseen()).to_string())
                    on:click=card.press(Step::Always(DecisionOutcome::Allow))
                >
                    "Always allow"
                </button>
                <button
                    type="button"
                    class="sm-button"
                    aria-disabled=text(move || closed().to_string())
                    on:click=card.press(Step::Always(DecisionOutcome::Deny))
                >
                    "Always deny"
                </button>
            </span>
            <p class="sm-warning">{text(move || hidden().to_owned())}</p>
            <p class="sm-note">{note}</p>
        </div>
    }
    .into_any()
}
