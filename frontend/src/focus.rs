//! Focus and modality: what the browser itself holds, brought in line with the model after each update.
//!
//! A row that moves is taken out and put in again, and loses the focus on the way; a row that has left takes it
//! along. Neither may throw a person who uses the keyboard back to the top of the page.

use leptos::{ev::KeyboardEvent, prelude::document};
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlDialogElement, HtmlElement};

const FOCUSABLE: &str =
    "button:not([hidden]),input,select,textarea,a[href],[tabindex]:not([tabindex='-1'])";

/// Returns the element in `root` that has the focus.
pub(crate) fn within(root: &Element) -> Option<HtmlElement> {
    document()
        .active_element()
        .filter(|active| root.contains(Some(active)))?
        .dyn_into()
        .ok()
}

/// Opens or closes the dialog and gives the focus back to who had it, or to the list where that one is gone.
pub(crate) fn settle(root: &Element, before: Option<&HtmlElement>, dialog_wanted: bool) {
    let dialog = root.query_selector("dialog").ok().flatten();
    if let Some(dialog) = dialog.and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok()) {
        if dialog_wanted && !dialog.open() {
            // It fails only for an element outside the document: then nobody sees it.
            let _shown = dialog.show_modal();
        } else if !dialog_wanted && dialog.open() {
            // The browser gives the focus back to the button that opened it.
            dialog.close();
        }
    }
    if let Some(before) = before
        && lost(root)
    {
        focus(before);
        // Whoever answers goes on with what else is asked, from the beginning: never is a card chosen for them.
        let answering = before
            .closest("[data-request]")
            .is_ok_and(|card| card.is_some());
        let next = if dialog_wanted {
            "dialog .sm-dialog-body"
        } else if is_talking(root) {
            "[data-sm-talk]"
        } else if answering {
            "[data-sm-asks]:not([hidden]), [data-sm-list]"
        } else {
            "[data-sm-list]"
        };
        if lost(root)
            && let Ok(Some(next)) = root.query_selector(next)
        {
            next.dyn_ref::<HtmlElement>().map(focus);
        }
    }
}

/// A conversation has taken the list's place: Esc leaves it, and what can be read is at hand.
pub(crate) fn talk(root: &Element) {
    if let Ok(Some(talk)) = root.query_selector("[data-sm-talk]") {
        talk.dyn_ref::<HtmlElement>().map(focus);
    }
}

fn is_talking(root: &Element) -> bool {
    matches!(root.query_selector("[data-sm-talk]"), Ok(Some(_)))
}

/// Where the list was when a conversation took its place.
#[derive(Debug)]
pub(crate) struct Left {
    scroll: i32,
    opener: Option<HtmlElement>,
}

impl Left {
    pub(crate) fn new(root: &Element, opener: Option<HtmlElement>) -> Self {
        Self {
            scroll: root.scroll_top(),
            opener,
        }
    }

    /// The list is there again, as it was.
    pub(crate) fn restore(&self, root: &Element) {
        root.set_scroll_top(self.scroll);
        if let Some(opener) = &self.opener {
            focus(opener);
        }
    }
}

/// Keeps Tab inside the element that listens.
pub(crate) fn keep_inside(event: &KeyboardEvent) {
    if event.key() != "Tab" {
        return;
    }
    let dialog = event
        .current_target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    let Some(all) = dialog.and_then(|dialog| dialog.query_selector_all(FOCUSABLE).ok()) else {
        return;
    };
    let at = |place: u32| all.get(place)?.dyn_into::<HtmlElement>().ok();
    let (first, last) = (at(0), all.length().checked_sub(1).and_then(at));
    let active = document().active_element();
    let is_active = |element: &Option<HtmlElement>| {
        element
            .as_deref()
            .is_some_and(|element| active.as_ref() == Some(element))
    };
    let (end, other) = if event.shift_key() {
        (&first, &last)
    } else {
        (&last, &first)
    };
    if is_active(end)
        && let Some(other) = other
    {
        event.prevent_default();
        focus(other);
    }
}

/// Whether nothing that can be seen has the focus, although the page is on screen.
fn lost(root: &Element) -> bool {
    let active = document().active_element();
    // What has just been hidden loses the focus with the next picture only.
    let hidden = |active: &Element| active.closest("[hidden]").is_ok_and(|one| one.is_some());
    root.is_connected()
        && active.is_none_or(|active| active.tag_name() == "BODY" || hidden(&active))
}

fn focus(element: &HtmlElement) {
    let options = web_sys::FocusOptions::new();
    // The list must not jump while it refreshes.
    options.set_prevent_scroll(true);
    // It fails for no element of a page.
    let _focused = element.focus_with_options(&options);
}
