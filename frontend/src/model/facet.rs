//! How the list is narrowed: by a facet and by words.

use wire::{RecentSession, Session, State};

use crate::model::Model;

/// A group of sessions that the header counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Facet {
    /// Waits for a person, or asks something at its prompt.
    NeedsYou,
    Working,
    Starting,
    Shell,
    Idle,
    Stopped,
    Unknown,
    /// Works without progress.
    Stuck,
    /// Untouched at its prompt.
    Abandoned,
    /// Its conversation is open in another process too.
    Twin,
    /// Runs below the project that is selected in the host.
    Project,
}

impl Facet {
    pub(crate) const ALL: [Self; 11] = [
        Self::NeedsYou,
        Self::Working,
        Self::Starting,
        Self::Shell,
        Self::Idle,
        Self::Stopped,
        Self::Unknown,
        Self::Stuck,
        Self::Abandoned,
        Self::Twin,
        Self::Project,
    ];

    pub(crate) fn holds(self, session: &Session, project: Option<&str>) -> bool {
        match self {
            Self::NeedsYou => session.needs_you(),
            Self::Working => session.state == State::Working,
            Self::Starting => session.state == State::Starting,
            Self::Shell => session.state == State::Shell,
            Self::Idle => session.state == State::Idle,
            Self::Stopped => session.state == State::Stopped,
            Self::Unknown => matches!(session.state, State::Unknown | State::Exited),
            Self::Stuck => session.stuck,
            Self::Abandoned => session.abandoned,
            Self::Twin => !session.twin_of.is_empty(),
            Self::Project => project.is_some_and(|project| below(&session.cwd, project)),
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NeedsYou => "Needs you",
            Self::Working => "Working",
            Self::Starting => "Starting",
            Self::Shell => "Shell",
            Self::Idle => "Idle",
            Self::Stopped => "Stopped",
            Self::Unknown => "Unknown",
            Self::Stuck => "Stuck",
            Self::Abandoned => "Abandoned",
            Self::Twin => "Twins",
            Self::Project => "This project",
        }
    }
}

/// The sessions that fit the filter and the facet, in the list's order.
pub(crate) fn shown(model: &Model) -> impl Iterator<Item = &Session> {
    let project = model.surroundings.project.as_deref();
    model.live.sessions.iter().filter(move |session| {
        model
            .facet
            .is_none_or(|facet| facet.holds(session, project))
            && matches(&model.filter, session)
    })
}

/// Whether `path` is `folder` or lies in it.
fn below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether every word of the filter occurs somewhere in the session; an empty filter has none.
pub(crate) fn matches(filter: &str, session: &Session) -> bool {
    if filter.is_empty() {
        return true;
    }
    let pid = session.pid.to_string();
    let texts = [
        Some(pid.as_str()),
        Some(&session.cwd),
        Some(&session.user),
        session.name.as_deref(),
        session.title.as_deref(),
        session.git_branch.as_deref(),
        session.session_id.as_ref().map(|id| id.as_str()),
        session.waiting_for.as_deref(),
        session.tool.as_ref().map(|tool| tool.input.as_str()),
        session.tmux.as_deref(),
    ];
    every_word(filter, &texts)
}

pub(crate) fn matches_recent(filter: &str, session: &RecentSession) -> bool {
    let texts = [
        session.cwd.as_deref(),
        session.title.as_deref(),
        session.git_branch.as_deref(),
        session.last_prompt.as_deref(),
        Some(session.session_id.as_str()),
    ];
    every_word(filter, &texts)
}

// Only ASCII letters match in either case: the tables for all others would be a twentieth of the page.
fn every_word(filter: &str, texts: &[Option<&str>]) -> bool {
    if filter.trim().is_empty() {
        return true;
    }
    let texts: Vec<String> = texts
        .iter()
        .flatten()
        .map(|text| text.to_ascii_lowercase())
        .collect();
    filter
        .to_ascii_lowercase()
        .split_whitespace()
        .all(|word| texts.iter().any(|text| text.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_project_holds_what_lies_in_it() {
        let session = sample::session(7);
        assert_eq!(session.cwd, "/home/ada/work/parser");
        let check = |project, held| {
            assert_eq!(Facet::Project.holds(&session, project), held, "{project:?}");
        };
        check(Some("/home/ada/work/parser"), true);
        check(Some("/home/ada/work/"), true);
        check(Some("/home/ada/work/pars"), false);
        check(None, false);
    }

    #[test]
    fn every_word_must_occur_in_any_case() {
        let session = sample::session(4242);
        let check = |filter: &str, found| assert_eq!(matches(filter, &session), found, "{filter}");
        check("", true);
        check("  ", true);
        check("4242", true);
        check("PARSER ada", true);
        check("parser bob", false);
        check(session.session_id.as_ref().unwrap().as_str(), true);
    }
}
