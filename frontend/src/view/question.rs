//! A question about the conversation that is looked at.

use leptos::{
    ev::{KeyboardEvent, MouseEvent},
    prelude::*,
};

use crate::{
    model::Msg,
    screen::{DialogView, talk::QuestionView},
    view::{
        Send,
        bound::{flag, maybe, part, press, text},
    },
};

pub(super) fn question_body(dialog: RwSignal<DialogView>, send: Send) -> AnyView {
    // What was asked last stays readable in the moment in which the dialog closes.
    let view = Memo::new(move |last: Option<&Option<QuestionView>>| {
        let view = dialog.with(|d| d.talk().cloned());
        view.or_else(|| last.cloned().flatten())
    });
    let word = move |read: fn(&QuestionView) -> String| {
        text(move || view.with(|v| v.as_ref().map(read).unwrap_or_default()))
    };
    let names = Memo::new(move |_| view.with(|v| v.as_ref().is_some_and(|v| v.name.is_some())));
    let look = move || {
        let grave = view.with(|v| v.as_ref().is_some_and(|v| v.grave));
        if grave {
            "sm-button sm-danger"
        } else {
            "sm-button sm-primary"
        }
        .to_owned()
    };
    view! {
        <h3 id="sm-dialog-title" class="sm-dialog-title"><bdi>{word(|v| v.title.clone())}</bdi></h3>
        <div class="sm-dialog-body">
            <p>{word(|v| v.text.to_owned())}</p>
            {part(move || maybe(names.get().then_some(()), |()| name(view, send)))}
        </div>
        <div class="sm-dialog-foot">
            <button type="button" class="sm-button" autofocus=flag(move || !names.get()) on:click=press(move || send.run(Msg::Leave))>
                "Cancel"
            </button>
            <button type="button" class=text(look) on:click=move |_: MouseEvent| send.run(Msg::Confirm)>
                {word(|v| v.yes.to_owned())}
            </button>
        </div>
    }
    .into_any()
}

fn name(view: Memo<Option<QuestionView>>, send: Send) -> AnyView {
    let now =
        text(move || view.with(|v| v.as_ref().and_then(|v| v.name.clone()).unwrap_or_default()));
    view! {
        <label class="sm-entry">
            <span>"Name"</span>
            <input
                type="text"
                autocomplete="off"
                autofocus=true
                dir="auto"
                prop:value=now
                on:input=move |event| send.run(Msg::Rename(event_target_value(&event)))
                on:keydown=move |event: KeyboardEvent| {
                    if event.key() == "Enter" && !event.is_composing() {
                        // It would press the button that has the focus once the dialog is closed.
                        event.prevent_default();
                        send.run(Msg::Confirm);
                    }
                }
            />
        </label>
    }
    .into_any()
}
