//! The rules: their list, a try, and an import.

mod row;

use leptos::prelude::*;
use wire::RuleAction;

use crate::{
    model::{
        Msg,
        rules::{Step, import, trial},
    },
    screen::{
        Screen,
        rules::{RulesView, TheirRule, action},
    },
    view::{
        Send,
        bound::{all, each, flag, maybe, part, press, text},
        group::group,
        rules::row::{row, what_view},
    },
};

pub(super) fn rules_body(screen: Screen, send: Send) -> AnyView {
    let dialog = screen.dialog;
    // What was there last stays readable in the moment in which the dialog closes.
    let view = Memo::new(move |last: Option<&RulesView>| {
        let shown = dialog.with(|d| d.rules().cloned());
        shown.or_else(|| last.cloned()).unwrap_or_default()
    });
    let step = move |step: Step| send.run(Msg::Rules(step));
    let said = move |read: fn(&RulesView) -> String| text(move || view.with(read));
    let theirs = Memo::new(move |_| view.with(|v| v.theirs.clone()));
    let save = Memo::new(move |_| view.with(|v| v.save));
    let blocked = move || view.with(|v| v.saving);
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">"Rules"</h3>
        <div class="sm-dialog-body sm-rules" tabindex="0">
            <p class="sm-note">
                "They answer what sessions ask in your stead: the first that fits decides, and a Deny that fits decides wherever it stands."
            </p>
            <p class="sm-note" role="status" dir="auto">{said(|v| v.note.clone())}</p>
            <ol class="sm-rules-list" role="list">
                {each(screen.rules, |number| number.to_string(), move |number, cell| row(number, cell, send))}
            </ol>
            <button
                type="button"
                class="sm-button sm-rules-add"
                hidden=flag(move || !view.with(|v| v.ready))
                on:click=press(move || step(Step::Add))
            >
                "Add a rule"
            </button>
            <p class="sm-warning" role="status" dir="auto">{said(|v| v.failed.clone())}</p>
            {part(move || maybe(theirs.get(), |theirs| theirs_view(theirs, send)))}
            {trial_view(view, send)}
            {import_view(view, send)}
        </div>
        <div class="sm-dialog-foot sm-rules-foot">
            <p class="sm-warning" role="status">
                {said(|v| if v.warned { "There are changes that are not saved. Close again to drop them." } else { "" }.to_owned())}
            </p>
            <button type="button" class="sm-button" autofocus=true on:click=press(move || send.run(Msg::Leave))>
                {said(|v| if v.warned { "Close without saving" } else { "Close" }.to_owned())}
            </button>
            <button
                type="button"
                class="sm-button sm-primary"
                hidden=flag(move || save.get().is_none())
                aria-disabled=text(move || blocked().to_string())
                on:click=press(move || step(Step::Save))
            >
                {text(move || save.get().unwrap_or_default().to_owned())}
            </button>
        </div>
    }
    .into_any()
}

/// What others changed, beside what stands here.
fn theirs_view(theirs: Vec<TheirRule>, send: Send) -> AnyView {
    let none = theirs.is_empty();
    let rows = all(theirs, |rule| {
        let id = rule.id.clone();
        let take = maybe(rule.offered.then_some(()), |()| {
            let id = id.clone();
            view! {
                <button
                    type="button"
                    class="sm-button"
                    on:click=press(move || send.run(Msg::Rules(Step::Take(id.clone()))))
                >
                    "Take theirs"
                </button>
            }
            .into_any()
        });
        view! {
            <li class="sm-rule">
                {badge(rule.action)}
                {what_view(rule.what)}
                <span class="sm-note">{rule.note}</span>
                <span class="sm-rule-do">{take}</span>
            </li>
        }
        .into_any()
    });
    let words = if none {
        "Somebody else changed the rules meanwhile. Only the order differs."
    } else {
        "Somebody else changed the rules meanwhile. This is how theirs differ:"
    };
    view! {
        <section class="sm-theirs" role="status">
            <p class="sm-strong">{words}</p>
            <ul class="sm-rules-list" role="list">{rows}</ul>
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::Rules(Step::TakeAll)))>
                "Drop mine, take all of theirs"
            </button>
        </section>
    }
    .into_any()
}

fn trial_view(view: Memo<RulesView>, send: Send) -> AnyView {
    let change = move |change: trial::Change| send.run(Msg::Rules(Step::Trial(change)));
    let verdict = Memo::new(move |_| view.with(|v| v.trial.verdict));
    let parts = Memo::new(move |_| view.with(|v| v.trial.parts.clone()));
    let changed = move || view.with(|v| v.save.is_some());
    view! {
        <details class="sm-fold-away">
            <summary>"Try the rules"</summary>
            <form class="sm-fields" on:submit=move |event| {
                event.prevent_default();
                change(trial::Change::Ask);
            }>
                <label>
                    <span>"Tool"</span>
                    <input
                        type="text"
                        class="sm-field sm-mono"
                        autocomplete="off"
                        spellcheck="false"
                        value="Bash"
                        on:input=move |event| change(trial::Change::Tool(event_target_value(&event)))
                    />
                </label>
                <label class="sm-wide">
                    <span>"Command, file, or input as JSON"</span>
                    <input
                        type="text"
                        class="sm-field sm-mono"
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="git status && rm -r build"
                        on:input=move |event| change(trial::Change::Input(event_target_value(&event)))
                    />
                </label>
                <label>
                    <span>"In directory (optional)"</span>
                    <input
                        type="text"
                        class="sm-field sm-mono"
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="/home/…"
                        on:input=move |event| change(trial::Change::Cwd(event_target_value(&event)))
                    />
                </label>
                <button type="submit" class="sm-button">
                    {text(move || if view.with(|v| v.trial.asking) { "Trying…" } else { "Try" }.to_owned())}
                </button>
            </form>
            <p class="sm-note">{text(move || if changed() { "It is tried against the rules as they are saved." } else { "" }.to_owned())}</p>
            <div class="sm-verdict" role="status">
                {part(move || maybe(verdict.get(), badge))}
                <span dir="auto">{text(move || view.with(|v| v.trial.why.clone()))}</span>
            </div>
            {part(move || maybe(parts.get(), group))}
            <p class="sm-warning" dir="auto">{text(move || view.with(|v| v.trial.failed.clone()))}</p>
        </details>
    }
    .into_any()
}

fn import_view(view: Memo<RulesView>, send: Send) -> AnyView {
    let change = move |change: import::Change| send.run(Msg::Rules(Step::Import(change)));
    let items = Memo::new(move |_| view.with(|v| v.import.items.clone()));
    let add = Memo::new(move |_| view.with(|v| v.import.add.clone()));
    view! {
        <details class="sm-fold-away">
            <summary>"Import rules"</summary>
            <label class="sm-fields">
                <span class="sm-note">
                    "Paste toolApprovalRules as JSON, or Claude Code's settings.json. They are added after your own rules."
                </span>
                <textarea
                    class="sm-field sm-mono"
                    rows="5"
                    spellcheck="false"
                    aria-label="Rules as JSON"
                    placeholder="[{\"tool\": \"Bash\", \"pattern\": \"git *\", \"action\": \"allow\"}]"
                    on:input=move |event| change(import::Change::Text(event_target_value(&event)))
                ></textarea>
            </label>
            <div class="sm-ask-do">
                <button type="button" class="sm-button" on:click=press(move || change(import::Change::Check))>
                    {text(move || if view.with(|v| v.import.asking) { "Reading…" } else { "See what would be added" }.to_owned())}
                </button>
                <button
                    type="button"
                    class="sm-button sm-primary"
                    hidden=flag(move || add.get().is_none())
                    on:click=press(move || change(import::Change::Add))
                >
                    {text(move || add.get().unwrap_or_default())}
                </button>
            </div>
            <p class="sm-warning" role="status" dir="auto">{text(move || view.with(|v| v.import.failed.clone()))}</p>
            {part(move || maybe(items.get(), group))}
        </details>
    }
    .into_any()
}

fn badge(of: RuleAction) -> AnyView {
    let (look, word) = action(of);
    view! { <span class="sm-action" data-action=look>{word}</span> }.into_any()
}

/// The way to them, at the page's end.
pub(super) fn rules_button(send: Send) -> AnyView {
    view! {
        <button type="button" class="sm-button" on:click=press(move || send.run(Msg::AskRules))>
            "Rules…"
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests;
