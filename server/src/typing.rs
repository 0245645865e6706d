//! Talking to Claude Code in a terminal as a person does, by keys.
//!
//! Knows what a person would press, and when nothing may be pressed because it could answer something else. Does not know how keys
//! get there: a holder of ours writes them into the terminal that it keeps, tmux into a pane.

pub(crate) mod paste;
pub(crate) mod record;

use std::{borrow::Cow, time::Duration};

use tokio::time::{Instant, sleep};
use wire::{Code, DriveOutcome};

use self::{paste::Pasted, record::Doing};

/// The keys of one session's terminal. Whoever has it sees to it that two do not type at once.
pub(crate) trait Keyboard {
    /// What the session does at this moment.
    fn doing(&self) -> Doing;

    fn press(&self, key: Key<'_>) -> Result<(), Refusal>;
}

/// What is pressed at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    /// A text as it is pasted, so that its lines are not sent one by one.
    Paste(&'a Pasted),
    Enter,
    /// It interrupts a turn, and says no to what is asked.
    Escape,
}

/// Why nothing is typed, or nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    /// For people: it says what to do next.
    pub(crate) sentence: Cow<'static, str>,
}

/// Between a paste and the Enter that sends it: in one go with the paste it would be a part of it.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);

/// Until Claude Code has asked what it wants to know before it carries out a command.
const ASK: Duration = Duration::from_millis(500);

/// An interrupted turn ends within 50 ms, and the registry says so 0.3 s later at most (2.1.329).
const STOP: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(20);

/// Between two looks whether a session has come to its prompt.
const STEP: Duration = Duration::from_millis(200);

const ASKS: Refusal = Refusal::new(
    Code::Busy,
    "The session asks something, and what is typed would answer it; answer it first, or attach to it.",
);
const UNKNOWN: Refusal = Refusal::new(
    Code::Busy,
    "It is not known what the session does, so nothing is typed; attach to it.",
);
const IN_TURN: Refusal = Refusal::new(
    Code::Busy,
    "The session is in a turn; wait for its end, or interrupt it.",
);

/// Of a command that no key stands for.
pub(crate) const NO_MODE: Refusal = Refusal::new(
    Code::NotHeld,
    "The mode of a session in a terminal is changed there, with Shift+Tab; attach to it.",
);
pub(crate) const NO_DECISION: Refusal = Refusal::new(
    Code::NotHeld,
    "What a session in a terminal asks is answered there; attach to it.",
);

impl Refusal {
    pub(crate) const fn new(code: Code, sentence: &'static str) -> Self {
        Self {
            code,
            sentence: Cow::Borrowed(sentence),
        }
    }
}

/// Waits until the session sits at its prompt; false where it has ended before.
pub(crate) async fn await_prompt(keyboard: &impl Keyboard, is_alive: impl Fn() -> bool) -> bool {
    while is_alive() {
        if keyboard.doing() == Doing::Idle {
            return true;
        }
        sleep(STEP).await;
    }
    false
}

/// Pastes a text and sends it.
pub(crate) async fn message(keyboard: &impl Keyboard, text: &str) -> Result<DriveOutcome, Refusal> {
    if text.trim().is_empty() {
        let sentence = "The message is empty; say something.";
        return Err(Refusal::new(Code::BadRequest, sentence));
    }
    let pasted = Pasted::new(text).ok_or(Refusal::new(
        Code::BadRequest,
        "The message has a control character, which is a key in a terminal; leave it out.",
    ))?;
    let outcome = match keyboard.doing() {
        Doing::Idle => DriveOutcome::Sent,
        Doing::Busy => DriveOutcome::Queued,
        Doing::Asking => return Err(ASKS),
        Doing::Unknown => return Err(UNKNOWN),
    };
    keyboard.press(Key::Paste(&pasted))?;
    sleep(PAUSE).await;
    // Enter would say yes to what it has begun to ask meanwhile.
    if keyboard.doing() == Doing::Asking {
        return Err(ASKS);
    }
    keyboard.press(Key::Enter)?;
    Ok(outcome)
}

/// Ends the turn, where there is one, and waits a moment for that.
pub(crate) async fn interrupt(keyboard: &impl Keyboard) -> Result<DriveOutcome, Refusal> {
    match keyboard.doing() {
        // Twice at the prompt, Escape would go back in the conversation.
        Doing::Idle => return Ok(DriveOutcome::Idle),
        Doing::Busy | Doing::Asking | Doing::Unknown => keyboard.press(Key::Escape)?,
    }
    // The next one must not take it for a turn that goes on.
    let begun = Instant::now();
    while begun.elapsed() < STOP && keyboard.doing() != Doing::Idle {
        sleep(GLANCE).await;
    }
    Ok(DriveOutcome::Interrupted)
}

/// Types a command of Claude Code's, which takes it at its prompt only.
pub(crate) async fn slash(
    keyboard: &impl Keyboard,
    command: &str,
    word: &str,
) -> Result<DriveOutcome, Refusal> {
    match keyboard.doing() {
        Doing::Idle => {}
        Doing::Busy => return Err(IN_TURN),
        Doing::Asking => return Err(ASKS),
        Doing::Unknown => return Err(UNKNOWN),
    }
    message(keyboard, &format!("{command} {word}")).await?;
    sleep(ASK).await;
    match keyboard.doing() {
        // Whether to switch in the middle of a conversation, say (2.1.329).
        Doing::Asking => Err(Refusal::new(
            Code::Busy,
            "Claude Code asks something before it does that; answer it in its terminal: attach to it.",
        )),
        Doing::Idle | Doing::Busy | Doing::Unknown => Ok(DriveOutcome::Changed),
    }
}
