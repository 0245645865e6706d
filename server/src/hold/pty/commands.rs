//! What clients ask of a session in a terminal, as keys and signals.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::{
    sync::mpsc,
    task::spawn_local,
    time::{sleep, timeout},
};
use wire::{Code, DriveOutcome};

use super::{
    keyboard,
    record::{Doing, Registered},
    typed::{ENTER, ESCAPE, paste},
};
use crate::hold::{
    protocol::{Do, Reply},
    shown::Shown,
    socket::{Command, Desk},
    terminal::Size,
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

/// Between a paste and the Enter that sends it: in one go with the paste it would be a part of it.
pub(super) const PAUSE: Duration = Duration::from_millis(200);

/// Until Claude Code has asked what it wants to know before it carries out a command.
const ASK: Duration = Duration::from_millis(500);

/// An interrupted turn ends within 50 ms (2.1.329).
const STOP: Duration = Duration::from_millis(500);
const TERMINATED: Duration = Duration::from_secs(10);

/// Between two looks whether a session has come to its prompt.
const STEP: Duration = Duration::from_millis(200);

pub(super) type Refusal = (Code, &'static str);

const ASKS: Refusal = (
    Code::Busy,
    "The session asks something, and what is typed would answer it; answer it first, or attach to it.",
);
const UNKNOWN: Refusal = (
    Code::Busy,
    "It is not known what the session does, so nothing is typed; attach to it.",
);
const IN_TURN: Refusal = (
    Code::Busy,
    "The session is in a turn; wait for its end, or interrupt it.",
);

/// Carries out a command. What is typed keeps its order; all else takes its time. Returns the size that the terminal is to
/// have, where that is the command.
pub(super) fn order(hands: &Rc<Hands>, command: Command) -> Option<Size> {
    let Command { what, by, reply } = command;
    match what {
        Do::Type { bytes } => {
            let done = match BASE64_STANDARD.decode(bytes) {
                Err(_) => Err((Code::BadRequest, "What is typed is base64.")),
                Ok(bytes) => hands.press(bytes),
            };
            reply
                .send(hands.reply(done.map(|()| DriveOutcome::Sent)))
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
                    .send(hands.reply(done.map(|()| DriveOutcome::Sent)))
                    .ok();
            });
            None
        }
        Do::Resize { columns, rows } => {
            reply.send(hands.reply(Ok(DriveOutcome::Changed))).ok();
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
                let done = carry_out(&hands, what).await;
                // Whoever asked may have gone.
                reply.send(hands.reply(done)).ok();
            });
            None
        }
    }
}

/// Says the first message once the session waits for one.
pub(super) async fn begin(hands: Rc<Hands>, text: String) {
    while hands.pid.get().is_some() {
        if hands.registered.doing() == Doing::Idle {
            if let Err((_, sentence)) = message(&hands, &text).await {
                tracing::warn!(sentence, "the first message was not said");
            }
            return;
        }
        sleep(STEP).await;
    }
}

async fn carry_out(hands: &Hands, what: Do) -> Result<DriveOutcome, Refusal> {
    match what {
        Do::Message { uuid, .. }
            if uuid
                .as_ref()
                .is_some_and(|it| hands.said.borrow().contains(it)) =>
        {
            Ok(DriveOutcome::AlreadySent)
        }
        Do::Message { text, uuid } => {
            let outcome = message(hands, &text).await?;
            hands.said.borrow_mut().extend(uuid);
            Ok(outcome)
        }
        Do::Interrupt => match hands.registered.doing() {
            // Twice at the prompt, Escape would go back in the conversation.
            Doing::Idle => Ok(DriveOutcome::Idle),
            Doing::Busy | Doing::Asking | Doing::Unknown => {
                hands.press(ESCAPE.to_vec())?;
                Ok(DriveOutcome::Interrupted)
            }
        },
        Do::Cancel => cancel(hands).await,
        Do::Model { model } => slash(hands, "/model", &model).await,
        Do::Rename { name } => slash(hands, "/rename", &name).await,
        Do::PermissionMode { .. } => Err((
            Code::NotHeld,
            "The mode of a session in a terminal is changed there, with Shift+Tab; attach to it.",
        )),
        Do::Decide { .. } => Err((
            Code::NotHeld,
            "What a session in a terminal asks is answered there; attach to it.",
        )),
        Do::Type { .. } | Do::Keys { .. } | Do::Resize { .. } | Do::Unknown => Err((
            Code::BadRequest,
            "The session's holder is older than this server and does not know that; start the session again with resume.",
        )),
    }
}

/// Pastes a text and sends it.
async fn message(hands: &Hands, text: &str) -> Result<DriveOutcome, Refusal> {
    if text.trim().is_empty() {
        return Err((Code::BadRequest, "The message is empty; say something."));
    }
    let pasted = paste(text).ok_or((
        Code::BadRequest,
        "The message has a control character, which is a key in a terminal; leave it out.",
    ))?;
    let _turn = hands.turn.lock().await;
    let outcome = match hands.registered.doing() {
        Doing::Idle => DriveOutcome::Sent,
        Doing::Busy => DriveOutcome::Queued,
        Doing::Asking => return Err(ASKS),
        Doing::Unknown => return Err(UNKNOWN),
    };
    hands.press(pasted)?;
    sleep(PAUSE).await;
    // Enter would say yes to what it has begun to ask meanwhile.
    if hands.registered.doing() == Doing::Asking {
        return Err(ASKS);
    }
    hands.press(ENTER.to_vec())?;
    Ok(outcome)
}

/// Types a command of Claude Code's, which takes it at its prompt only.
async fn slash(hands: &Hands, command: &str, word: &str) -> Result<DriveOutcome, Refusal> {
    match hands.registered.doing() {
        Doing::Idle => {}
        Doing::Busy => return Err(IN_TURN),
        Doing::Asking => return Err(ASKS),
        Doing::Unknown => return Err(UNKNOWN),
    }
    message(hands, &format!("{command} {word}")).await?;
    sleep(ASK).await;
    match hands.registered.doing() {
        // Whether to switch in the middle of a conversation, say (2.1.329).
        Doing::Asking => Err((
            Code::Busy,
            "Claude Code asks something before it does that; answer it in its terminal: attach to it.",
        )),
        Doing::Idle | Doing::Busy | Doing::Unknown => Ok(DriveOutcome::Changed),
    }
}

/// Interrupts and ends it, and waits for its end.
async fn cancel(hands: &Hands) -> Result<DriveOutcome, Refusal> {
    hands.is_cancelled.set(true);
    if hands.registered.doing() != Doing::Idle {
        // A program that reads nothing is ended all the same.
        hands.press(ESCAPE.to_vec()).ok();
        sleep(STOP).await;
    }
    let mut ended = hands.desk.ended.subscribe();
    for signal in [Signal::TERM, Signal::KILL] {
        hands.signal(signal);
        let ends = ended.wait_for(|&ended| ended);
        if timeout(TERMINATED, ends).await.is_ok() {
            return Ok(DriveOutcome::Cancelled);
        }
    }
    Err((
        Code::Unresponsive,
        "The session does not end, not even by force; look at it with ps.",
    ))
}

impl Hands {
    /// Types.
    pub(super) fn press(&self, keys: Vec<u8>) -> Result<(), Refusal> {
        if self.backlog.get() > BACKLOG {
            return Err((
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
            self.press(answers).ok();
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

    fn reply(&self, done: Result<DriveOutcome, Refusal>) -> Reply {
        match done {
            Ok(outcome) => Reply::Done {
                outcome,
                seq: self.desk.now.borrow().seq,
                uuid: None,
                note: None,
            },
            Err((code, sentence)) => Reply::Refused {
                code,
                sentence: sentence.to_owned(),
            },
        }
    }
}
