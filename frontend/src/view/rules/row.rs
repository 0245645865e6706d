//! One rule: a line that unfolds into its fields.

use leptos::prelude::*;
use wire::RuleAction;

use crate::{
    model::{
        Msg,
        approvals::draft::{Until, Whose},
        rules::{
            Step,
            row::{Field, Row},
        },
    },
    screen::rules::{RuleView, What, action},
    view::{
        Send,
        approval::{asked::exact_pieces, choice},
        bound::{Press, flag, maybe, part, press, text},
        icon::{CROSS, DOWN, UP, icon},
    },
};

pub(super) fn row(number: u32, view: ArcRwSignal<RuleView>, send: Send) -> AnyView {
    let view = RwSignal::from(view);
    let step = move |step: Step| -> Press { press(move || send.run(Msg::Rules(step.clone()))) };
    let open = Memo::new(move |_| view.with(|v| v.fields.is_some()));
    let what = Memo::new(move |_| view.with(|v| v.what.clone()));
    let name = move || view.with(|v| format!("rule {}", v.place));
    let label = move |verb: &'static str| text(move || format!("{verb} {}", name()));
    view! {
        <li class="sm-rule" data-rule=number.to_string()>
            <span class="sm-rule-place">{text(move || view.with(|v| v.place.clone()))}</span>
            <span class="sm-action" data-action=text(move || view.with(|v| action(v.action).0).to_owned())>
                {text(move || view.with(|v| action(v.action).1).to_owned())}
            </span>
            {part(move || what_view(what.get()))}
            <span class="sm-rule-do">
                <button
                    type="button"
                    class="sm-button"
                    aria-label=label("Edit")
                    aria-expanded=text(move || open.get().to_string())
                    on:click=step(Step::Edit(number))
                >
                    {text(move || if open.get() { "Done" } else { "Edit" }.to_owned())}
                </button>
                <button
                    type="button"
                    class="sm-button sm-mini"
                    aria-label=label("Move up")
                    title="Move up"
                    aria-disabled=text(move || view.with(|v| v.first).to_string())
                    on:click=step(Step::Up(number))
                >
                    {icon(UP)}
                </button>
                <button
                    type="button"
                    class="sm-button sm-mini"
                    aria-label=label("Move down")
                    title="Move down"
                    aria-disabled=text(move || view.with(|v| v.last).to_string())
                    on:click=step(Step::Down(number))
                >
                    {icon(DOWN)}
                </button>
                <button
                    type="button"
                    class="sm-button sm-mini"
                    aria-label=label("Delete")
                    title="Delete"
                    on:click=step(Step::Delete(number))
                >
                    {icon(CROSS)}
                </button>
            </span>
            {part(move || maybe(open.get().then_some(()), |()| {
                let row = view.with_untracked(|v| v.fields.clone());
                maybe(row, |row| fields(row, view, send))
            }))}
            <span class="sm-warning sm-rule-lacks" role="status">{text(move || view.with(|v| v.lacks).to_owned())}</span>
        </li>
    }
    .into_any()
}

pub(super) fn what_view(what: What) -> AnyView {
    let any = what.pattern.pieces.is_empty();
    let pattern = if any {
        view! { <span class="sm-rule-any">"anything"</span> }.into_any()
    } else {
        view! { <bdi class="sm-rule-pattern" dir="ltr">{exact_pieces(what.pattern)}</bdi> }
            .into_any()
    };
    view! {
        <span class="sm-rule-what">
            <bdi class="sm-rule-tool">{what.tool}</bdi>
            " "
            {pattern}
            <bdi class="sm-rule-scope">{what.scope}</bdi>
        </span>
    }
    .into_any()
}

fn fields(row: Row, view: RwSignal<RuleView>, send: Send) -> AnyView {
    let number = row.number;
    let change = move |field: Field| send.run(Msg::Rules(Step::Change(number, field)));
    let everywhere =
        move || view.with(|v| v.fields.as_ref().is_none_or(|row| row.whose == Whose::All));
    let actions = vec![
        ("allow", "Allow"),
        ("deny", "Deny"),
        ("ask", "Ask a person"),
    ];
    let whose = vec![
        ("all", "Everywhere"),
        ("project", "In a project"),
        ("session", "In a session"),
    ];
    let until = vec![
        ("keep", "Expiry: as it is"),
        ("good", "For good"),
        ("today", "For today"),
        ("hour", "For 1 hour"),
    ];
    let whose_now = match row.whose {
        Whose::All => "all",
        Whose::Project => "project",
        Whose::Session => "session",
    };
    view! {
        <div class="sm-rule-fields">
            {choice("What it does", actions, action(row.action).0, move |value| {
                change(Field::Action(match value.as_str() {
                    "allow" => RuleAction::Allow,
                    "deny" => RuleAction::Deny,
                    _ => RuleAction::Ask,
                }));
            })}
            <input
                type="text"
                class="sm-field sm-mono sm-rule-name"
                autocomplete="off"
                spellcheck="false"
                aria-label="Tool"
                placeholder="Tool, * for all"
                prop:value=row.tool
                on:input=move |event| change(Field::Tool(event_target_value(&event)))
            />
            <textarea
                class="sm-field sm-mono sm-wide"
                rows="1"
                spellcheck="false"
                aria-label="Pattern"
                placeholder="Anything, or as in: git *"
                prop:value=row.pattern
                on:input=move |event| change(Field::Pattern(event_target_value(&event)))
            ></textarea>
            {choice("Where", whose, whose_now, move |value| {
                change(Field::Whose(match value.as_str() {
                    "project" => Whose::Project,
                    "session" => Whose::Session,
                    _ => Whose::All,
                }));
            })}
            <input
                type="text"
                class="sm-field sm-mono sm-wide"
                autocomplete="off"
                spellcheck="false"
                aria-label="Which project or session"
                placeholder="Directory, or the session's id"
                hidden=flag(everywhere)
                prop:value=row.place
                on:input=move |event| change(Field::Place(event_target_value(&event)))
            />
            {choice("For how long", until, "keep", move |value| {
                match value.as_str() {
                    "hour" => change(Field::Until(Until::Hour)),
                    "today" => change(Field::Until(Until::Today)),
                    "good" => change(Field::Until(Until::Good)),
                    _ => {}
                }
            })}
        </div>
    }
    .into_any()
}
