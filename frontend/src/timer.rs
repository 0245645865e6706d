//! Timers that let go when they are dropped.

use js_sys::Function;
use leptos::prelude::window;
use wasm_bindgen::{JsCast as _, JsValue, closure::Closure};

use crate::host::get;

/// Calls back again and again.
#[derive(Debug)]
pub(crate) struct Interval {
    _timer: Timer,
}

impl Interval {
    pub(crate) fn new(ms: u32, callback: impl FnMut() + 'static) -> Self {
        let _timer = Timer::start("setInterval", "clearInterval", ms, Box::new(callback));
        Self { _timer }
    }
}

/// Calls back once.
#[derive(Debug)]
pub(crate) struct Timeout {
    _timer: Timer,
}

impl Timeout {
    pub(crate) fn new(ms: u32, callback: impl FnMut() + 'static) -> Self {
        let _timer = Timer::start("setTimeout", "clearTimeout", ms, Box::new(callback));
        Self { _timer }
    }
}

#[derive(Debug)]
struct Timer {
    /// Given back as it came: its numbers are the browser's affair.
    id: JsValue,
    clear: &'static str,
    _callback: Closure<dyn FnMut()>,
}

impl Timer {
    fn start(set: &str, clear: &'static str, ms: u32, callback: Box<dyn FnMut()>) -> Self {
        let callback = Closure::wrap(callback);
        let id = call(set, callback.as_ref(), &ms.into());
        Self {
            id,
            clear,
            _callback: callback,
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        call(self.clear, &self.id, &JsValue::UNDEFINED);
    }
}

/// A window has these functions, and they throw nothing.
fn call(name: &str, first: &JsValue, second: &JsValue) -> JsValue {
    let window = window();
    let function = get(&window, name).dyn_into::<Function>();
    let answer = function.and_then(|function| function.call2(&window, first, second));
    answer.unwrap_or_default()
}
