//! What a request asks to be done, how that is written, and which signals it takes.

use nix::sys::signal::Signal;
use session_core::id::ProcessKey;

use super::{board::Dice, recorder::Signals};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Kill {
        grace_ms: usize,
        /// With what descends from it; not said where `None`.
        tree: Option<bool>,
    },
    Interrupt,
    Pause,
    Continue,
}

impl Verb {
    pub(super) fn any(dice: &mut Dice) -> Self {
        match dice.roll(20) {
            0..2 => Self::Interrupt,
            2..4 => Self::Pause,
            4..6 => Self::Continue,
            _ => Self::Kill {
                grace_ms: dice.roll(51),
                tree: [None, Some(true), Some(false)][dice.roll(3)],
            },
        }
    }

    /// As the route names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill { .. } => "kill",
            Self::Interrupt => "interrupt",
            Self::Pause => "pause",
            Self::Continue => "continue",
        }
    }

    /// All that it may send to the process of the key.
    pub(super) fn signals(self) -> Signals {
        match self {
            // A process that stands still goes on to take its SIGTERM, and one that does not end by that stands still
            // while what it has started is looked for.
            Self::Kill { .. } => Signals::of(&[
                Signal::SIGTERM,
                Signal::SIGCONT,
                Signal::SIGSTOP,
                Signal::SIGKILL,
            ]),
            Self::Interrupt => Signals::of(&[Signal::SIGINT]),
            Self::Pause => Signals::of(&[Signal::SIGSTOP]),
            Self::Continue => Signals::of(&[Signal::SIGCONT]),
        }
    }

    /// The request, with one pid in its path and a key in its body.
    pub(super) fn request(self, port: u16, pid: u32, key: ProcessKey) -> String {
        let more = match self {
            Self::Kill { grace_ms, tree } => {
                let tree = tree.map(|tree| format!(r#","tree":{tree}"#));
                format!(r#","graceMs":{grace_ms}{}"#, tree.unwrap_or_default())
            }
            Self::Interrupt | Self::Pause | Self::Continue => String::new(),
        };
        let body = format!(r#"{{"key":"{}:{}"{more}}}"#, key.pid, key.start_ticks);
        format!(
            "POST /sessions/{pid}/{} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.name(),
            body.len()
        )
    }
}
