//! Ending a turn by Escape, and what Claude Code does with a message that it had not begun.
//!
//! Does not know who asks for it.

use tokio::time::{Instant, sleep};
use wire::DriveOutcome;

use super::{
    AWAY, GLANCE, Key, Keyboard, Refusal, Typed,
    draft::{Line, line},
    record::Doing,
};
use std::time::Duration;

/// An interrupted turn ends within 50 ms, and the registry says so 0.3 s later at most (2.1.329).
const STOP: Duration = Duration::from_secs(1);

/// Within this Claude Code has drawn its line again.
const DRAWN: Duration = Duration::from_millis(500);

const PUT_BACK: &str = "What was said last had not been begun, so Claude Code put it back into its input line; it was cleared there, and arrow up brings it back.";

/// Ends the turn, where there is one, and waits a moment for that.
///
/// A message of which nothing has come yet is put back into the input line (2.1.329), where it would keep the next one out: it is
/// cleared again, by Escape twice. Nothing else is cleared.
pub(crate) async fn interrupt(keyboard: &impl Keyboard) -> Result<Typed, Refusal> {
    match keyboard.doing() {
        // Twice at the prompt, Escape would go back in the conversation.
        Doing::Idle => return Ok(DriveOutcome::Idle.into()),
        Doing::Away => return Err(AWAY),
        Doing::Busy | Doing::Asking | Doing::Untold | Doing::Unknown => {}
    }
    let was_empty = stands(keyboard)? == Line::Empty;
    keyboard.press(Key::Escape)?;
    // The next one must not take it for a turn that goes on.
    let begun = Instant::now();
    while begun.elapsed() < STOP && keyboard.doing() != Doing::Idle {
        sleep(GLANCE).await;
    }
    let mut typed = Typed::from(DriveOutcome::Interrupted);
    if was_empty && keyboard.doing() == Doing::Idle && clear(keyboard).await? {
        typed.note = Some(PUT_BACK);
    }
    Ok(typed)
}

/// Clears the input line where something comes to stand in it; false where nothing does.
async fn clear(keyboard: &impl Keyboard) -> Result<bool, Refusal> {
    if !becomes(keyboard, |line| matches!(line, Line::Written(_))).await? {
        return Ok(false);
    }
    // The first is answered with "esc again to clear".
    for _ in 0..2 {
        if keyboard.doing() != Doing::Idle || !matches!(stands(keyboard)?, Line::Written(_)) {
            return Ok(false);
        }
        keyboard.press(Key::Escape)?;
        sleep(GLANCE).await;
    }
    becomes(keyboard, |line| *line == Line::Empty).await
}

fn stands(keyboard: &impl Keyboard) -> Result<Line, Refusal> {
    Ok(line(&keyboard.rows()?))
}

async fn becomes(keyboard: &impl Keyboard, is_so: impl Fn(&Line) -> bool) -> Result<bool, Refusal> {
    let begun = Instant::now();
    while begun.elapsed() < DRAWN {
        if is_so(&stands(keyboard)?) {
            return Ok(true);
        }
        sleep(GLANCE).await;
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::{hold::screen::Run, typing::draft};

    /// Tells these states one after the other, the last one for good.
    struct Turn {
        states: RefCell<Vec<Doing>>,
        /// What stands in the line, and what is put back into it by the first Escape.
        line: RefCell<&'static str>,
        put_back: Cell<Option<&'static str>>,
        escapes: Cell<usize>,
    }

    impl Keyboard for Turn {
        fn doing(&self) -> Doing {
            let mut states = self.states.borrow_mut();
            match states.as_slice() {
                [last] => *last,
                _ => states.remove(0),
            }
        }

        fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal> {
            let rule = "─".repeat(80);
            let line = self.line.borrow();
            let drawing = format!("{rule}\n❯ {line}\n{rule}");
            Ok(draft::drawn(&drawing, 80, 24))
        }

        fn press(&self, key: Key<'_>) -> Result<(), Refusal> {
            assert!(matches!(key, Key::Escape));
            self.escapes.set(self.escapes.get() + 1);
            match (self.escapes.get(), self.put_back.take()) {
                (1, Some(text)) => *self.line.borrow_mut() = text,
                (3, None) => *self.line.borrow_mut() = "",
                _ => {}
            }
            Ok(())
        }
    }

    fn check(
        states: &[Doing],
        (line, put_back): (&'static str, Option<&'static str>),
        expected: Result<(DriveOutcome, bool), wire::Code>,
        escapes: usize,
    ) {
        let turn = Turn {
            states: RefCell::new(states.to_vec()),
            line: RefCell::new(line),
            put_back: Cell::new(put_back),
            escapes: Cell::new(0),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let typed = runtime.block_on(interrupt(&turn));
        let typed = typed.map(|typed| (typed.outcome, typed.note.is_some()));
        assert_eq!(
            typed.map_err(|refusal| refusal.code),
            expected,
            "{states:?}"
        );
        assert_eq!(turn.escapes.get(), escapes, "{states:?}");
    }

    use Doing::{Asking, Away, Busy, Idle, Unknown};

    #[test]
    fn an_interrupt_is_one_escape_and_none_at_the_prompt() {
        check(&[Idle], ("", None), Ok((DriveOutcome::Idle, false)), 0);
        check(&[Away], ("", None), Err(wire::Code::Busy), 0);
        let interrupted = Ok((DriveOutcome::Interrupted, false));
        for states in [&[Busy, Busy, Idle][..], &[Asking, Idle], &[Unknown]] {
            check(states, ("", None), interrupted, 1);
        }
    }

    #[test]
    fn what_claude_code_puts_back_is_cleared_and_nothing_else() {
        let back = ("", Some("what was said"));
        check(
            &[Busy, Idle],
            back,
            Ok((DriveOutcome::Interrupted, true)),
            3,
        );
        let interrupted = Ok((DriveOutcome::Interrupted, false));
        // Somebody has begun to write.
        check(&[Busy, Idle], ("half a thought", None), interrupted, 1);
        // It goes on with something else.
        check(&[Busy, Idle, Busy], back, interrupted, 1);
    }
}
