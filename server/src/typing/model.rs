//! Changing the model at the keyboard, also where Claude Code first asks whether to switch in the middle of a conversation: whoever
//! named the model has said so.
//!
//! Knows that one question as 2.1.197 and 2.1.329 put it, and which key is its yes. Any other is left as it is.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use wire::DriveOutcome;

use super::{ASKS_FIRST, DRAWN, GLANCE, Key, Keyboard, Refusal, draft::text, record::Doing, slash};
use crate::hold::screen::Run;

/// A dialog that has just come up takes no key yet.
const RISES: Duration = Duration::from_millis(400);

/// So often its yes is pressed at most.
const TRIES: usize = 3;

/// The question, without its spaces: a narrow terminal breaks it where it likes.
const TITLE: &str = "Switchmodel?";
const REASON: &str = "Yournextresponsewillbeslowerandusemoretokens\
    Thisconversationiscachedforthecurrentmodel.Switchingto";
/// The choice that Enter takes, and the other one.
const YES: &str = "❯1.Yes,switchto";
const NO: &str = "2.No,goback";

/// Switches to a model.
pub(crate) async fn switch(keyboard: &impl Keyboard, model: &str) -> Result<DriveOutcome, Refusal> {
    let done = slash(keyboard, "/model", model).await;
    if done != Err(ASKS_FIRST) {
        return done;
    }
    for _ in 0..TRIES {
        await_question(keyboard).await?;
        sleep(RISES).await;
        if keyboard.doing() == Doing::Asking && is_asked(&keyboard.rows()?) {
            keyboard.press(Key::Enter)?;
        }
        let begun = Instant::now();
        while begun.elapsed() < DRAWN {
            if keyboard.doing() != Doing::Asking {
                return Ok(DriveOutcome::Changed);
            }
            sleep(GLANCE).await;
        }
    }
    Err(ASKS_FIRST)
}

/// Waits until the question stands on the screen; refused where another one does.
async fn await_question(keyboard: &impl Keyboard) -> Result<(), Refusal> {
    let begun = Instant::now();
    while !is_asked(&keyboard.rows()?) {
        if begun.elapsed() > DRAWN {
            return Err(ASKS_FIRST);
        }
        sleep(GLANCE).await;
    }
    Ok(())
}

/// Whether this very question is the last thing on a screen, with its yes chosen.
fn is_asked(rows: &[Vec<Run>]) -> bool {
    let asked = || {
        let squeezed = |row: &Vec<Run>| text(row).split_whitespace().collect::<String>();
        let lines: Vec<String> = rows.iter().map(squeezed).collect();
        let title = lines.iter().rposition(|line| line == TITLE)?;
        let rest = lines.get(title + 1..)?.concat();
        let (before, choices) = rest.split_once(YES)?;
        let (_, after) = choices.split_once(NO)?;
        let is_its_end = matches!(after, "" | "Entertoconfirm·Esctocancel");
        Some(before.starts_with(REASON) && is_its_end)
    };
    asked() == Some(true)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use wire::Code;

    use super::{super::draft::drawn, *};

    /// As tmux captured it.
    const NEW: &str = "\x1b[38;5;153m▔▔▔▔▔▔▔▔\n\x1b[39m  \x1b[1m\x1b[38;5;220mSwitch model?\n\x1b[0m\x1b[39m\x1b[49m  \x1b[38;5;246mYour next response will be slower and use more tokens\n\n\x1b[39m  This conversation is cached for the current model. Switching to \x1b[1mSonnet 5.5\x1b[0m\x1b[39m\x1b[49m means the full history gets re-read.\n\n  \x1b[38;5;153m❯\x1b[39m \x1b[38;5;246m1. \x1b[38;5;153mYes, switch to Sonnet 5.5\n\x1b[39m    \x1b[38;5;246m2. \x1b[39mNo, go back\n\n  \x1b[3m\x1b[38;5;246mEnter to confirm · Esc to cancel\x1b[0m\x1b[39m\x1b[49m";
    const OLD: &str = "❯ /model sonnet\n\n────────\n  Switch model?\n  Your next response will be slower and use more tokens\n\n  This conversation is cached for the current model. Switching to Sonnet 5 means the full history gets re-read on your next message.\n\n  \x1b[38;5;153m❯\x1b[39m \x1b[38;5;246m1.\x1b[39m \x1b[38;5;153mYes,\x1b[39m switch to Sonnet 5\n    2. No, go back";

    fn shows(captured: &str, columns: u16) -> bool {
        is_asked(&drawn(captured, columns, 24))
    }

    #[test]
    fn the_question_is_known_however_it_is_broken() {
        for captured in [NEW, OLD] {
            for columns in [150, 60, 30] {
                assert!(shows(captured, columns), "{columns}: {captured}");
            }
        }
    }

    #[test]
    fn another_question_is_not_taken_for_it() {
        assert!(!shows("", 80));
        let change = |from, to| {
            assert!(NEW.contains(from), "{from}");
            shows(&NEW.replace(from, to), 150)
        };
        // No is chosen, a hook asks, and something else stands below it.
        assert!(!change("1. ", "3. "));
        assert!(!change(
            "Your next response will be slower and use more tokens",
            "A PreModelSwitch hook asked you to confirm"
        ));
        assert!(!change("Switch model?", "Switch models?"));
        assert!(!change(
            "Esc to cancel",
            "Esc to cancel\n\n Do you want to proceed?\n ❯ 1. Yes"
        ));
    }

    /// Asks once `/model` was typed, and takes no key before some were pressed.
    struct Asker {
        dialog: &'static str,
        deaf: usize,
        enters: Cell<usize>,
        pressed: RefCell<Vec<&'static str>>,
    }

    impl Keyboard for Asker {
        fn doing(&self) -> Doing {
            // The first Enter sends the command.
            match self.enters.get() {
                enters if (1..2 + self.deaf).contains(&enters) => Doing::Asking,
                _ => Doing::Idle,
            }
        }

        fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal> {
            let rule = "─".repeat(150);
            let written = match self.pressed.borrow().last() {
                Some(&"paste") => "/model sonnet",
                _ => "",
            };
            let prompt = format!("{rule}\n❯ {written}\n{rule}");
            let captured = match self.doing() {
                Doing::Asking => self.dialog,
                Doing::Idle | Doing::Busy | Doing::Away | Doing::Untold | Doing::Unknown => &prompt,
            };
            Ok(drawn(captured, 150, 24))
        }

        fn press(&self, key: Key<'_>) -> Result<(), Refusal> {
            let name = match key {
                Key::Paste(_) => "paste",
                Key::Enter => "Enter",
                Key::Escape => "Escape",
                Key::ShiftTab => "BTab",
            };
            self.pressed.borrow_mut().push(name);
            self.enters
                .set(self.enters.get() + usize::from(name == "Enter"));
            Ok(())
        }
    }

    fn check(
        dialog: &'static str,
        deaf: usize,
        outcome: Result<DriveOutcome, Code>,
        pressed: &[&str],
    ) {
        let asker = Asker {
            dialog,
            deaf,
            enters: Cell::new(0),
            pressed: RefCell::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let done = runtime.block_on(switch(&asker, "sonnet"));
        assert_eq!(done.map_err(|refusal| refusal.code), outcome);
        assert_eq!(*asker.pressed.borrow(), pressed);
    }

    #[test]
    fn it_is_answered_with_yes_and_any_other_is_not() {
        let changed = Ok(DriveOutcome::Changed);
        check(NEW, 0, changed, &["paste", "Enter", "Enter"]);
        check(OLD, 1, changed, &["paste", "Enter", "Enter", "Enter"]);
        let other = " Do you want to proceed?\n ❯ 1. Yes\n   2. No";
        check(other, 0, Err(Code::Busy), &["paste", "Enter"]);
    }
}
