//! One request: what is asked, and the buttons that answer it.
//!
//! What is asked never changes and is drawn once. The buttons keep their place whatever is opened or said: it comes below them.

pub(super) mod asked;
mod rule;

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
};
use wire::SessionId;

use crate::{
    model::{
        Msg,
        approvals::{
            RequestKey, Step,
            draft::{Change, exactly},
        },
    },
    screen::{
        Screen,
        approvals::ApprovalView,
        asked::{Kind, kind, title},
    },
    still,
    view::{
        Send,
        approval::{asked::asked_view, rule::rule_view},
        bound::{Press, all, maybe, part, press, text},
    },
};

/// Beside which other things the card stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Queue,
    /// In its session's own view: whose it is need not be said.
    Session,
}

/// What every part of a card needs.
#[derive(Clone)]
pub(super) struct Card {
    key: RequestKey,
    view: RwSignal<ApprovalView>,
    /// Tells this card's elements from those of others.
    id: String,
    send: Send,
}

impl Card {
    fn send(&self, step: Step) {
        self.send.run(Msg::Approval(self.key.clone(), step));
    }

    fn change(&self, change: Change) {
        self.send(Step::Draft(change));
    }

    /// What a button does that decides.
    fn press(&self, step: Step) -> Press {
        let card = self.clone();
        Box::new(move |event: MouseEvent| {
            card.send(if still::was_meant(&event) {
                step.clone()
            } else {
                Step::Moved
            });
        })
    }
}

/// The open requests of one session, for its own view.
pub(super) fn approvals_of(screen: Screen, send: Send, here: Memo<Option<SessionId>>) -> AnyView {
    let cards = Memo::new(move |_| {
        let here = here.get();
        let rows = screen.approvals.rows().into_iter();
        let keys = rows.map(|(key, _)| key);
        keys.filter(|key| here.as_ref() == Some(&key.session))
            .collect::<Vec<RequestKey>>()
    });
    let card = move |key: RequestKey| {
        let rows = screen.approvals.rows();
        let cell = rows.into_iter().find(|(other, _)| *other == key);
        maybe(cell, |(key, cell)| {
            approval(key, cell, Where::Session, send)
        })
    };
    view! {
        <ul class="sm-asks-list" role="list">
            <For each=move || cards.get() key=|key| format!("{} {}", key.session, key.id) children=move |key| untrack(|| card(key))/>
        </ul>
    }
    .into_any()
}

pub(super) fn approval(
    key: RequestKey,
    view: ArcRwSignal<ApprovalView>,
    place: Where,
    send: Send,
) -> AnyView {
    let view = RwSignal::from(view);
    let asks = view.with_untracked(|v| v.approval.clone());
    let id = match place {
        Where::Queue => format!("sm-ask-{}-{}", key.session, key.id),
        Where::Session => format!("sm-ask-here-{}-{}", key.session, key.id),
    };
    let title_id = format!("{id}-title");
    let name = format!("{} {}", key.session, key.id);
    let card = Card {
        key,
        view,
        id,
        send,
    };
    let who = maybe((place == Where::Queue).then_some(()), |()| {
        who(view, card.key.session.clone(), send)
    });
    let reason = maybe(asks.reason.clone(), |reason| {
        let reason = crate::text::block(&reason);
        view! { <p class="sm-note" dir="auto">{reason}</p> }.into_any()
    });
    let rules = exactly(&asks).is_some();
    view! {
        <li
            class="sm-ask"
            role="group"
            tabindex="0"
            aria-labelledby=title_id.clone()
            data-request=name
            data-stage=text(move || view.with(|v| v.stage.word()).to_owned())
            on:keydown=keys(card.clone())
        >
            <div class="sm-ask-head">
                <span class="sm-ask-title" id=title_id.clone()><bdi>{title(&asks)}</bdi></span>
                {who}
                <span class="sm-ask-waits">{text(move || view.with(|v| v.waits.clone()))}</span>
            </div>
            {reason}
            {asked_view(&asks, &card)}
            // What becomes of an answer stands where it was given, so that nothing below moves.
            <div class="sm-ask-foot">
                {answers(&card, kind(&asks), rules)}
                <p class="sm-ask-said" role="status" dir="auto">{text(move || view.with(|v| v.said.clone()))}</p>
            </div>
            {part({
                let card = card.clone();
                let wanted = Memo::new(move |_| view.with(|v| v.draft.rule.is_some()));
                move || maybe(wanted.get().then_some(()), |()| rule_view(&card))
            })}
            <p class="sm-note">{text(move || view.with(|v| v.note.clone()))}</p>
        </li>
    }
    .into_any()
}

/// Whose request it is.
fn who(view: RwSignal<ApprovalView>, session: SessionId, send: Send) -> AnyView {
    view! {
        <span class="sm-ask-who">
            <button
                type="button"
                class="sm-ask-name"
                title="Open this session"
                on:click=press(move || send.run(Msg::Open(session.clone())))
            >
                <bdi>{text(move || view.with(|v| v.heading.clone()))}</bdi>
            </button>
            <bdi class="sm-path">
                <span class="sm-folder">{text(move || view.with(|v| v.folder.clone()))}</span>
                <span class="sm-project">{text(move || view.with(|v| v.project.clone()))}</span>
            </bdi>
        </span>
    }
    .into_any()
}

/// `a` and `d` answer for the card that has the focus itself; in its fields they are letters.
fn keys(card: Card) -> Box<dyn Fn(KeyboardEvent)> {
    Box::new(move |event: KeyboardEvent| {
        let modified = event.ctrl_key() || event.meta_key() || event.alt_key() || event.repeat();
        if modified || event.target() != event.current_target() {
            return;
        }
        match event.key().as_str() {
            "a" => card.send(Step::Allow),
            "d" => card.send(Step::Deny),
            _ => return,
        }
        event.prevent_default();
    })
}

/// The words on the buttons of a request of this kind.
struct Words {
    allow: &'static str,
    deny: &'static str,
    reason: &'static str,
}

fn answers(card: &Card, kind: Kind, rules: bool) -> AnyView {
    let view = card.view;
    let words = match kind {
        Kind::Permission => Words {
            allow: "Allow",
            deny: "Deny",
            reason: "Why not, for the model (optional)",
        },
        Kind::Question => Words {
            allow: "Send answer",
            deny: "Decline",
            reason: "Why not, for the model (optional)",
        },
        Kind::Plan => Words {
            allow: "Approve",
            deny: "Keep planning",
            reason: "What should be different (optional)",
        },
    };
    let blocked = move || text(move || view.with(|v| !v.stage.is_open() || !v.ready).to_string());
    let closed = move || text(move || view.with(|v| !v.stage.is_open()).to_string());
    let modes = maybe((kind == Kind::Plan).then_some(()), |()| {
        view! {
            <button
                type="button"
                class="sm-button"
                aria-disabled=blocked()
                on:click=card.press(Step::AllowIn("acceptEdits"))
            >
                "Approve and accept edits"
            </button>
        }
        .into_any()
    });
    let always = maybe(rules.then_some(()), |()| {
        let wanted = move || view.with(|v| v.draft.rule.is_some());
        let toggle = card.clone();
        view! {
            <button
                type="button"
                class="sm-button"
                aria-expanded=text(move || wanted().to_string())
                aria-disabled=closed()
                on:click=move |_| toggle.change(Change::Rule(!view.with_untracked(|v| v.draft.rule.is_some())))
            >
                "Always…"
            </button>
        }
        .into_any()
    });
    let (write, enter) = (card.clone(), card.clone());
    view! {
        <div class="sm-ask-do" data-sm-still="">
            <button type="button" class="sm-button sm-primary" aria-disabled=blocked() on:click=card.press(Step::Allow)>
                {words.allow}
            </button>
            {modes}
            {always}
            <span class="sm-ask-no">
                <input
                    type="text"
                    class="sm-field"
                    autocomplete="off"
                    aria-label=words.reason
                    placeholder=words.reason
                    prop:value=text(move || view.with(|v| v.draft.reason.clone()))
                    on:input=move |event| write.change(Change::Reason(event_target_value(&event)))
                    on:keydown=move |event: KeyboardEvent| {
                        // Whoever wrote a reason and presses Enter means this card.
                        if event.key() == "Enter" && !event.repeat() && !event.is_composing() {
                            enter.send(Step::Deny);
                        }
                    }
                />
                <button type="button" class="sm-button sm-ask-deny" aria-disabled=closed() on:click=card.press(Step::Deny)>
                    {words.deny}
                </button>
            </span>
        </div>
    }
    .into_any()
}

/// A choice with its name, drawn by the page: the host's style sheet changes every box.
pub(super) fn choice(
    select: &'static str,
    offers: Vec<(&'static str, &'static str)>,
    chosen: &'static str,
    changed: impl Fn(String) + 'static,
) -> AnyView {
    let offers = all(offers, |(value, words)| {
        view! { <option value=value selected=value == chosen>{words}</option> }.into_any()
    });
    view! {
        <span class="sm-days sm-choice">
            <select aria-label=select on:change=move |event| changed(event_target_value(&event))>{offers}</select>
        </span>
    }
    .into_any()
}

#[cfg(test)]
mod tests;
