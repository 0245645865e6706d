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
    fit::{self, Fit},
    focus::{self, Left},
    host::{Host, Subscription},
    link::Socket,
    listener::Listener,
    model::{
        Effect, Model, Msg, by_key::ByKey, call::Call, kept::Kept, link::Heard, terminal::Step,
        update::update,
    },
    screen::Screen,
    still::Still,
    timer::{Interval, Timeout},
    title::Title,
};

/// Milliseconds between two looks at whether a tick is due.
const LOOK_MS: u32 = 1000;

thread_local! {
    /// What was written in a page that has been left.
    static KEPT: Cell<Option<Kept>> = const { Cell::new(None) };
}

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
    socket: RefCell<Option<Socket>>,
    /// Counts sockets: what one had to say that has been given up since is dropped.
    sockets: Cell<u32>,
    wake: RefCell<Option<Timeout>>,
    tidy: RefCell<Option<Timeout>>,
    /// There is something on which a press must be meant.
    still: RefCell<Option<Still>>,
    title: RefCell<Option<Title>>,
    /// A terminal is looked at.
    fit: RefCell<Option<Fit>>,
    /// The list while a conversation is looked at.
    left: RefCell<Option<Left>>,
    held: RefCell<Option<Held>>,
}

/// What has taken the other's place.
#[derive(Clone, Copy)]
enum Turn {
    Stay,
    Talk,
    List,
}

/// What the browser and the host hold for us.
#[derive(Debug)]
struct Held {
    _clock: Interval,
    _sight: Listener,
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
        let mut model = Model::new(host.surroundings());
        if let Some(kept) = KEPT.take() {
            model.take_up(kept);
        }
        let app = Rc::new(Self {
            root,
            host,
            model: RefCell::new(model),
            screen: ScreenHandle(screen),
            alive: Cell::new(true),
            expiries: RefCell::new(ByKey::new()),
            socket: RefCell::default(),
            sockets: Cell::default(),
            wake: RefCell::default(),
            tidy: RefCell::default(),
            still: RefCell::default(),
            title: RefCell::new(Some(Title::default())),
            fit: RefCell::default(),
            left: RefCell::default(),
            held: RefCell::default(),
        });
        let weak = Rc::downgrade(&app);
        let clock = Interval::new(LOOK_MS, move || {
            let Some(app) = weak.upgrade() else { return };
            // A page that nobody sees need not count nor ask. What comes over the link still shows in its title.
            if !document().hidden() && app.model.borrow().is_due(now()) {
                app.send(Msg::Tick);
            }
        });
        let weak = Rc::downgrade(&app);
        let sight = Listener::new(document().into(), &["visibilitychange"], move |_| {
            if !document().hidden() {
                send(&weak, Msg::Seen);
            }
        });
        let weak = Rc::downgrade(&app);
        let changes = app
            .host
            .on_change(move |new| send(&weak, Msg::Surroundings(new)));
        app.held.replace(Some(Held {
            _clock: clock,
            _sight: sight,
            _changes: changes,
        }));
        app.send(Msg::Start);
        app
    }

    /// Lets go of everything, though answers may still be under way.
    pub(crate) fn stop(&self) {
        self.alive.set(false);
        KEPT.set(Some(self.model.borrow_mut().keep()));
        self.held.take();
        self.socket.take();
        self.wake.take();
        self.tidy.take();
        self.still.take();
        self.title.take();
        self.fit.take();
        self.expiries.replace(ByKey::new());
    }

    pub(crate) fn send(self: &Rc<Self>, msg: Msg) {
        if !self.alive.get() {
            return;
        }
        let before = focus::within(&self.root);
        let mut model = self.model.borrow_mut();
        let talked = model.talk.is_some();
        let effects = update(&mut model, msg, now());
        self.screen.0.show(&model);
        if let Some(title) = self.title.borrow_mut().as_mut() {
            title.show(model.live.needing());
        }
        self.guard(!model.approvals.cards.is_empty());
        let terminal = model
            .talk
            .as_ref()
            .is_some_and(|talk| talk.terminal.is_some());
        self.measure(terminal);
        let dialog = model.dialog.is_some();
        let turn = match (talked, model.talk.is_some()) {
            (false, true) => {
                self.left
                    .replace(Some(Left::new(&self.root, before.clone())));
                Turn::Talk
            }
            (true, false) => Turn::List,
            (true, true) | (false, false) => Turn::Stay,
        };
        let shown: Vec<u32> = model.toasts.shown.iter().map(|toast| toast.id).collect();
        drop(model);
        self.expiries
            .borrow_mut()
            .retain(|id, _| shown.contains(id));
        self.settle(before, dialog, turn);
        for effect in effects {
            self.run(effect);
        }
    }

    fn guard(&self, wanted: bool) {
        let mut still = self.still.borrow_mut();
        if !wanted {
            still.take();
        } else if still.is_none() {
            *still = Some(Still::watch(&self.root));
        }
    }

    fn measure(self: &Rc<Self>, wanted: bool) {
        let mut fit = self.fit.borrow_mut();
        if !wanted {
            fit.take();
        } else if fit.is_none() {
            let weak = Rc::downgrade(self);
            let root = self.root.clone();
            let mut is_first = true;
            *fit = Some(Fit::watch(&self.root, move |columns, rows| {
                if std::mem::take(&mut is_first) {
                    fit::focus_keys(&root);
                }
                // The timer must not be dropped by its own callback, so the message waits for the next turn.
                next_turn(&weak, Msg::Terminal(Step::Fits(columns, rows)));
            }));
        }
    }

    /// Elements change in the next microtasks; only then can the focus be looked after.
    fn settle(self: &Rc<Self>, before: Option<HtmlElement>, dialog: bool, turn: Turn) {
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            tick().await;
            if let Some(app) = weak.upgrade().filter(|app| app.alive.get()) {
                match turn {
                    Turn::Talk => focus::talk(&app.root),
                    Turn::List => {
                        if let Some(left) = app.left.take() {
                            left.restore(&app.root);
                        }
                    }
                    Turn::Stay => (),
                }
                focus::settle(&app.root, before.as_ref(), dialog);
            }
        });
    }

    fn run(self: &Rc<Self>, effect: Effect) {
        match effect {
            Effect::Call(call) => self.call(call),
            Effect::Copy(text) => self.copy(text),
            Effect::Connect => self.connect(),
            Effect::Say(said) => {
                if let Some(socket) = self.socket.borrow().as_ref() {
                    socket.say(&said);
                }
            }
            Effect::Disconnect => {
                self.socket.take();
                self.wake.take();
            }
            Effect::Wake(ms) => {
                self.wake.replace(Some(self.later(ms, Msg::Wake)));
            }
            Effect::Tidy(ms) => {
                self.tidy.replace(Some(self.later(ms, Msg::TidyApprovals)));
            }
            Effect::Expire(id, ms) => {
                let timeout = self.later(ms, Msg::ToastGone(id));
                self.expiries.borrow_mut().insert(id, timeout);
            }
        }
    }

    fn later(self: &Rc<Self>, ms: u32, msg: Msg) -> Timeout {
        let weak = Rc::downgrade(self);
        // The timer must not be dropped by its own callback, so the message waits for the next turn.
        Timeout::new(ms, move || next_turn(&weak, msg.clone()))
    }

    fn connect(self: &Rc<Self>) {
        let number = self.sockets.get().wrapping_add(1);
        self.sockets.set(number);
        let weak = Rc::downgrade(self);
        let hear = move |heard| {
            // Nor must the socket.
            let weak = weak.clone();
            spawn_local(async move {
                if let Some(app) = weak.upgrade().filter(|app| app.sockets.get() == number) {
                    app.send(Msg::Link(heard));
                }
            });
        };
        let socket = self.host.feed().and_then(|url| Socket::open(&url, hear));
        let nowhere = socket.is_none();
        self.socket.replace(socket);
        if nowhere {
            next_turn(&Rc::downgrade(self), Msg::Link(Heard::Nowhere));
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

fn next_turn(app: &Weak<App>, msg: Msg) {
    let app = app.clone();
    spawn_local(async move { send(&app, msg) });
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
