//! The terminal of the session: its lines, and a place for the keyboard.
//!
//! The keyboard is a text field at the cursor that never keeps anything: so input methods and the keyboards of phones work,
//! and are seen where they write. Tab is the session's, so F6 leaves.

use leptos::{
    ev::{ClipboardEvent, Event, KeyboardEvent, MouseEvent},
    prelude::*,
};
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::Element;

use crate::{
    fit,
    host::get,
    model::{
        Msg,
        terminal::{
            Step,
            keys::{Pressed, key, typing},
        },
    },
    screen::{
        Screen,
        terminal::{LineView, Piece, TerminalView},
    },
    view::{
        Send,
        bound::{all, each, flag, maybe, part, press, text},
    },
};

/// Keys that a phone has not, and many sessions want.
const KEYS: [(&str, &str, &str); 10] = [
    ("Esc", "Escape", "escape"),
    ("Tab", "Tab", "tab"),
    ("⇧Tab", "Shift Tab", "shift-tab"),
    ("↑", "Up", "up"),
    ("↓", "Down", "down"),
    ("←", "Left", "left"),
    ("→", "Right", "right"),
    ("⌫", "Backspace", "backspace"),
    ("⏎", "Enter", "enter"),
    ("^C", "Control C", "ctrl-c"),
];

pub(super) fn terminal(screen: Screen, send: Send) -> AnyView {
    let open = Memo::new(move |_| screen.terminal.with(Option::is_some));
    part(move || maybe(open.get().then_some(()), |()| opened(screen, send))).into_any()
}

fn opened(screen: Screen, send: Send) -> AnyView {
    let view = Memo::new(move |_| screen.terminal.get().unwrap_or_default());
    let word = |read: fn(&TerminalView) -> String| text(move || view.with(read));
    let step = move |step: Step| send.run(Msg::Terminal(step));
    let above = move || view.with_untracked(|v| v.shows_above);
    let ctrl = move || view.with_untracked(|v| v.ctrl);
    let place = move || {
        let (column, row) = view.with(|v| v.cursor);
        format!("left:calc(7px + {column}ch);top:calc(7px + {row} * var(--sm-t-line))")
    };
    let keys = all(KEYS.to_vec(), |(sign, name, key)| {
        let pressed = move || step(Step::Press(key.parse().into_iter().collect()));
        view! { <button type="button" class="sm-button" aria-label=name title=name on:mousedown=stay on:click=press(pressed)>{sign}</button> }
            .into_any()
    });
    view! {
        <div class="sm-t">
            <div class="sm-t-bar">
                <p class="sm-t-hint" id="sm-t-hint">"Keys go to the session. " <kbd>"F6"</kbd> " leaves."</p>
                <bdi class="sm-t-title">{word(|v| v.title.clone())}</bdi>
                <span class="sm-t-size" title="Columns and rows">{word(|v| v.size.clone())}</span>
                <button
                    type="button"
                    class="sm-button"
                    hidden=flag(move || !view.with(|v| v.has_above || v.shows_above))
                    aria-pressed=text(move || view.with(|v| v.shows_above).to_string())
                    on:click=press(move || step(Step::Above(!above())))
                >
                    "Earlier lines"
                </button>
            </div>
            <div class="sm-t-room" data-sm-terminal="" role="group" aria-label="Terminal" on:mouseup=clicked>
                <div class="sm-t-in">
                    <div class="sm-t-lines">{each(screen.terminal_lines, |row| row.to_string(), |_, cell| line(cell))}</div>
                    <div class="sm-t-place" style=text(place)>
                        <span
                            class="sm-t-cursor"
                            aria-hidden="true"
                            hidden=flag(move || !view.with(|v| v.cursor_shown))
                        ></span>
                        {keyboard(send)}
                    </div>
                </div>
                <span class="sm-t-measure" aria-hidden="true">"0000000000"</span>
            </div>
            <p class="sm-why" role="status" dir="auto">{word(|v| v.note.clone())}</p>
            <div class="sm-t-keyrow" role="group" aria-label="Keys">
                {keys}
                <button
                    type="button"
                    class="sm-button"
                    title="The next character is pressed with Ctrl"
                    aria-pressed=text(move || view.with(|v| v.ctrl).to_string())
                    on:mousedown=stay
                    on:click=press(move || step(Step::Ctrl(!ctrl())))
                >
                    "Ctrl"
                </button>
            </div>
        </div>
    }
    .into_any()
}

fn line(cell: ArcRwSignal<LineView>) -> AnyView {
    view! { <div class="sm-t-line">{part(move || all(cell.get().pieces(), piece))}</div> }
        .into_any()
}

fn piece(piece: Piece) -> AnyView {
    let Piece { text, class, style } = piece;
    if class.is_empty() && style.is_empty() {
        return text.into_any();
    }
    view! { <span class=class style=style>{text}</span> }.into_any()
}

fn keyboard(send: Send) -> AnyView {
    let step = move |step: Step| send.run(Msg::Terminal(step));
    let pressed = move |event: KeyboardEvent| {
        // Whatever it is, it is not the page's: Escape there goes back to the list.
        event.stop_propagation();
        if event.is_composing() {
            return;
        }
        if event.key() == "F6" {
            event.prevent_default();
            return fit::leave_keys();
        }
        let name = event.key();
        let pressed = key(Pressed {
            key: &name,
            ctrl: event.ctrl_key(),
            alt: event.alt_key(),
            shift: event.shift_key(),
            meta: event.meta_key(),
            alt_graph: event.get_modifier_state("AltGraph"),
        });
        if let Some(key) = pressed {
            event.prevent_default();
            step(Step::Press(vec![key]));
        }
    };
    // What no key told of: input methods, phones, dictation.
    let written = move |event: Event| {
        if !get(&event, "isComposing").is_truthy() {
            step(Step::Press(typing(&take(&event))));
        }
    };
    let composed = move |event: web_sys::CompositionEvent| step(Step::Press(typing(&take(&event))));
    let pasted = move |event: ClipboardEvent| {
        event.prevent_default();
        if let Some(text) = clipboard(&event) {
            step(Step::Paste(text));
        }
    };
    view! {
        <textarea
            class="sm-t-keys"
            rows="1"
            placeholder=" "
            aria-label="Keys for the session"
            aria-describedby="sm-t-hint"
            autocomplete="off"
            autocapitalize="off"
            spellcheck="false"
            on:keydown=pressed
            on:input=written
            on:compositionend=composed
            on:paste=pasted
        ></textarea>
    }
    .into_any()
}

/// Empties the field, and returns what stood in it.
fn take(event: &JsValue) -> String {
    let field = get(event, "target");
    let text = get(&field, "value").as_string().unwrap_or_default();
    // It fails for no field.
    let _emptied = js_sys::Reflect::set(&field, &"value".into(), &"".into());
    text
}

/// The text that is pasted; lines end as in this program, and what is no text is left out.
fn clipboard(event: &JsValue) -> Option<String> {
    let data = get(event, "clipboardData");
    let read: js_sys::Function = get(&data, "getData").dyn_into().ok()?;
    let text = read.call1(&data, &"text/plain".into()).ok()?.as_string()?;
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_text = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    Some(text.chars().filter(is_text).collect())
}

/// A click gives it the keyboard; whoever has marked something wants to copy it.
fn clicked(event: MouseEvent) {
    let selection = get(&window(), "getSelection").dyn_into::<js_sys::Function>();
    let selection = selection.and_then(|ask| ask.call0(&window()));
    let is_marked = selection.is_ok_and(|one| get(&one, "isCollapsed").as_bool() == Some(false));
    let target = event
        .current_target()
        .and_then(|it| it.dyn_into::<Element>().ok());
    if let Some(target) = target.filter(|_| !is_marked) {
        fit::focus_keys(&target);
    }
}

/// A press on it leaves the keyboard where it is.
fn stay(event: MouseEvent) {
    event.prevent_default();
}
