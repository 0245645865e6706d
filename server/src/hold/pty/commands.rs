//! What clients ask of a session in a terminal, as keys and signals.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::{sync::mpsc, task::spawn_local, time::timeout};
use wire::{Code, DriveOutcome};

use super::keyboard;
use crate::{
    hold::{
        protocol::{Do, Reply},
        screen::Run,
        shown::Shown,
        socket::{Command, Desk},
        terminal::Size,
    },
    typing::{
        self, Key, Keyboard, Refusal, Typed,
        record::{Doing, Registered},
    },
};

/// What is needed to type.
#[derive(Debug)]
pub(super) struct Hands {
    pub(super) registered: Registered,
    pub(super) shown: Rc<Shown>,
    pub(super) keys: mpsc::UnboundedSender<Vec<u8>>,
    /// What the program has not read yet, in bytes.
    pub(super) backlog: Cell<usize>,
    /// `None` once it has ended: the number may be another process's.
    pub(super) pid: Cell<Option<u32>>,
    /// Two messages are not mixed.
    pub(super) turn: tokio::sync::Mutex<()>,
    pub(super) is_cancelled: Cell<bool>,
    /// The ids of messages that were said.
    pub(super) said: RefCell<HashSet<String>>,
    pub(super) desk: Rc<Desk>,
}

/// More is not typed ahead, in bytes.
const BACKLOG: usize = 64 * 1024;

const TERMINATED: Duration = Duration::from_secs(10);

/// What marks a paste for a program that has asked for that.
const PASTE: &[u8] = b"\x1b[200~";
const PASTED: &[u8] = b"\x1b[201~";

/// Carries out a command. What is typed keeps its order; all else takes its time. Returns the size that the terminal is to
/// have, where that is the command.
pub(super) fn order(hands: &Rc<Hands>, command: Command) -> Option<Size> {
    let Command { what, by, reply } = command;
    match what {
        Do::Type { bytes } => {
            let done = match BASE64_STANDARD.decode(bytes) {
                Err(_) => Err(Refusal::new(Code::BadRequest, "What is typed is base64.")),
                Ok(bytes) => hands.put(bytes),
            };
            reply
                .send(hands.reply(done.map(|()| DriveOutcome::Sent), None))
                .ok();
            None
        }
        Do::Keys { text, keys } => {
            let hands = Rc::clone(hands);
            // In the order in which they came: each waits for its turn in it.
            spawn_local(async move {
                let done = keyboard::press(&hands, text.as_deref(), &keys).await;
                // Whoever asked may have gone.
                reply
                    .send(hands.reply(done.map(|()| DriveOutcome::Sent), None))
                    .ok();
            });
            None
        }
        Do::Resize { columns, rows } => {
            reply
                .send(hands.reply(Ok(DriveOutcome::Changed), None))
                .ok();
            let size = Size::new(columns, rows);
            (size != hands.shown.size()).then_some(size)
        }
        Do::Message { .. }
        | Do::Interrupt
        | Do::Cancel
        | Do::Model { .. }
        | Do::PermissionMode { .. }
        | Do::Rename { .. }
        | Do::Decide { .. }
        | Do::Unknown => {
            tracing::info!(?by, "a command");
            let hands = Rc::clone(hands);
            spawn_local(async move {
                let uuid = named(&what);
                let done = carry_out(&hands, what).await;
                // Whoever asked may have gone.
                reply.send(hands.reply(done, uuid)).ok();
            });
            None
        }
    }
}

/// Says the first message once the session waits for one.
pub(super) async fn begin(hands: Rc<Hands>, text: String) {
    if !typing::await_prompt(&*hands, || hands.pid.get().is_some()).await {
        return;
    }
    let _turn = hands.turn.lock().await;
    if let Err(Refusal { sentence, .. }) = typing::message(&*hands, &text).await {
        tracing::warn!(%sentence, "the first message was not said");
    }
}

async fn carry_out(hands: &Hands, what: Do) -> Result<Typed, Refusal> {
    match what {
        Do::Message { text, uuid } => {
            let _turn = hands.turn.lock().await;
            let is_said = |uuid: &String| hands.said.borrow().contains(uuid);
            if uuid.as_ref().is_some_and(is_said) {
                return Ok(DriveOutcome::AlreadySent.into());
            }
            let outcome = typing::message(hands, &text).await?;
            hands.said.borrow_mut().extend(uuid);
            Ok(outcome.into())
        }
        Do::Interrupt => {
            let _turn = hands.turn.lock().await;
            typing::interrupt::interrupt(hands).await
        }
        Do::Cancel => cancel(hands).await.map(Typed::from),
        Do::Model { model } => {
            let _turn = hands.turn.lock().await;
            typing::model::switch(hands, &model).await.map(Typed::from)
        }
        Do::Rename { name } => {
            let _turn = hands.turn.lock().await;
            typing::slash(hands, "/rename", &name)
                .await
                .map(Typed::from)
        }
        Do::PermissionMode { permission_mode } => {
            let _turn = hands.turn.lock().await;
            typing::mode::change(hands, &permission_mode)
                .await
                .map(Typed::from)
        }
        Do::Decide { .. } => Err(typing::NO_DECISION),
        Do::Type { .. } | Do::Keys { .. } | Do::Resize { .. } | Do::Unknown => Err(Refusal::new(
            Code::BadRequest,
            "The session's holder is older than this server and does not know that; start the session again with resume.",
        )),
    }
}

/// The name that a message was given.
fn named(what: &Do) -> Option<String> {
    if let Do::Message { uuid, .. } = what {
        return uuid.clone();
    }
    None
}

/// Interrupts and ends it, and waits for its end.
async fn cancel(hands: &Hands) -> Result<DriveOutcome, Refusal> {
    hands.is_cancelled.set(true);
    // A program that reads nothing is ended all the same.
    typing::interrupt::interrupt(hands).await.ok();
    let mut ended = hands.desk.ended.subscribe();
    for signal in [Signal::TERM, Signal::KILL] {
        hands.signal(signal);
        let ends = ended.wait_for(|&ended| ended);
        if timeout(TERMINATED, ends).await.is_ok() {
            return Ok(DriveOutcome::Cancelled);
        }
    }
    Err(Refusal::new(
        Code::Unresponsive,
        "The session does not end, not even by force; look at it with ps.",
    ))
}

impl Keyboard for Hands {
    fn doing(&self) -> Doing {
        self.registered.doing()
    }

    fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal> {
        Ok(self.shown.rows())
    }

    fn press(&self, key: Key<'_>) -> Result<(), Refusal> {
        self.put(match key {
            Key::Paste(text) => [PASTE, text.as_str().as_bytes(), PASTED].concat(),
            Key::Enter => b"\r".to_vec(),
            Key::Escape => b"\x1b".to_vec(),
            Key::ShiftTab => b"\x1b[Z".to_vec(),
        })
    }
}

impl Hands {
    /// Types bytes as they are.
    pub(super) fn put(&self, keys: Vec<u8>) -> Result<(), Refusal> {
        if self.backlog.get() > BACKLOG {
            return Err(Refusal::new(
                Code::Unresponsive,
                "The session reads nothing of what is typed; end it with kill.",
            ));
        }
        self.backlog.set(self.backlog.get() + keys.len());
        // Without a reader it has ended.
        self.keys.send(keys).ok();
        Ok(())
    }

    /// Types what a terminal answers by itself.
    pub(super) fn answer(&self, answers: Vec<u8>) {
        // A program that asks and does not read waits for none.
        if !answers.is_empty() {
            self.put(answers).ok();
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = self.pid.get().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid.and_then(Pid::from_raw) else {
            return;
        };
        let sent = pidfd_open(pid, PidfdFlags::empty())
            .and_then(|process| pidfd_send_signal(process, signal));
        if let Err(error) = sent {
            tracing::warn!(%error, "the session can't be signalled");
        }
    }

    fn reply(&self, done: Result<impl Into<Typed>, Refusal>, uuid: Option<String>) -> Reply {
        match done.map(Into::into) {
            Ok(Typed { outcome, note }) => Reply::Done {
                outcome,
                seq: self.desk.now.borrow().seq,
                uuid,
                note: note.map(str::to_owned),
            },
            Err(Refusal { code, sentence }) => Reply::Refused {
                code,
                sentence: sentence.into_owned(),
            },
        }
    }
}
