//! How many columns and rows of a terminal there is room for.
//!
//! Knows where the terminal is on the page, and looks again and again while it is there: whatever changes its room counts, be
//! it the window, a font or what stands around it. Does not know what is shown in it.

use std::cell::Cell;

use leptos::prelude::document;
use wasm_bindgen::JsCast as _;
use web_sys::{Element, HtmlElement};

use crate::timer::Interval;

const LOOK_MS: u32 = 250;

/// As many characters as stand in the measure.
const MEASURE: f64 = 10.0;
/// Space around the lines, both sides together, in pixels.
const PADDING: f64 = 16.0;

/// Looks for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Fit {
    _look: Interval,
}

impl Fit {
    /// Calls back with columns and rows, once they are known and whenever they are others.
    pub(crate) fn watch(root: &Element, mut fits: impl FnMut(u16, u16) + 'static) -> Self {
        let root = root.clone();
        let last = Cell::new(None);
        let _look = Interval::new(LOOK_MS, move || {
            let now = measure(&root);
            if let Some((columns, rows)) = now.filter(|now| last.replace(Some(*now)) != Some(*now))
            {
                fits(columns, rows);
            }
        });
        Self { _look }
    }
}

/// `None` while it can't be seen.
fn measure(root: &Element) -> Option<(u16, u16)> {
    let terminal = root.query_selector("[data-sm-terminal]").ok()??;
    let measure = root.query_selector(".sm-t-measure").ok()??;
    let one = measure.get_bounding_client_rect();
    let (width, height) = (one.width() / MEASURE, one.height());
    let room = |pixels: i32, each: f64| (f64::from(pixels) - PADDING) / each;
    (width > 0.0 && height > 0.0).then(|| {
        let columns = whole(room(terminal.client_width(), width), 20.0, 300.0);
        let rows = whole(room(terminal.client_height(), height), 5.0, 120.0);
        (columns, rows)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is held between two small numbers"
)]
fn whole(number: f64, least: f64, most: f64) -> u16 {
    number.clamp(least, most) as u16
}

/// Gives the keyboard to the terminal in `root`.
pub(crate) fn focus_keys(root: &Element) {
    focus(root, ".sm-t-keys");
}

/// Gives the keyboard back to the page.
pub(crate) fn leave_keys() {
    if let Some(root) = document().document_element() {
        focus(&root, "[data-sm-tab=terminal]");
    }
}

fn focus(root: &Element, which: &str) {
    let found = root.query_selector(which).ok().flatten();
    if let Some(element) = found.and_then(|found| found.dyn_into::<HtmlElement>().ok()) {
        let options = web_sys::FocusOptions::new();
        options.set_prevent_scroll(true);
        // It fails for no element of a page.
        let _focused = element.focus_with_options(&options);
    }
}
