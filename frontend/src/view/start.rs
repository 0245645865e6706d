//! The dialog that describes a new session.

use leptos::{ev::KeyboardEvent, prelude::*};

use crate::{
    model::{Msg, start::Field},
    screen::{
        DialogView,
        start::{EFFORTS, MODELS, MODES, Project, StartView},
    },
    view::{
        Send,
        bound::{all, flag, part, press, text},
    },
};

pub(super) fn start_body(dialog: RwSignal<DialogView>, send: Send) -> AnyView {
    // What stood there last stays readable in the moment in which the dialog closes.
    let view = Memo::new(move |last: Option<&StartView>| {
        let view = dialog.with(|d| d.start().cloned());
        view.or_else(|| last.cloned()).unwrap_or_default()
    });
    let projects = Memo::new(move |_| view.with(|v| v.projects.clone()));
    let running = move || view.with(|v| v.start.running);
    let nowhere = view.with_untracked(|v| v.start.cwd.is_empty());
    let begin = move |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            send.run(Msg::Confirm);
        }
    };
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title">"New session"</h3>
        <div class="sm-dialog-body sm-start" on:keydown=begin>
            <label class="sm-entry">
                <span>"Directory"</span>
                <input
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    autocapitalize="off"
                    placeholder="Choose below, or type a path or a part of it"
                    autofocus=nowhere
                    prop:value=text(move || view.with(|v| v.start.cwd.clone()))
                    on:input=fill(Field::Cwd, send)
                />
            </label>
            <ul class="sm-projects" role="list" aria-label="Directories of earlier sessions" hidden=flag(move || projects.with(Vec::is_empty))>
                {part(move || all(projects.get(), |project| offer(project, send)))}
            </ul>
            <label class="sm-entry">
                <span>"What shall it do?"</span>
                <textarea
                    rows="4"
                    dir="auto"
                    placeholder="The first message. Without one the session waits for it."
                    autofocus=!nowhere
                    prop:value=text(move || view.with(|v| v.start.prompt.clone()))
                    on:input=fill(Field::Prompt, send)
                ></textarea>
            </label>
            <div class="sm-entries">
                {choose("Model", &MODELS, view, |v| v.start.model.clone(), Field::Model, send)}
                {choose("Permissions", &MODES, view, |v| v.start.permission_mode.clone(), Field::PermissionMode, send)}
                {choose("Effort", &EFFORTS, view, |v| v.start.effort.clone(), Field::Effort, send)}
            </div>
            <label class="sm-entry">
                <span>"Name (optional)"</span>
                <input
                    type="text"
                    autocomplete="off"
                    dir="auto"
                    prop:value=text(move || view.with(|v| v.start.name.clone()))
                    on:input=fill(Field::Name, send)
                />
            </label>
            {switch("Go on in the newest conversation of this directory", view, |v| v.start.continue_newest, Field::ContinueNewest, send)}
            {switch("Work in a new git worktree", view, |v| v.start.in_worktree, Field::InWorktree, send)}
            <label class="sm-entry" hidden=flag(move || !view.with(|v| v.start.in_worktree))>
                <span>"Worktree’s name (optional)"</span>
                <input
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=text(move || view.with(|v| v.start.worktree.clone()))
                    on:input=fill(Field::Worktree, send)
                />
            </label>
            <p class="sm-why sm-bad" role="alert" dir="auto">{text(move || view.with(|v| v.failed.clone()))}</p>
        </div>
        <div class="sm-dialog-foot">
            <button type="button" class="sm-button" on:click=press(move || send.run(Msg::Leave))>"Cancel"</button>
            <button
                type="button"
                class="sm-button sm-primary"
                title="Ctrl+Enter"
                aria-disabled=text(move || running().to_string())
                on:click=press(move || send.run(Msg::Confirm))
            >
                {text(move || if running() { "Starting…" } else { "Start session" }.to_owned())}
            </button>
        </div>
    }
    .into_any()
}

fn fill(field: fn(String) -> Field, send: Send) -> Box<dyn FnMut(leptos::ev::Event)> {
    Box::new(move |event| send.run(Msg::Describe(field(event_target_value(&event)))))
}

fn offer(project: Project, send: Send) -> AnyView {
    let Project {
        cwd,
        folder,
        name,
        about,
        chosen,
    } = project;
    view! {
        <li>
            <button
                type="button"
                class="sm-project-of"
                aria-pressed=chosen.to_string()
                on:click=press(move || send.run(Msg::Describe(Field::Cwd(cwd.clone()))))
            >
                <bdi class="sm-path"><span class="sm-folder">{folder}</span><span class="sm-project">{name}</span></bdi>
                <span class="sm-when">{about}</span>
            </button>
        </li>
    }
    .into_any()
}

fn choose(
    label: &'static str,
    choices: &'static [(&'static str, &'static str)],
    view: Memo<StartView>,
    read: fn(&StartView) -> String,
    field: fn(String) -> Field,
    send: Send,
) -> AnyView {
    let now = view.with_untracked(read);
    let option = |(value, word): (&'static str, &'static str)| {
        view! { <option value=value prop:selected=value == now>{word}</option> }.into_any()
    };
    view! {
        <label class="sm-entry">
            <span>{label}</span>
            <span class="sm-days">
                <select on:change=fill(field, send)>{all(choices.to_vec(), option)}</select>
            </span>
        </label>
    }
    .into_any()
}

fn switch(
    label: &'static str,
    view: Memo<StartView>,
    read: fn(&StartView) -> bool,
    field: fn(bool) -> Field,
    send: Send,
) -> AnyView {
    view! {
        <label class="sm-switch">
            <input
                type="checkbox"
                role="switch"
                prop:checked=flag(move || view.with(read))
                on:change=move |event| send.run(Msg::Describe(field(event_target_checked(&event))))
            />
            <span class="sm-track" aria-hidden="true"></span>
            {label}
        </label>
    }
    .into_any()
}
