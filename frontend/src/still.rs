//! Whether what is pressed has stood still: a press must not be taken by what came under the pointer a moment before.
//!
//! Knows where the guarded buttons are in the window, looking again and again while there are any. It is the browser that lays
//! a page out, so that whatever moves them counts: a card above, a banner, a list that is scrolled. Does not know what they do.

use std::cell::RefCell;

use leptos::ev::MouseEvent;
use wasm_bindgen::JsCast as _;
use web_sys::Element;

use crate::timer::Interval;

/// Marks what holds such buttons.
const GUARDED: &str = "[data-sm-still]";
/// Milliseconds for which it must have stood where it stands.
const STILL_MS: f64 = 300.0;
const LOOK_MS: u32 = 100;

/// Looks for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Still {
    _look: Interval,
}

struct Place {
    element: Element,
    /// Left, top, width and height in the window.
    bounds: [f64; 4],
    /// Since when, Unix milliseconds.
    since: f64,
}

thread_local! {
    static PLACES: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

impl Still {
    pub(crate) fn watch(root: &Element) -> Self {
        let root = root.clone();
        let _look = Interval::new(LOOK_MS, move || look(&root));
        Self { _look }
    }
}

fn look(root: &Element) {
    let Ok(all) = root.query_selector_all(GUARDED) else {
        return;
    };
    PLACES.with_borrow_mut(|places| {
        places.retain(|place| place.element.is_connected());
        let all = (0..all.length()).filter_map(|place| all.get(place)?.dyn_into().ok());
        for element in all {
            note(places, &element);
        }
    });
}

/// Returns for how long it has stood where it stands now, in milliseconds.
fn note(places: &mut Vec<Place>, element: &Element) -> f64 {
    let rect = element.get_bounding_client_rect();
    let bounds = [rect.left(), rect.top(), rect.width(), rect.height()];
    let now = js_sys::Date::now();
    let known = places.iter_mut().find(|place| place.element == *element);
    match known {
        Some(place) if place.bounds == bounds => now - place.since,
        Some(place) => {
            (place.bounds, place.since) = (bounds, now);
            0.0
        }
        None => {
            places.push(Place {
                element: element.clone(),
                bounds,
                since: now,
            });
            0.0
        }
    }
}

/// Whether this press was meant: by the pointer on what has stood still, or by the keyboard, which follows the focus.
pub(crate) fn was_meant(event: &MouseEvent) -> bool {
    if event.detail() == 0 {
        return true;
    }
    let target = event.target().and_then(|target| target.dyn_into().ok());
    let guarded = target.and_then(|target: Element| target.closest(GUARDED).ok().flatten());
    // Where nothing is guarded, the mark was forgotten: nothing is taken there.
    guarded
        .is_some_and(|element| PLACES.with_borrow_mut(|places| note(places, &element)) >= STILL_MS)
}
