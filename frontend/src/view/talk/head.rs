//! Which conversation it is, and what can be done to its session.

use leptos::{ev::Event, prelude::*};
use wasm_bindgen::JsCast as _;
use web_sys::HtmlSelectElement;

use crate::{
    model::{Msg, talk::Talking, terminal::Step},
    screen::talk::{Choice, TalkView},
    view::{
        Send,
        badge::badge,
        bound::{all, flag, maybe, part, press, text},
        icon::{BACK, icon},
        row::branch_view,
        talk::Read,
    },
};

pub(super) fn head(view: Read, shows_terminal: Memo<bool>, send: Send) -> AnyView {
    let branch = Memo::new(move |_| view.with(|v| v.branch.clone()));
    let word = |read: fn(&TalkView) -> String| text(move || view.with(read));
    view! {
        <header class="sm-talk-head">
            <button type="button" class="sm-button sm-back" aria-label="Back to the sessions" title="Back (Esc)" on:click=press(move || send.run(Msg::Back))>
                {icon(BACK)}
            </button>
            <div class="sm-talk-what">
                <h2 id="sm-talk-title"><bdi>{word(|v| v.heading.clone())}</bdi></h2>
                <div class="sm-place">
                    {badge(move || view.with(|v| v.badge))}
                    <bdi class="sm-path">
                        <span class="sm-folder">{word(|v| v.folder.clone())}</span>
                        <span class="sm-project">{word(|v| v.project.clone())}</span>
                    </bdi>
                    {part(move || maybe(branch.get(), branch_view))}
                    <span class="sm-cost" title="What this session has cost so far">{word(|v| v.cost.clone())}</span>
                </div>
            </div>
            {tabs(view, shows_terminal, send)}
            {tools(view, send)}
        </header>
    }
    .into_any()
}

/// What was said, or the terminal in which that is.
fn tabs(view: Read, shows_terminal: Memo<bool>, send: Send) -> AnyView {
    let tab = move |word: &'static str, name: &'static str, terminal: bool, step: Step| {
        view! {
            <button
                type="button"
                class="sm-button"
                data-sm-tab=name
                aria-pressed=text(move || (shows_terminal.get() == terminal).to_string())
                on:click=press(move || send.run(Msg::Terminal(step.clone())))
            >
                {word}
            </button>
        }
        .into_any()
    };
    view! {
        <div class="sm-talk-tabs" role="group" aria-label="View" hidden=flag(move || !view.with(|v| v.has_terminal))>
            {tab("Conversation", "conversation", false, Step::Hide)}
            {tab("Terminal", "terminal", true, Step::Show)}
        </div>
    }
    .into_any()
}

fn tools(view: Read, send: Send) -> AnyView {
    let busy = move || view.with(|v| v.busy);
    let disabled = move || text(move || busy().to_string());
    let models = Memo::new(move |_| view.with(|v| v.models.clone()));
    let modes = Memo::new(move |_| view.with(|v| v.modes.clone()));
    view! {
        <div class="sm-talk-tools" role="group" aria-label="Session" hidden=flag(move || !view.with(|v| v.held))>
            {select("Model", models, move |value| send.run(Msg::Talk(Talking::Model(value))))}
            {select("Permission mode", modes, move |value| send.run(Msg::Talk(Talking::PermissionMode(value))))}
            <button type="button" class="sm-button" aria-disabled=disabled() on:click=press(move || if !busy() { send.run(Msg::Talk(Talking::AskRename)) })>
                "Rename…"
            </button>
            <button type="button" class="sm-button sm-kill" aria-disabled=disabled() on:click=press(move || if !busy() { send.run(Msg::Talk(Talking::AskEnd)) })>
                {text(move || if view.with(|v| v.ending) { "Ending…" } else { "End…" }.to_owned())}
            </button>
        </div>
    }
    .into_any()
}

/// What is chosen shows once the session says so.
fn select(
    label: &'static str,
    choices: Memo<Vec<Choice>>,
    choose: impl Fn(String) + 'static,
) -> AnyView {
    let changed = move |event: Event| {
        let select = event
            .current_target()
            .and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
        let Some(select) = select else { return };
        let value = select.value();
        let now = choices.with_untracked(|all| {
            all.iter()
                .find(|one| one.chosen)
                .map(|one| one.value.clone())
        });
        select.set_value(&now.unwrap_or_default());
        if !value.is_empty() {
            choose(value);
        }
    };
    view! {
        <label class="sm-days">
            <span class="sm-unseen">{label}</span>
            <select title=label on:change=changed>
                {part(move || all(choices.get(), option))}
            </select>
        </label>
    }
    .into_any()
}

fn option(choice: Choice) -> AnyView {
    view! { <option value=choice.value prop:selected=choice.chosen>{choice.word}</option> }
        .into_any()
}
