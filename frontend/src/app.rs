//! The running page: takes messages to the model, shows it, and does what it asks for.
//!
//! Knows the order of those three. Does not know what the messages mean.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use leptos::{
    prelude::*,
    task::{spawn_local, tick},
};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement};

use crate::{
    focus,
    host::{Host, Subscription},
    model::{Effect, Model, Msg, REFRESH_MS, by_key::ByKey, call::Call, update::update},
    screen::Screen,
    timer::{Interval, Timeout},
};

/// One mounted page. Whoever holds it keeps it running; dropping it stops timers and takes callbacks back.
#[derive(Debug)]
pub(crate) struct App {
    root: Element,
    host: Host,
    model: RefCell<Model>,
    screen: ScreenHandle,
    /// False once the page has been left: answers that come later are dropped.
    alive: Cell<bool>,
    expiries: RefCell<ByKey<u32, Timeout>>,
    held: RefCell<Option<Held>>,
}

/// What the browser and the host hold for us.
#[derive(Debug)]
struct Held {
    _refresh: Interval,
    _changes: Option<Subscription>,
}

struct ScreenHandle(Screen);

impl std::fmt::Debug for ScreenHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Screen")
    }
}

impl App {
    /// Begins with the first requests.
    pub(crate) fn start(root: Element, host: Host, screen: Screen) -> Rc<Self> {
        let model = Model::new(host.surroundings());
        let app = Rc::new(Self {
            root,
            host,
            model: RefCell::new(model),
            screen: ScreenHandle(screen),
            alive: Cell::new(true),
            expiries: RefCell::new(ByKey::new()),
            held: RefCell::default(),
        });
        let weak = Rc::downgrade(&app);
        let refresh = Interval::new(REFRESH_MS, move || {
            // A page that nobody sees need not ask; it asks again with the first tick after it is seen.
            if !document().hidden() {
                send(&weak, Msg::Tick);
            }
        });
        let weak = Rc::downgrade(&app);
        let changes = app
            .host
            .on_change(move |new| send(&weak, Msg::Surroundings(new)));
        app.held.replace(Some(Held {
            _refresh: refresh,
            _changes: changes,
        }));
        app.send(Msg::Start);
        app
    }

    /// Lets go of everything, though answers may still be under way.
    pub(crate) fn stop(&self) {
        self.alive.set(false);
        self.held.take();
        self.expiries.replace(ByKey::new());
    }

    pub(crate) fn send(self: &Rc<Self>, msg: Msg) {
        if !self.alive.get() {
            return;
        }
        let before = focus::within(&self.root);
        let mut model = self.model.borrow_mut();
        let effects = update(&mut model, msg, now());
        self.screen.0.show(&model);
        let dialog = model.dialog.is_some();
        let shown: Vec<u32> = model.toasts.shown.iter().map(|toast| toast.id).collect();
        drop(model);
        self.expiries
            .borrow_mut()
            .retain(|id, _| shown.contains(id));
        self.settle(before, dialog);
        for effect in effects {
            self.run(effect);
        }
    }

    /// Elements change in the next microtasks; only then can the focus be looked after.
    fn settle(self: &Rc<Self>, before: Option<HtmlElement>, dialog: bool) {
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            tick().await;
            if let Some(app) = weak.upgrade().filter(|app| app.alive.get()) {
                focus::settle(&app.root, before.as_ref(), dialog);
            }
        });
    }

    fn run(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Call(call) => self.call(call),
            Effect::Copy(text) => self.copy(text),
            Effect::Expire(id, ms) => {
                let weak = Rc::downgrade(self);
                // The timer must not be dropped by its own callback, so the message waits for the next turn.
                let timeout = Timeout::new(ms, move || {
                    let weak = weak.clone();
                    spawn_local(async move { send(&weak, Msg::ToastGone(id)) });
                });
                self.expiries.borrow_mut().insert(id, timeout);
            }
        }
    }

    fn call(self: &Rc<Self>, call: Call) {
        let (weak, host) = (Rc::downgrade(self), self.host.clone());
        spawn_local(async move {
            let route = call.route();
            let (method, path, body) = (route.method().as_str(), route.soft_path(), call.body());
            let reply = host.call(method, &path, body.as_deref(), call.list()).await;
            send(&weak, Msg::Answered(call.read(reply)));
        });
    }

    fn copy(self: &Rc<Self>, text: String) {
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            let navigator = window().navigator();
            // Absent on a page that did not come over https or from this machine.
            let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into()).ok();
            let clipboard = clipboard.filter(|clipboard| clipboard.is_object());
            let copied = match clipboard {
                Some(clipboard) => {
                    let clipboard: web_sys::Clipboard = clipboard.unchecked_into();
                    JsFuture::from(clipboard.write_text(&text)).await.is_ok()
                }
                None => false,
            };
            send(&weak, Msg::Copied(copied));
        });
    }
}

fn send(app: &Weak<App>, msg: Msg) {
    if let Some(app) = app.upgrade() {
        app.send(msg);
    }
}

/// Our own clock, Unix milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a date of this age is a whole number far below 2^53"
)]
fn now() -> u64 {
    js_sys::Date::now() as u64
}
