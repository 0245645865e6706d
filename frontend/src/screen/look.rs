//! The word and the look of a state. Colour is never the only sign: each look has a shape of its own.

use wire::{Confidence, Session, State, StateSource};

use crate::model::facet::Facet;

/// A state as a badge. `look` names the style: colour and shape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) word: &'static str,
    pub(crate) look: &'static str,
    /// Nobody says so; it follows from what can be seen.
    pub(crate) likely: bool,
    /// What it rests on, empty for what needs no explanation.
    pub(crate) title: &'static str,
}

pub(crate) fn badge(session: &Session) -> Badge {
    of_state(session.state, session.confidence, session.rule.sentence())
}

/// `title` says what it rests on.
pub(crate) fn of_state(state: State, confidence: Confidence, title: &'static str) -> Badge {
    let (word, look) = match state {
        State::WaitingPermission => ("Needs permission", "waiting"),
        State::WaitingInput => ("Has a question", "waiting"),
        State::WaitingDialog => ("Dialog open", "waiting"),
        State::Working => ("Working", "working"),
        State::Starting => ("Starting", "starting"),
        State::Shell => ("Shell runs", "shell"),
        State::Idle => ("Idle", "idle"),
        State::Stopped => ("Stopped", "stopped"),
        State::Exited => ("Exited", "exited"),
        State::Unknown => ("Unknown", "unknown"),
    };
    Badge {
        word,
        look,
        likely: confidence == Confidence::Inferred,
        title,
    }
}

/// What a state means, as a sentence.
pub(crate) fn meaning(state: State) -> &'static str {
    match state {
        State::WaitingPermission => {
            "It asks whether it may use a tool, or whether its plan is approved."
        }
        State::WaitingInput => "It has put a question and goes on when it is answered.",
        State::WaitingDialog => "A dialog is open in its terminal.",
        State::Working => "It works on a request.",
        State::Starting => "It starts up, or shows its trust or key dialog.",
        State::Shell => "It is at its prompt; a background shell still runs.",
        State::Idle => "It is at its prompt.",
        State::Stopped => {
            "It was stopped by a signal (Ctrl-Z, SIGSTOP) and does nothing until it is continued."
        }
        State::Exited => "It has ended.",
        State::Unknown => "Nothing tells what it does.",
    }
}

pub(crate) fn facet_look(facet: Facet) -> &'static str {
    match facet {
        Facet::NeedsYou => "waiting",
        Facet::Working => "working",
        Facet::Starting => "starting",
        Facet::Shell => "shell",
        Facet::Idle => "idle",
        Facet::Stopped => "stopped",
        Facet::Unknown => "unknown",
        Facet::Stuck => "stuck",
        Facet::Abandoned => "abandoned",
        Facet::Twin => "twin",
        Facet::Project => "project",
    }
}

/// The name of what a verdict rests on.
pub(crate) fn source(source: StateSource) -> &'static str {
    match source {
        StateSource::Stream => "stream",
        StateSource::Hook => "hook",
        StateSource::Registry => "registry",
        StateSource::Transcript => "transcript",
        StateSource::Process => "process",
        StateSource::Unknown => "a newer source",
    }
}
