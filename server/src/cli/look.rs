//! The word and the colour of a state. Colour is never the only sign.

use anstyle::{AnsiColor, Style};
use wire::{Confidence, Session, State};

/// Nothing is said by colour.
pub(super) const PLAIN: Style = Style::new();
pub(super) const HEADER: Style = Style::new().bold();
pub(super) const FAINT: Style = Style::new().dimmed();

pub(super) const WAITING: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const WRONG: Style = AnsiColor::Red.on_default().bold();
/// A call of a tool.
pub(super) const TOOL: Style = AnsiColor::Cyan.on_default();
/// What a diff adds and takes away.
pub(super) const ADDED: Style = AnsiColor::Green.on_default();
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
const WORKING: Style = AnsiColor::Green.on_default();
const STARTING: Style = AnsiColor::Cyan.on_default();

/// The state as it stands in the list: `!` where a person is wanted, `~` where it is inferred, the word, and what
/// is remarkable about it.
pub(super) fn state(session: &Session) -> String {
    let wanted = if session.needs_you() { '!' } else { ' ' };
    let inferred = match session.confidence {
        Confidence::Inferred => '~',
        Confidence::Stated | Confidence::Unknown => ' ',
    };
    let mut text = format!("{wanted}{inferred}{}", word(session.state));
    for (holds, mark) in [
        (session.asks, ", asks"),
        (session.stuck, ", stuck"),
        (session.abandoned, ", abandoned"),
    ] {
        if holds {
            text.push_str(mark);
        }
    }
    if let [twin, more @ ..] = session.twin_of.as_slice() {
        text.push_str(&format!(", twin of {}", twin.pid));
        for twin in more {
            text.push_str(&format!("+{}", twin.pid));
        }
    }
    text
}

pub(super) fn style(session: &Session) -> Style {
    match session.state {
        _ if session.needs_you() => WAITING,
        _ if session.stuck => WRONG,
        _ if session.abandoned => FAINT,
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog => WAITING,
        State::Stopped => WRONG,
        State::Working => WORKING,
        State::Starting => STARTING,
        State::Shell | State::Idle => PLAIN,
        State::Exited | State::Unknown => FAINT,
    }
}

/// A state in one word.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::WaitingPermission => "permission",
        State::WaitingInput => "question",
        State::WaitingDialog => "dialog",
        State::Starting => "starting",
        State::Working => "working",
        State::Idle => "idle",
        State::Shell => "shell",
        State::Stopped => "stopped",
        State::Exited => "exited",
        State::Unknown => "unknown",
    }
}

/// What a session in this state does, after its number.
pub(super) fn clause(state: State) -> &'static str {
    match state {
        State::WaitingPermission => "waits for a permission",
        State::WaitingInput => "waits for an answer",
        State::WaitingDialog => "waits at a dialog",
        State::Starting => "starts",
        State::Working => "works",
        State::Idle => "is at its prompt",
        State::Shell => "is at its prompt, with a shell in the background",
        State::Stopped => "is stopped by a signal",
        State::Exited => "has ended",
        State::Unknown => "is in a state that nothing tells",
    }
}
