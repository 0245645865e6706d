//! What a request asks for: a command, a change, questions, a plan.

use std::sync::Arc;

use leptos::prelude::*;
use wire::{Approval, Question};

use crate::{
    model::approvals::draft::{Answer, Change},
    screen::{
        asked::{Asked, Extent, asked},
        exact::{Exact, Piece},
    },
    text,
    view::{
        approval::Card,
        bound::{all, flag, maybe, part, press, text as bound},
        markdown::blocks_view,
        talk::diff::diff_view,
    },
};

/// Drawn once; what is long is drawn again when all of it is wanted.
pub(super) fn asked_view(approval: &Arc<Approval>, card: &Card) -> AnyView {
    let view = card.view;
    if view.with_untracked(|v| v.draft.whole) {
        return shown(approval, card, Extent::Whole);
    }
    let whole = Memo::new(move |_| view.with(|v| v.draft.whole));
    let (approval, card) = (approval.clone(), card.clone());
    part(move || {
        if whole.get() {
            return shown(&approval, &card, Extent::Whole);
        }
        let all = card.clone();
        view! {
            {shown(&approval, &card, Extent::Start)}
            <p class="sm-warning sm-ask-more">
                "This is not all of it. It can be allowed once all of it is shown. "
                <button type="button" class="sm-button" on:click=press(move || all.change(Change::Whole))>"Show all"</button>
            </p>
        }
        .into_any()
    })
    .into_any()
}

fn shown(approval: &Approval, card: &Card, extent: Extent) -> AnyView {
    match asked(approval, extent) {
        Asked::Exact { exact, about } => view! {
            <p class="sm-ask-about" dir="auto">{about}</p>
            {exact_view(exact, "sm-ask-exact")}
        }
        .into_any(),
        Asked::Change {
            file,
            lines,
            rest,
            note,
        } => view! {
            {exact_view(file, "sm-ask-file")}
            {maybe((!lines.is_empty()).then_some(lines), diff_view)}
            {maybe(rest, |rest| exact_view(rest, "sm-ask-exact"))}
            <p class="sm-warning">{note}</p>
        }
        .into_any(),
        Asked::Questions(questions) => {
            let numbered = questions.into_iter().enumerate().collect();
            all(numbered, |(place, one)| question(place, one, card))
        }
        Asked::Plan(plan) => {
            let plan = blocks_view(plan, card.send);
            view! { <div class="sm-ask-plan" tabindex="0" role="group" aria-label="Plan">{plan}</div> }.into_any()
        }
    }
}

/// Every character as it stands. It can be scrolled by keyboard where it is long.
fn exact_view(exact: Exact, look: &'static str) -> AnyView {
    let note = exact.note.clone();
    view! {
        <pre class=look dir="ltr" tabindex="0"><bdi>{exact_pieces(exact)}</bdi></pre>
        <p class="sm-warning">{note}</p>
    }
    .into_any()
}

pub(in crate::view) fn exact_pieces(exact: Exact) -> AnyView {
    all(exact.pieces, |Piece { text, odd }| {
        if odd {
            view! { <mark class="sm-odd">{text}</mark> }.into_any()
        } else {
            text.into_any()
        }
    })
}

fn question(place: usize, question: Question, card: &Card) -> AnyView {
    let view = card.view;
    let group = format!("{}-{place}", card.id);
    let kind = if question.multi_select {
        "checkbox"
    } else {
        "radio"
    };
    let answer = move |read: fn(&Answer) -> bool| {
        view.with(|v| v.draft.answers.get(place).is_some_and(read))
    };
    let numbered: Vec<_> = question.options.into_iter().enumerate().collect();
    let options = all(numbered, |(option, choice)| {
        let pick = card.clone();
        let chosen = move || {
            view.with(|v| {
                let answer = v.draft.answers.get(place);
                answer.is_some_and(|answer| answer.chosen.contains(&option))
            })
        };
        view! {
            <label class="sm-opt">
                <input
                    type=kind
                    name=group.clone()
                    prop:checked=flag(chosen)
                    on:change=move |event| pick.change(Change::Choose {
                        question: place,
                        option,
                        chosen: event_target_checked(&event),
                    })
                />
                <span class="sm-box" aria-hidden="true"></span>
                <span>
                    <bdi class="sm-opt-label">{text::line(&choice.label)}</bdi>
                    <span class="sm-opt-about" dir="auto">{text::some_line(choice.description.as_deref()).unwrap_or_default()}</span>
                </span>
            </label>
        }
        .into_any()
    });
    let (other, write) = (card.clone(), card.clone());
    let words = move || {
        view.with(|v| {
            v.draft
                .answers
                .get(place)
                .map(|answer| answer.words.clone())
        })
        .unwrap_or_default()
    };
    let header = maybe(text::some_line(question.header.as_deref()), |header| {
        view! { <span class="sm-chip"><bdi>{header}</bdi></span> }.into_any()
    });
    let title = format!("{group}-question");
    view! {
        <div class="sm-ask-question" role="group" aria-labelledby=title.clone()>
            <p class="sm-strong" id=title.clone() dir="auto">{header} {text::block(&question.question)}</p>
            {options}
            <div class="sm-opt">
                <label class="sm-opt-other">
                    <input
                        type=kind
                        name=group.clone()
                        aria-label="Something else"
                        prop:checked=flag(move || answer(|answer| answer.other))
                        on:change=move |event| other.change(Change::Other(place, event_target_checked(&event)))
                    />
                    <span class="sm-box" aria-hidden="true"></span>
                </label>
                <input
                    type="text"
                    class="sm-field"
                    autocomplete="off"
                    aria-label="In your own words"
                    placeholder="Something else"
                    prop:value=bound(words)
                    on:input=move |event| write.change(Change::Words(place, event_target_value(&event)))
                />
            </div>
        </div>
    }
    .into_any()
}
