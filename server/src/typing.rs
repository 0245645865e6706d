//! Talking to Claude Code in a terminal as a person does, by keys.
//!
//! Knows what a person would press, and when nothing may be pressed because it could answer something else. Does not know how keys
//! get there: a holder of ours writes them into the terminal that it keeps, tmux into a pane.

pub(crate) mod draft;
pub(crate) mod interrupt;
pub(crate) mod mode;
pub(crate) mod model;
pub(crate) mod paste;
pub(crate) mod record;

use std::{borrow::Cow, time::Duration};

use tokio::time::{Instant, sleep};
use wire::{Code, DriveOutcome};

use self::{
    draft::{Line, line},
    paste::Pasted,
    record::Doing,
};
use crate::hold::screen::Run;

/// The keys of one session's terminal. Whoever has it sees to it that two do not type at once.
pub(crate) trait Keyboard {
    /// What the session does at this moment.
    fn doing(&self) -> Doing;

    /// What its screen shows, line by line.
    fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal>;

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
    /// At the prompt the next permission mode.
    ShiftTab,
}

/// What came of what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    pub(crate) outcome: DriveOutcome,
    /// What a person should know, in a sentence.
    pub(crate) note: Option<&'static str>,
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

/// Within this Claude Code has drawn what was typed; on a busy machine it may take a second.
const DRAWN: Duration = Duration::from_secs(3);

/// So often Enter is pressed at most.
const TRIES: usize = 2;

/// Until Claude Code has asked what it wants to know before it carries out a command.
const ASK: Duration = Duration::from_millis(500);

const GLANCE: Duration = Duration::from_millis(20);

/// Between two looks whether a session has come to its prompt.
const STEP: Duration = Duration::from_millis(200);

/// A session that has an input line and is in no registry after this is of a version without one.
const REGISTERS: Duration = Duration::from_secs(3);

const ASKS: Refusal = Refusal::new(
    Code::Busy,
    "The session asks something, and what is typed would answer it; answer it first, or attach to it.",
);
const AWAY: Refusal = Refusal::new(
    Code::Busy,
    "Another program has the session's terminal, such as an editor, and would be typed to; leave it first.",
);
const UNKNOWN: Refusal = Refusal::new(
    Code::Busy,
    "It is not known what the session does, so nothing is typed; attach to it.",
);
const IN_TURN: Refusal = Refusal::new(
    Code::Busy,
    "The session is in a turn; wait for its end, or interrupt it.",
);

const ASKS_FIRST: Refusal = Refusal::new(
    Code::Busy,
    "Claude Code asks something before it does that; answer it in its terminal: attach to it.",
);

const NOT_TAKEN: Refusal = Refusal::new(
    Code::Unresponsive,
    "The message stands in the session's input line and is not taken; attach to it.",
);

/// Of a command that no key stands for.
pub(crate) const NO_DECISION: Refusal = Refusal::new(
    Code::NotHeld,
    "What a session in a terminal asks is answered there; attach to it.",
);

impl From<DriveOutcome> for Typed {
    fn from(outcome: DriveOutcome) -> Self {
        Self {
            outcome,
            note: None,
        }
    }
}

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
    let mut shown = None;
    while is_alive() {
        let doing = keyboard.doing();
        if doing == Doing::Idle {
            return true;
        }
        if doing == Doing::Untold && keyboard.rows().is_ok_and(|rows| line(&rows) == Line::Empty) {
            let shown: &mut Instant = shown.get_or_insert_with(Instant::now);
            if shown.elapsed() > REGISTERS {
                return true;
            }
        } else {
            shown = None;
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
    let doing = keyboard.doing();
    let outcome = match doing {
        Doing::Idle | Doing::Untold => DriveOutcome::Sent,
        Doing::Busy => DriveOutcome::Queued,
        Doing::Asking => return Err(ASKS),
        Doing::Away => return Err(AWAY),
        Doing::Unknown => return Err(UNKNOWN),
    };
    match line(&keyboard.rows()?) {
        Line::Empty => {}
        // What somebody has begun to write would be sent with it, and behind a `!` all of it would be a command.
        Line::Written(draft) => return Err(drafted(&draft)),
        // It may show a question instead.
        Line::Unseen if doing == Doing::Untold => return Err(UNKNOWN),
        Line::Unseen => {}
    }
    keyboard.press(Key::Paste(&pasted))?;
    sleep(PAUSE).await;
    await_line(keyboard, |line| *line != Line::Empty).await?;
    for _ in 0..TRIES {
        // Enter would say yes to what it has begun to ask meanwhile.
        match keyboard.doing() {
            Doing::Asking => return Err(ASKS),
            Doing::Away => return Err(AWAY),
            Doing::Untold if !matches!(line(&keyboard.rows()?), Line::Written(_)) => {
                return Err(UNKNOWN);
            }
            Doing::Idle | Doing::Busy | Doing::Untold | Doing::Unknown => {}
        }
        keyboard.press(Key::Enter)?;
        // Of a session with much to do it may have been taken for a part of the paste.
        if await_line(keyboard, |line| !matches!(line, Line::Written(_))).await? {
            return Ok(outcome);
        }
    }
    Err(NOT_TAKEN)
}

/// Waits until the input line is as it should be; false where it is not for a while.
async fn await_line(
    keyboard: &impl Keyboard,
    is_so: impl Fn(&Line) -> bool,
) -> Result<bool, Refusal> {
    let begun = Instant::now();
    loop {
        if is_so(&line(&keyboard.rows()?)) {
            return Ok(true);
        }
        if begun.elapsed() > DRAWN {
            return Ok(false);
        }
        sleep(GLANCE).await;
    }
}

fn drafted(draft: &str) -> Refusal {
    Refusal {
        code: Code::Busy,
        sentence: format!(
            "Something stands in the session's input line and has not been sent ({draft}); send or clear it there first: attach to it."
        )
        .into(),
    }
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
        Doing::Away => return Err(AWAY),
        Doing::Untold | Doing::Unknown => return Err(UNKNOWN),
    }
    message(keyboard, &format!("{command} {word}")).await?;
    sleep(ASK).await;
    match keyboard.doing() {
        Doing::Asking => Err(ASKS_FIRST),
        Doing::Idle | Doing::Busy | Doing::Away | Doing::Untold | Doing::Unknown => {
            Ok(DriveOutcome::Changed)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// Tells these states one after the other, the last one for good, and notes what is pressed.
    struct Script {
        states: RefCell<Vec<Doing>>,
        /// What stands in the input line before anything is pressed.
        draft: &'static str,
        /// A question stands where the input line would be.
        is_asking: bool,
        /// So many Enters are taken for a part of the paste.
        deaf: usize,
        pressed: RefCell<Vec<String>>,
    }

    impl Keyboard for Script {
        fn doing(&self) -> Doing {
            let mut states = self.states.borrow_mut();
            match states.as_slice() {
                [last] => *last,
                _ => states.remove(0),
            }
        }

        fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal> {
            if self.is_asking {
                return Ok(draft::drawn(" Do you want to proceed?\n ❯ 1. Yes", 80, 24));
            }
            let pressed = self.pressed.borrow();
            let enters = pressed.iter().filter(|key| *key == "Enter").count();
            let written = match pressed.first() {
                Some(text) if enters <= self.deaf && (enters > 0 || pressed.len() == 1) => text,
                Some(_) => "",
                None => self.draft,
            };
            let rule = "─".repeat(80);
            Ok(draft::drawn(
                &format!("{rule}\n❯ {written}\n{rule}"),
                80,
                24,
            ))
        }

        fn press(&self, key: Key<'_>) -> Result<(), Refusal> {
            self.pressed.borrow_mut().push(match key {
                Key::Paste(text) => text.as_str().to_owned(),
                Key::Enter => "Enter".to_owned(),
                Key::Escape => "Escape".to_owned(),
                Key::ShiftTab => "BTab".to_owned(),
            });
            Ok(())
        }
    }

    impl Script {
        fn of(states: &[Doing]) -> Self {
            Self {
                states: RefCell::new(states.to_vec()),
                draft: "",
                is_asking: false,
                deaf: 0,
                pressed: RefCell::default(),
            }
        }
    }

    fn check(
        states: &[Doing],
        told: impl AsyncFnOnce(&Script) -> Result<DriveOutcome, Refusal>,
        outcome: Result<DriveOutcome, Code>,
        pressed: &[&str],
    ) {
        check_on(Script::of(states), told, outcome, pressed);
    }

    fn check_on(
        script: Script,
        told: impl AsyncFnOnce(&Script) -> Result<DriveOutcome, Refusal>,
        outcome: Result<DriveOutcome, Code>,
        pressed: &[&str],
    ) {
        let states = script.states.borrow().clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let done = runtime.block_on(told(&script));
        assert_eq!(done.map_err(|refusal| refusal.code), outcome, "{states:?}");
        assert_eq!(*script.pressed.borrow(), pressed, "{states:?}");
    }

    use Doing::{Asking, Away, Busy, Idle, Unknown, Untold};

    #[test]
    fn a_message_is_pasted_and_sent_where_nothing_is_asked() {
        let say = async |script: &Script| message(script, "hello").await;
        check(&[Idle], say, Ok(DriveOutcome::Sent), &["hello", "Enter"]);
        check(&[Busy], say, Ok(DriveOutcome::Queued), &["hello", "Enter"]);
        for state in [Asking, Away, Unknown] {
            check(&[state], say, Err(Code::Busy), &[]);
        }
        // It has begun to ask between the paste and the Enter.
        check(&[Busy, Asking], say, Err(Code::Busy), &["hello"]);
        let say_nothing = async |script: &Script| message(script, " ").await;
        check(&[Idle], say_nothing, Err(Code::BadRequest), &[]);
    }

    #[test]
    fn what_somebody_has_begun_to_write_is_left_as_it_is() {
        let say = async |script: &Script| message(script, "hello").await;
        let draft = "half a thought";
        let script = Script {
            draft,
            ..Script::of(&[Idle])
        };
        check_on(script, say, Err(Code::Busy), &[]);
    }

    #[test]
    fn without_a_registry_the_input_line_tells() {
        let say = async |script: &Script| message(script, "hello").await;
        check(&[Untold], say, Ok(DriveOutcome::Sent), &["hello", "Enter"]);
        let asks = Script {
            is_asking: true,
            ..Script::of(&[Untold])
        };
        check_on(asks, say, Err(Code::Busy), &[]);
        // Where the registry speaks and is not understood, something new may be asked.
        check(&[Unknown], say, Err(Code::Busy), &[]);
    }

    #[test]
    fn enter_is_pressed_again_where_it_was_a_part_of_the_paste() {
        let say = async |script: &Script| message(script, "hello").await;
        let deaf = |deaf| Script {
            deaf,
            ..Script::of(&[Idle])
        };
        let twice = ["hello", "Enter", "Enter"];
        check_on(deaf(1), say, Ok(DriveOutcome::Sent), &twice);
        check_on(deaf(9), say, Err(Code::Unresponsive), &twice);
    }

    #[test]
    fn a_command_is_typed_at_the_prompt_alone() {
        let rename = async |script: &Script| slash(script, "/rename", "x").await;
        let typed = ["/rename x", "Enter"];
        check(&[Idle], rename, Ok(DriveOutcome::Changed), &typed);
        for state in [Busy, Asking, Away, Unknown] {
            check(&[state], rename, Err(Code::Busy), &[]);
        }
        // It wants to know something first.
        check(&[Idle, Idle, Idle, Asking], rename, Err(Code::Busy), &typed);
    }
}
