//! Changing the permission mode at the keyboard: Shift+Tab goes to the next mode, and the footer below the input line says which one
//! that is.
//!
//! Knows the footers of 2.1.197 and 2.1.329. Another drawing is not understood, and then nothing is pressed. It is done at the prompt
//! alone, where nothing runs: the way to one mode leads through others, in which something would be done unasked.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use wire::{Code, DriveOutcome};

use super::{
    ASKS, AWAY, DRAWN, GLANCE, IN_TURN, Key, Keyboard, Refusal, UNKNOWN,
    draft::{Line, is_rule, line, text},
    drafted,
    record::Doing,
};
use crate::hold::screen::Run;

/// What Claude Code asks a person about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Default,
    AcceptEdits,
    Plan,
    Auto,
    Bypass,
    DontAsk,
}

/// More modes than there are.
const MOST: usize = 8;

/// Keys that come at once are taken for an escape sequence or a paste.
const PAUSE: Duration = Duration::from_millis(50);

const UNREAD: Refusal = Refusal::new(
    Code::Busy,
    "The session's screen does not show its permission mode in a known way, so no key is pressed; change it there, with Shift+Tab: attach to it.",
);

impl Mode {
    const ALL: [Self; 6] = [
        Self::Default,
        Self::AcceptEdits,
        Self::Plan,
        Self::Auto,
        Self::Bypass,
        Self::DontAsk,
    ];

    /// As `--permission-mode` has it.
    fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::AcceptEdits => "acceptEdits",
            Self::Plan => "plan",
            Self::Auto => "auto",
            Self::Bypass => "bypassPermissions",
            Self::DontAsk => "dontAsk",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        // What 2.1.329 calls the default.
        let name = if name == "manual" { "default" } else { name };
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// How the footer begins, after its symbol.
    fn words(self) -> &'static str {
        match self {
            Self::Default => "manual mode on",
            Self::AcceptEdits => "accept edits on",
            Self::Plan => "plan mode on",
            Self::Auto => "auto mode on",
            Self::Bypass => "bypass permissions on",
            Self::DontAsk => "don't ask on",
        }
    }
}

/// Puts the session into a mode. Where that is none of those that Shift+Tab goes through, it is left as it was.
pub(crate) async fn change(
    keyboard: &impl Keyboard,
    wanted: &str,
) -> Result<DriveOutcome, Refusal> {
    let wanted = Mode::parse(wanted).ok_or_else(unheard_of)?;
    match keyboard.doing() {
        Doing::Idle => {}
        Doing::Busy => return Err(IN_TURN),
        Doing::Asking => return Err(ASKS),
        Doing::Away => return Err(AWAY),
        Doing::Untold | Doing::Unknown => return Err(UNKNOWN),
    }
    let rows = keyboard.rows()?;
    match line(&rows) {
        Line::Empty => {}
        // What is offered for it may take the key.
        Line::Written(draft) => return Err(drafted(&draft)),
        Line::Unseen => return Err(UNREAD),
    }
    let first = shown(&rows).ok_or(UNREAD)?;
    let mut seen = vec![first];
    let mut now = first;
    while now != wanted {
        match (keyboard.doing(), now) {
            // It is not left where nobody is asked.
            (Doing::Idle, _) | (Doing::Busy, Mode::Bypass) => {}
            (Doing::Busy | Doing::Asking | Doing::Away | Doing::Untold | Doing::Unknown, _) => {
                return Err(broken_off(now));
            }
        }
        keyboard.press(Key::ShiftTab)?;
        now = next(keyboard, now).await?.ok_or_else(|| broken_off(now))?;
        // One that it was started in may not be among those that it comes back to.
        if now != wanted && (now == first || seen.len() >= MOST || seen.contains(&now)) {
            return Err(not_offered(wanted, &seen, now));
        }
        seen.push(now);
        sleep(PAUSE).await;
    }
    Ok(DriveOutcome::Changed)
}

/// The mode after this one; `None` where no other one shows for a while.
async fn next(keyboard: &impl Keyboard, now: Mode) -> Result<Option<Mode>, Refusal> {
    let begun = Instant::now();
    while begun.elapsed() < DRAWN {
        sleep(GLANCE).await;
        let mode = shown(&keyboard.rows()?);
        if mode.is_some_and(|mode| mode != now) {
            return Ok(mode);
        }
    }
    Ok(None)
}

/// The mode that the footer shows.
fn shown(rows: &[Vec<Run>]) -> Option<Mode> {
    let bottom = rows.iter().rposition(|row| is_rule(row))?;
    rows.get(bottom + 1..)?.iter().find_map(|row| {
        let footer = text(row);
        let footer = footer.trim_start_matches(['⏸', '⏵', ' ']);
        // 2.1.197 has no words for it.
        if footer.starts_with("? for shortcuts") {
            return Some(Mode::Default);
        }
        let mut modes = Mode::ALL.into_iter();
        modes.find(|mode| footer.starts_with(mode.words()))
    })
}

fn unheard_of() -> Refusal {
    let names = Mode::ALL.map(Mode::name).join(", ");
    Refusal {
        code: Code::BadRequest,
        sentence: format!("The permission modes are {names}; choose one of them.").into(),
    }
}

fn broken_off(now: Mode) -> Refusal {
    Refusal {
        code: Code::Busy,
        sentence: format!(
            "The session no longer takes the key that changes its mode, which is now {}; look at it there: attach to it.",
            now.name()
        )
        .into(),
    }
}

fn not_offered(wanted: Mode, seen: &[Mode], now: Mode) -> Refusal {
    let seen: Vec<&str> = seen.iter().map(|mode| mode.name()).collect();
    Refusal {
        code: Code::Refused,
        sentence: format!(
            "This session offers {} and not {}, and is in {} now; start it again with resume and that permissionMode.",
            seen.join(", "),
            wanted.name(),
            now.name()
        )
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::{super::draft::drawn, *};

    /// The last lines of screens as tmux captured them, 150 columns wide.
    const NEW: [(Mode, &str); 6] = [
        (
            Mode::Default,
            "\x1b[39m  \x1b[38;5;246m⏸ manual mode on · ? for shortcuts · ← for agents\x1b[39m",
        ),
        (
            Mode::AcceptEdits,
            "\x1b[39m  \x1b[38;5;147m⏵⏵ accept edits on\x1b[38;5;246m (shift+tab to cycle) · ← for agents",
        ),
        (
            Mode::Plan,
            "\x1b[39m  \x1b[38;5;73m⏸ plan mode on\x1b[38;5;246m (shift+tab to cycle) · ← for agents\x1b[39m",
        ),
        (
            Mode::Auto,
            "\x1b[39m  \x1b[38;5;220m⏵⏵ auto mode on\x1b[38;5;246m (shift+tab to cycle) · ← for agents\x1b[39m",
        ),
        (
            Mode::Bypass,
            "  ⏵⏵ bypass permissions on (shift+tab to cycle) · ← for agents",
        ),
        (
            Mode::DontAsk,
            "  ⏵⏵ don't ask on (shift+tab to cycle) · ← for agents",
        ),
    ];
    const OLD: [(Mode, &str); 3] = [
        (
            Mode::Default,
            "\x1b[39m  \x1b[38;5;246m? for shortcuts · ← for agents\x1b[39m                                 \x1b[38;5;246m●\x1b[39m \x1b[38;5;246mhigh · /effort",
        ),
        (
            Mode::AcceptEdits,
            "\x1b[39m  \x1b[38;5;147m⏵⏵ accept edits on\x1b[38;5;246m (shift+tab to cycle) · ← for agents\x1b[39m          \x1b[38;5;246m●\x1b[39m high · /effort",
        ),
        (
            Mode::Plan,
            "\x1b[39m  \x1b[38;5;73m⏸\x1b[39m \x1b[38;5;73mplan\x1b[39m \x1b[38;5;73mmode\x1b[39m \x1b[38;5;73mon\x1b[38;5;246m (shift+tab\x1b[39m \x1b[38;5;246mto\x1b[39m \x1b[38;5;246mcycle)\x1b[39m",
        ),
    ];

    fn screen(draft: &str, footer: &str) -> Vec<Vec<Run>> {
        let rule = "─".repeat(150);
        let captured = format!("● plan mode on\n\n{rule}\n\x1b[39m❯ {draft}\n{rule}\n{footer}");
        drawn(&captured, 150, 12)
    }

    /// A session whose modes come round, unless it begins with one that doesn't.
    struct Wheel {
        first: Mode,
        modes: &'static [Mode],
        pressed: Cell<usize>,
        doing: RefCell<Vec<Doing>>,
        draft: &'static str,
    }

    impl Wheel {
        fn new(first: Mode, modes: &'static [Mode], doing: &[Doing]) -> Self {
            Self {
                first,
                modes,
                pressed: Cell::new(0),
                doing: RefCell::new(doing.to_vec()),
                draft: "\x1b[7m ",
            }
        }

        fn now(&self) -> Mode {
            let begin = self.modes.iter().position(|mode| *mode == self.first);
            match (self.pressed.get(), begin) {
                (0, _) => self.first,
                (pressed, Some(begin)) => self.modes[(begin + pressed) % self.modes.len()],
                (pressed, None) => self.modes[(pressed - 1) % self.modes.len()],
            }
        }
    }

    impl Keyboard for Wheel {
        fn doing(&self) -> Doing {
            let mut doing = self.doing.borrow_mut();
            match doing.as_slice() {
                [last] => *last,
                _ => doing.remove(0),
            }
        }

        fn rows(&self) -> Result<Vec<Vec<Run>>, Refusal> {
            let now = self.now();
            let footer = NEW.iter().find(|(mode, _)| *mode == now);
            Ok(screen(self.draft, footer.unwrap().1))
        }

        fn press(&self, key: Key<'_>) -> Result<(), Refusal> {
            assert!(matches!(key, Key::ShiftTab), "{key:?}");
            self.pressed.set(self.pressed.get() + 1);
            Ok(())
        }
    }

    use Mode::{AcceptEdits, Auto, Bypass, Default, DontAsk, Plan};

    const USUAL: &[Mode] = &[Default, AcceptEdits, Plan, Auto];
    const WITH_BYPASS: &[Mode] = &[Default, AcceptEdits, Plan, Bypass, Auto];

    fn check(wheel: &Wheel, wanted: &str, outcome: Result<(), Code>, pressed: usize, ends: Mode) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let done = runtime.block_on(change(wheel, wanted));
        let done = done.map(drop).map_err(|refusal| refusal.code);
        assert_eq!(done, outcome, "{wanted}");
        assert_eq!(
            (wheel.pressed.get(), wheel.now()),
            (pressed, ends),
            "{wanted}"
        );
    }

    #[test]
    fn the_footer_tells_the_mode() {
        for (mode, footer) in NEW.into_iter().chain(OLD) {
            assert_eq!(shown(&screen("", footer)), Some(mode), "{footer}");
        }
        // Too narrow, a turn of 2.1.197, and what somebody has put there.
        for footer in [
            "  ⏸ plan mode o ·",
            "  esc to interrupt · ← for agents",
            "  in plan mode on main",
            "",
        ] {
            assert_eq!(shown(&screen("", footer)), None, "{footer}");
        }
        assert_eq!(shown(&drawn("  ⏸ plan mode on", 80, 24)), None);
    }

    #[test]
    fn the_key_is_pressed_until_the_mode_stands_there() {
        let wheel = |first, modes| Wheel::new(first, modes, &[Doing::Idle]);
        check(&wheel(Default, USUAL), "plan", Ok(()), 2, Plan);
        check(&wheel(Plan, USUAL), "manual", Ok(()), 2, Default);
        check(&wheel(Plan, USUAL), "plan", Ok(()), 0, Plan);
        check(&wheel(Plan, WITH_BYPASS), "default", Ok(()), 3, Default);
        check(
            &wheel(DontAsk, USUAL),
            "acceptEdits",
            Ok(()),
            2,
            AcceptEdits,
        );
    }

    #[test]
    fn a_mode_that_is_not_offered_leaves_the_one_that_was() {
        let refused = Err(Code::Refused);
        let wheel = |first| Wheel::new(first, USUAL, &[Doing::Idle]);
        check(&wheel(Plan), "bypassPermissions", refused, 4, Plan);
        // It does not come back to this one.
        check(&wheel(DontAsk), "bypassPermissions", refused, 5, Default);
        check(&wheel(Plan), "nonsense", Err(Code::BadRequest), 0, Plan);
    }

    #[test]
    fn nothing_is_pressed_but_at_an_empty_prompt() {
        let busy = Err(Code::Busy);
        for doing in [Doing::Busy, Doing::Asking, Doing::Away, Doing::Unknown] {
            check(
                &Wheel::new(Default, USUAL, &[doing]),
                "plan",
                busy,
                0,
                Default,
            );
        }
        let mut wheel = Wheel::new(Default, USUAL, &[Doing::Idle]);
        wheel.draft = "/mod";
        check(&wheel, "plan", busy, 0, Default);
        // It has begun to ask, and to work.
        let asks = [Doing::Idle, Doing::Idle, Doing::Asking];
        check(
            &Wheel::new(Default, USUAL, &asks),
            "plan",
            busy,
            1,
            AcceptEdits,
        );
        let works = [Doing::Idle, Doing::Idle, Doing::Busy];
        check(
            &Wheel::new(Default, USUAL, &works),
            "plan",
            busy,
            1,
            AcceptEdits,
        );
        // There it must not stay.
        check(
            &Wheel::new(Plan, WITH_BYPASS, &works),
            "default",
            busy,
            2,
            Auto,
        );
    }
}
