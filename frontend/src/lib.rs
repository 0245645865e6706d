//! The page: what CloudCLI shows in the plugin's tab, and the server by itself.
//!
//! Knows how a page comes and goes. `model` decides, `screen` puts into words, `view` draws, `app` connects.

mod app;
mod fit;
mod focus;
mod host;
mod link;
mod listener;
mod measure;
mod model;
#[cfg(test)]
mod sample;
mod screen;
mod still;
mod text;
mod timer;
mod title;
mod uuid;
mod view;

use std::{cell::RefCell, rc::Rc, sync::Once};

use js_sys::Promise;
use leptos::{
    mount::{UnmountHandle, mount_to},
    prelude::*,
    tachys::view::Mountable,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::HtmlElement;

use crate::{app::App, host::Host, screen::Screen, view::page};

/// One page in its container, stopped by `Mounted::leave`.
struct Mounted {
    container: HtmlElement,
    app: Rc<App>,
    owner: Owner,
    /// Takes the elements away.
    elements: Box<dyn std::any::Any>,
}

thread_local! {
    static MOUNTED: RefCell<Vec<Mounted>> = const { RefCell::new(Vec::new()) };
}

/// Shows the page in `container`. A page that is there already is taken away first.
#[wasm_bindgen]
pub fn mount(container: HtmlElement, api: JsValue) -> Promise {
    report_panics();
    unmount(&container);
    let Some(host) = Host::new(api) else {
        let error = js_sys::Error::new("the host's api object has no rpc function");
        return Promise::reject(&error);
    };
    let (mounted, elements) = show(&container, host);
    let Some((app, owner)) = mounted else {
        return Promise::reject(&js_sys::Error::new("the page could not be built"));
    };
    let elements = Box::new(elements);
    MOUNTED.with_borrow_mut(|all| {
        all.push(Mounted {
            container,
            app,
            owner,
            elements,
        });
    });
    Promise::resolve(&JsValue::UNDEFINED)
}

/// Takes the page away and leaves `container` empty. It may be called twice, or where no page is.
#[wasm_bindgen]
pub fn unmount(container: &HtmlElement) {
    let left = MOUNTED.with_borrow_mut(|all| {
        let place = all
            .iter()
            .position(|mounted| mounted.container == *container);
        place.map(|place| all.swap_remove(place))
    });
    if let Some(left) = left {
        left.leave();
    }
}

impl Mounted {
    fn leave(self) {
        self.app.stop();
        // Now, and not when the last handle is dropped a few microtasks later.
        self.owner.cleanup();
        drop(self.elements);
        self.container.set_text_content(None);
    }
}

fn show(
    container: &HtmlElement,
    host: Host,
) -> (
    Option<(Rc<App>, Owner)>,
    UnmountHandle<impl Mountable + use<>>,
) {
    let mounted = Rc::new(RefCell::new(None));
    let root = container.clone();
    let built = mounted.clone();
    let elements = mount_to(container.clone(), move || {
        let screen = Screen::new();
        let app = App::start(root.into(), host, screen);
        let weak = StoredValue::new_local(Rc::downgrade(&app));
        *built.borrow_mut() = Owner::current().map(|owner| (app, owner));
        let send = Callback::new(move |msg| {
            if let Some(app) = weak.try_get_value().and_then(|weak| weak.upgrade()) {
                app.send(msg);
            }
        });
        page(screen, send)
    });
    (mounted.take(), elements)
}

/// Writes a panic to the console, where the browser would only say "unreachable".
fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            web_sys::console::error_1(&format!("session-manager: {panic}").into());
        }));
    });
}
