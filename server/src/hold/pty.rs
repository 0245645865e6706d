//! A session held by a terminal of its own: interactive Claude Code, as people use it, with nobody or several looking.
//!
//! Knows the program, its keys and time. What it does is not read off its screen: Claude Code's registry tells, and where that
//! does not, nothing is typed that could be an answer to something else.
//!
//! The terminal has the size of the client that was attached, resized or typed at last; it keeps it when that one leaves.
//!
//! What is said stands in the transcript and not in our log, which is written only where it has had something to say before.

mod commands;
mod keyboard;

use std::{
    cell::{Cell, RefCell},
    ffi::OsString,
    path::PathBuf,
    rc::Rc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_local,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};
use wire::{Code, Event, NoteCode, State};

use self::commands::Hands;
use super::{
    protocol::Now,
    shown::Shown,
    socket::{self, Desk},
    spec::Spec,
    stdio::Stillborn,
    terminal::{End, Launch, Size, StartError, Terminal},
};
use crate::{clock::now, typing::record::Registered};

/// The program in its terminal.
#[derive(Debug)]
pub(super) struct Process {
    terminal: Terminal,
    pub(super) shown: Rc<Shown>,
    config_dir: Option<PathBuf>,
    prompt: Option<String>,
}

/// As long as nobody has attached.
const COLUMNS: u16 = 120;
const ROWS: u16 = 40;

/// A session that dies does so within this time: no such conversation, an option that it does not know.
const PROBATION: Duration = Duration::from_secs(2);

/// Of one that ends within this time of its start the last screen is told.
const YOUNG: Duration = Duration::from_secs(5);

/// How much is taken of what the program writes at once, in bytes.
const PART: usize = 16 * 1024;

/// Between two looks at the registry, where something was written.
const TICK: Duration = Duration::from_secs(1);

/// What an ended program has written is there to be read within this.
const REST: Duration = Duration::from_millis(50);

/// What tells programs in a terminal which one it is: ours is none of these.
const OTHER_TERMINALS: [&str; 12] = [
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "LC_TERMINAL",
    "LC_TERMINAL_VERSION",
    "TERMINAL_EMULATOR",
    "VTE_VERSION",
    "KITTY_WINDOW_ID",
    "WT_SESSION",
    "STY",
    "ZELLIJ",
    "COLUMNS",
    "LINES",
];

impl Process {
    /// Starts the program.
    pub(super) fn start(spec: &mut Spec) -> Result<Self, StartError> {
        let size = Size::new(COLUMNS, ROWS);
        let launch = Launch {
            argv: spec.argv.clone(),
            environment: environment(spec),
            cwd: spec.cwd.clone().into(),
            size,
        };
        Ok(Self {
            terminal: Terminal::start(&launch)?,
            shown: Rc::new(Shown::new(size)),
            config_dir: spec.config_dir.clone().map(PathBuf::from),
            prompt: spec.prompt.take(),
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.terminal.process.pid()
    }
}

fn environment(spec: &Spec) -> Vec<(OsString, OsString)> {
    let is_left_out = |name: &OsString| {
        let mut without = spec.without.iter().map(String::as_str);
        without.any(|it| name == it) || OTHER_TERMINALS.iter().any(|it| name == it)
    };
    let inherited = std::env::vars_os().filter(|(name, _)| !is_left_out(name));
    let terminal = [
        ("TERM".into(), "xterm-256color".into()),
        ("COLORTERM".into(), "truecolor".into()),
    ];
    let given = spec.variables.iter().cloned();
    let given = given.map(|(name, value)| (OsString::from(name), value));
    // Of two with one name the later one counts.
    inherited.chain(terminal).chain(given).collect()
}

/// Keeps the session until it has ended. `ready` is told once when it lives, or why it does not.
pub(super) async fn keep(
    process: Process,
    first: Now,
    desk: Rc<Desk>,
    mut commands: mpsc::UnboundedReceiver<socket::Command>,
    ready: oneshot::Sender<Result<(), Stillborn>>,
) {
    let Process {
        terminal,
        shown,
        config_dir,
        prompt,
    } = process;
    let Terminal {
        mut output,
        mut input,
        process: mut child,
    } = terminal;
    let (keys, mut pressed) = mpsc::unbounded_channel();
    let hands = Rc::new(Hands {
        registered: Registered::new(config_dir, first.key),
        shown: Rc::clone(&shown),
        keys,
        backlog: Cell::new(0),
        pid: Cell::new(Some(child.pid())),
        turn: tokio::sync::Mutex::default(),
        is_cancelled: Cell::new(false),
        said: RefCell::default(),
        desk: Rc::clone(&desk),
    });
    let keeper = Keeper {
        desk,
        now: RefCell::new(first),
        hands: Rc::clone(&hands),
    };
    keeper.begin();
    let begun = Instant::now();
    let proven = begun + PROBATION;
    let mut ready = Some(ready);
    let mut prompt = prompt;
    let mut has_ended = false;
    let mut is_news = true;
    let mut typed: Vec<u8> = Vec::new();
    let mut part = vec![0; PART];
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let end = loop {
        tokio::select! {
            biased;
            Some(command) = commands.recv() => {
                if let Some(size) = commands::order(&hands, command) {
                    shown.resize(size);
                    if let Err(error) = input.resize(size) {
                        tracing::warn!(%error, "the terminal can't be resized");
                    }
                }
            }
            Some(keys) = pressed.recv() => typed.extend(keys),
            written = input.write(&typed), if !typed.is_empty() => {
                let written = written.unwrap_or_else(|error| {
                    tracing::debug!(%error, "the session takes nothing any more");
                    typed.len()
                });
                typed.drain(..written.min(typed.len()));
                hands.backlog.set(hands.backlog.get().saturating_sub(written));
            }
            read = output.read(&mut part), if !has_ended => match read {
                Ok(0) | Err(_) => has_ended = true,
                Ok(read) => {
                    is_news = true;
                    hands.answer(shown.feed(part.get(..read).unwrap_or_default()));
                }
            },
            () = sleep_until(proven), if ready.is_some() => {
                keeper.lives();
                // Whoever has started us may have gone.
                ready.take().map(|ready| ready.send(Ok(())));
                if let Some(text) = prompt.take() {
                    spawn_local(commands::begin(Rc::clone(&hands), text));
                }
            }
            _ = tick.tick(), if is_news => {
                is_news = false;
                keeper.look();
            }
            // Last: what it wrote before is read first. What it leaves running may keep the terminal open.
            end = child.wait() => break end,
        }
    };
    hands.pid.set(None);
    while let Ok(Ok(read @ 1..)) = timeout(REST, output.read(&mut part)).await {
        shown.feed(part.get(..read).unwrap_or_default());
    }
    let screen = shown.text();
    if let Some(ready) = ready.take() {
        let said = match screen.as_str() {
            "" => "and said nothing".to_owned(),
            screen => format!("and said: {}", last_words(screen)),
        };
        let sentence = format!("Claude Code ended as soon as it was started, {said}");
        let code = Code::NoClaude;
        ready.send(Err(Stillborn { code, sentence })).ok();
    }
    let end = match end {
        Ok(End::Exited { code }) => (Some(code), None),
        Ok(End::Signalled { signal }) => (None, Some(signal)),
        Err(_) => (None, None),
    };
    let young = (begun.elapsed() < YOUNG && !screen.is_empty()).then_some(screen);
    keeper.ended(end, young);
}

/// What is on a screen, short enough for a sentence.
fn last_words(screen: &str) -> String {
    let words: Vec<&str> = screen.split_whitespace().collect();
    words.join(" ").chars().take(400).collect()
}

struct Keeper {
    desk: Rc<Desk>,
    now: RefCell<Now>,
    hands: Rc<Hands>,
}

impl Keeper {
    fn begin(&self) {
        if self.now.borrow().seq > 0 {
            let text =
                "The session goes on in a terminal; what is said there stands in its transcript.";
            self.note(NoteCode::Incomplete, text);
        }
        self.status();
    }

    /// It has not died at once. What it does is the registry's to tell, not ours.
    fn lives(&self) {
        self.now.borrow_mut().state = State::Unknown;
        self.now.borrow_mut().since = now().0;
        self.status();
        self.look();
    }

    /// Takes over what the registry says of it: `/clear` opens another conversation, `/rename` gives it a name.
    fn look(&self) {
        let Some((key, record)) = self.hands.registered.record() else {
            return;
        };
        let id = record.session_id.and_then(|id| id.as_str().parse().ok());
        {
            let mut now = self.now.borrow_mut();
            now.key = key;
            now.name = record.name.or(now.name.take());
            if let Some(id) = id {
                now.session_id = id;
            }
        }
        self.tell();
    }

    fn ended(&self, (code, signal): (Option<i32>, Option<i32>), screen: Option<String>) {
        if let Some(screen) = screen {
            self.note(NoteCode::Output, &screen);
        }
        let at = now().0;
        self.now.borrow_mut().state = State::Exited;
        self.now.borrow_mut().since = at;
        let cancelled = self.hands.is_cancelled.get();
        self.event(|seq| Event::Exit {
            seq,
            at,
            code,
            signal,
            cancelled,
            stderr: String::new(),
        });
        if let Err(error) = self.desk.chronicle.borrow_mut().close() {
            tracing::error!(%error, "the log may not be whole");
        }
        self.desk.leave();
    }

    fn status(&self) {
        let now = self.now.borrow().clone();
        self.event(|seq| Event::Status {
            seq,
            at: now.since,
            state: now.state,
            model: None,
            permission_mode: None,
        });
    }

    fn note(&self, code: NoteCode, text: &str) {
        let (at, text) = (now().0, text.to_owned());
        self.event(|seq| Event::Note {
            seq,
            at,
            code,
            text,
        });
    }

    fn event(&self, event: impl FnOnce(u64) -> Event) {
        self.now.borrow_mut().seq += 1;
        let seq = self.now.borrow().seq;
        let mut chronicle = self.desk.chronicle.borrow_mut();
        chronicle.add(event(seq));
        if let Err(error) = chronicle.write() {
            tracing::error!(%error, "the log can't be written");
        }
        drop(chronicle);
        self.tell();
    }

    /// Tells whoever watches, unless nothing is new.
    fn tell(&self) {
        let now = self.now.borrow();
        self.desk.now.send_if_modified(|told| {
            let is_news = *told != *now;
            told.clone_from(&now);
            is_news
        });
    }
}
