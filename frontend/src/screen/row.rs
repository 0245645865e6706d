//! A live session's row in words.

use wire::{HolderKind, Permit, ProcessKey, Session, SessionId, State};

use crate::{
    measure,
    model::{Model, facet, update::heading},
    screen::{
        act::{self, Act},
        detail::{self, DetailView},
        look::{self, Badge},
        progress::{is_ending, progress},
        why::{self, WhyView},
    },
    text,
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowView {
    pub(crate) key: ProcessKey,
    /// What can be looked at, `None` while nothing names it.
    pub(crate) conversation: Option<SessionId>,
    pub(crate) heading: String,
    /// The session's name, where the heading is another.
    pub(crate) alias: Option<String>,
    /// The directory around the project, ending in a slash; the home is `~`.
    pub(crate) folder: String,
    pub(crate) project: String,
    pub(crate) branch: Option<String>,
    pub(crate) badge: Badge,
    /// For how long, and on what that rests: `"5 min · registry"`. Empty where the time is not recorded.
    pub(crate) since: String,
    pub(crate) marks: Vec<Mark>,
    /// What it asks, or has under way.
    pub(crate) act: Option<Act>,
    /// For how long that has been under way, and whether that is long.
    pub(crate) tool_age: (String, bool),
    pub(crate) user: String,
    pub(crate) uptime: String,
    pub(crate) memory: String,
    /// A person is waited for.
    pub(crate) waits: bool,
    /// Why the session can't be killed.
    pub(crate) refusal: Option<String>,
    /// What is being done to it.
    pub(crate) progress: Option<String>,
    pub(crate) ending: bool,
    pub(crate) chosen: bool,
    pub(crate) stopped: bool,
    /// Why it is said to be in its state, while somebody wants to know.
    pub(crate) why: Option<WhyView>,
    /// What stands below the row while it is unfolded.
    pub(crate) detail: Option<DetailView>,
}

/// A verdict in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) word: &'static str,
    pub(crate) look: &'static str,
    pub(crate) meaning: &'static str,
}

const STUCK: Mark = Mark {
    word: "stuck",
    look: "stuck",
    meaning: "It works, but nothing has moved for a long time.",
};
const ABANDONED: Mark = Mark {
    word: "abandoned",
    look: "abandoned",
    meaning: "It is at its prompt and has not been touched for a long time.",
};

const TWIN: Mark = Mark {
    word: "twin",
    look: "twin",
    meaning: "Its conversation is open in another process too, and both write to it. End one of them.",
};

const HELD: Mark = Mark {
    word: "held",
    look: "held",
    meaning: "It was started here, goes on whatever becomes of this server, and can be talked to here.",
};

const ASKS: Mark = Mark {
    word: "asks",
    look: "asks",
    meaning: "It is at its prompt, and its last answer ends with a question.",
};

/// Returns the rows that fit the filter and the facet, in the list's order.
pub(crate) fn rows(model: &Model) -> Vec<(ProcessKey, RowView)> {
    facet::shown(model)
        .map(|session| (session.key, row(model, session)))
        .collect()
}

fn row(model: &Model, session: &Session) -> RowView {
    let now = model.live.server_now();
    let heading = heading(session);
    let (folder, project) = place(
        &session.cwd,
        session
            .home
            .as_ref()
            .map_or(model.homes.as_slice(), std::slice::from_ref),
    );
    let source = look::source(session.state_source);
    // In tmux it may have been started by somebody else.
    let is_ours = matches!(session.holder, Some(HolderKind::Stdio | HolderKind::Pty));
    RowView {
        key: session.key,
        conversation: session.session_id.clone(),
        alias: text::some_line(session.name.as_deref()).filter(|name| *name != heading),
        heading,
        folder,
        project,
        branch: text::some_line(session.git_branch.as_deref()),
        badge: look::badge(session),
        since: match session.state_since {
            Some(since) => format!("{} · {source}", measure::age_between(since, now)),
            // A source alone says nothing here; the detail names it.
            None => String::new(),
        },
        marks: [
            (is_ours, HELD),
            (session.asks, ASKS),
            (session.stuck, STUCK),
            (session.abandoned, ABANDONED),
            (!session.twin_of.is_empty(), TWIN),
        ]
        .into_iter()
        .filter_map(|(holds, mark)| holds.then_some(mark))
        .collect(),
        act: act::act(session),
        tool_age: act::tool_age(session, now),
        user: text::line(&session.user),
        uptime: measure::age_between(session.started_at, now),
        memory: measure::bytes(session.rss_bytes),
        waits: session.state.waits(),
        refusal: match &session.actions.kill {
            Permit::Allowed => None,
            Permit::Refused { error, .. } => Some(text::line(error)),
        },
        progress: progress(model, session.key),
        ending: is_ending(model, session.key),
        chosen: model.selection.has(session.key),
        stopped: session.state == State::Stopped,
        why: why::why(model, session),
        detail: model
            .open
            .get(&session.key)
            .map(|known| detail::detail(session, known, now)),
    }
}

/// Splits a directory into what is around it and its own name; one of the homes becomes `~`.
pub(crate) fn place(cwd: &str, homes: &[String]) -> (String, String) {
    let rest = homes
        .iter()
        .filter_map(|home| cwd.strip_prefix(home.as_str()));
    let short = rest
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .map(|rest| format!("~{rest}"))
        .next();
    let path = text::line(short.as_deref().unwrap_or(cwd));
    match path.rsplit_once('/') {
        Some((folder, name)) if !name.is_empty() => (format!("{folder}/"), name.to_owned()),
        Some(_) | None => (String::new(), path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_split_at_its_name() {
        let homes = ["/home/ada".to_owned(), "/home/bob".to_owned()];
        let check = |cwd, folder: &str, name: &str| {
            assert_eq!(
                place(cwd, &homes),
                (folder.to_owned(), name.to_owned()),
                "{cwd}"
            );
        };
        check("/home/ada/work/x", "~/work/", "x");
        check("/home/bob", "", "~");
        check("/home/adam/x", "/home/adam/", "x");
        check("/srv", "/", "srv");
        check("/", "", "/");
        check("unknown", "", "unknown");
    }
}
