//! The question before a session is ended, in words that name it.

use wire::State;

use crate::{
    measure,
    model::{Model, ending::Ending, update::heading},
    screen::{
        look::{self, Badge},
        tree::{TreeView, tree},
    },
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KillView {
    pub(crate) heading: String,
    /// Label and value, as many as it takes to know the session again.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) badge: Badge,
    /// What would be lost.
    pub(crate) warning: Option<&'static str>,
    pub(crate) tree: TreeView,
    /// What descends from it goes on.
    pub(crate) alone: bool,
    /// It has ended while the question stood.
    pub(crate) gone: bool,
}

pub(crate) fn kill(model: &Model, ending: &Ending) -> KillView {
    // What it is now comes from the list.
    let asked = &ending.session;
    let now = model.live.find(asked.key);
    let session = now.unwrap_or(asked);
    let name = text::some_line(session.name.as_deref());
    let heading = heading(session);
    let facts = [
        name.filter(|name| *name != heading)
            .map(|name| ("Name", name)),
        Some(("Project", text::line(&session.project))),
        Some(("Directory", text::line(&session.cwd))),
        Some((
            "Process",
            format!("{} of {}", session.pid, text::line(&session.user)),
        )),
        Some((
            "Running for",
            measure::age_between(session.started_at, model.live.server_now()),
        )),
    ];
    KillView {
        heading,
        facts: facts.into_iter().flatten().collect(),
        badge: look::badge(session),
        warning: warning(session.state),
        tree: tree(ending, model.live.server_now()),
        alone: ending.alone,
        gone: now.is_none(),
    }
}

/// What ending it now would cost.
pub(crate) fn warning(state: State) -> Option<&'static str> {
    match state {
        State::Working => Some("It is at work: what it is doing now is cut off."),
        State::Shell => Some("A background shell of it still runs."),
        State::WaitingPermission | State::WaitingInput | State::WaitingDialog => {
            Some("It waits for an answer in the middle of its work.")
        }
        State::Starting | State::Idle | State::Stopped | State::Exited | State::Unknown => None,
    }
}
