//! Listeners that let go when they are dropped.

use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};
use web_sys::EventTarget;

/// Calls back with each event of these types.
#[derive(Debug)]
pub(crate) struct Listener {
    target: EventTarget,
    types: &'static [&'static str],
    callback: Closure<dyn FnMut(JsValue)>,
}

impl Listener {
    pub(crate) fn new(
        target: EventTarget,
        types: &'static [&'static str],
        callback: impl FnMut(JsValue) + 'static,
    ) -> Self {
        let callback = Closure::<dyn FnMut(JsValue)>::new(callback);
        for name in types {
            // It fails for no function.
            let _listens =
                target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref());
        }
        Self {
            target,
            types,
            callback,
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.callback.as_ref().unchecked_ref();
        for name in self.types {
            let _gone = self
                .target
                .remove_event_listener_with_callback(name, callback);
        }
    }
}
