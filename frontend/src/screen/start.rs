//! The dialog for a new session in words, and the directories that people have worked in.

use crate::{
    measure,
    model::{Model, start::Start},
    screen::row::place,
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StartView {
    pub(crate) start: Start,
    /// Those that fit what stands in the field, newest first.
    pub(crate) projects: Vec<Project>,
    pub(crate) failed: String,
}

/// A directory in which a session has worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// As it goes into the field.
    pub(crate) cwd: String,
    pub(crate) folder: String,
    pub(crate) name: String,
    /// What is known of it: how long ago, and how many sessions run there.
    pub(crate) about: String,
    /// It stands in the field.
    pub(crate) chosen: bool,
}

/// The most directories that are offered.
const MOST: usize = 30;

/// What can be chosen from, each with its word; the first is Claude Code's own choice.
pub(crate) const MODELS: [(&str, &str); 4] = [
    ("", "Default model"),
    ("opus", "Opus"),
    ("sonnet", "Sonnet"),
    ("haiku", "Haiku"),
];
/// What is allowed without a question is said; what allows everything is not offered.
pub(crate) const MODES: [(&str, &str); 4] = [
    ("default", "Ask before acting"),
    ("acceptEdits", "Accept edits"),
    ("plan", "Plan only"),
    ("dontAsk", "Deny instead of asking"),
];
pub(crate) const EFFORTS: [(&str, &str); 5] = [
    ("", "Default effort"),
    ("low", "Low"),
    ("medium", "Medium"),
    ("high", "High"),
    ("max", "Max"),
];

pub(crate) fn start(model: &Model) -> StartView {
    StartView {
        projects: projects(model),
        failed: model
            .start
            .failed
            .as_deref()
            .map(text::block)
            .unwrap_or_default(),
        start: model.start.clone(),
    }
}

fn projects(model: &Model) -> Vec<Project> {
    let live = model.live.sessions.iter();
    let live = live.map(|session| (session.cwd.as_str(), session.last_activity_at, 1_usize));
    let known = model.recent.sessions.iter().flatten();
    let known = known.filter_map(|one| Some((one.cwd.as_deref()?, one.last_activity_at, 0)));
    let mut all: Vec<(&str, u64, usize)> = Vec::new();
    for (cwd, at, runs) in live.chain(known).filter(|(cwd, ..)| cwd.starts_with('/')) {
        match all.iter_mut().find(|(other, ..)| *other == cwd) {
            Some((_, latest, count)) => {
                *latest = at.max(*latest);
                *count += runs;
            }
            None => all.push((cwd, at, runs)),
        }
    }
    all.sort_by_key(|(_, at, _)| std::cmp::Reverse(*at));
    let typed = model.start.cwd.trim();
    // What was chosen does not take the others away.
    let whole = all.iter().any(|(cwd, ..)| *cwd == typed);
    let words = if whole { "" } else { typed }.to_ascii_lowercase();
    let now = model.live.server_now();
    let fits = all.into_iter().filter_map(|(cwd, at, runs)| {
        let (folder, name) = place(cwd, &model.homes);
        let shown = format!("{cwd}\n{folder}{name}").to_ascii_lowercase();
        let about = match runs {
            0 => format!("{} ago", measure::age_between(at, now)),
            runs => measure::count(runs, "session runs", "sessions run"),
        };
        let project = Project {
            cwd: cwd.to_owned(),
            chosen: cwd == typed,
            folder,
            name,
            about,
        };
        words
            .split_whitespace()
            .all(|word| shown.contains(word))
            .then_some(project)
    });
    fits.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use wire::{RecentSession, Session};

    use super::*;
    use crate::{
        model::Surroundings,
        sample::{self, NOW},
    };

    fn offered(typed: &str) -> Vec<String> {
        let mut model = Model::new(Surroundings::default());
        model.homes = vec!["/home/ada".to_owned()];
        model.live.seen_at = Some(NOW);
        let unknown = Session {
            cwd: "unknown".to_owned(),
            ..sample::session(9)
        };
        model.live.sessions = vec![sample::session(7), sample::session(8), unknown];
        let recent = |cwd: &str, ago| RecentSession {
            cwd: Some(cwd.to_owned()),
            last_activity_at: NOW - ago,
            ..sample::recent(1)
        };
        let known = vec![
            recent("/home/ada/work/parser", 10),
            recent("/srv/shop", 60_000),
        ];
        model.recent.sessions = Some(known);
        model.start.cwd = typed.to_owned();
        let all = projects(&model).into_iter();
        let line =
            |one: Project| format!("{}{} ({}) {}", one.folder, one.name, one.about, one.chosen);
        all.map(line).collect()
    }

    #[test]
    fn the_newest_stands_first_and_words_narrow_it() {
        let parser = "~/work/parser (2 sessions run) false";
        let shop = "/srv/shop (1 min ago) false";
        assert_eq!(offered(""), [parser, shop]);
        assert_eq!(offered("SHOP"), [shop]);
        assert_eq!(offered("~/work"), [parser]);
        assert_eq!(offered("nowhere"), [""; 0]);
        assert_eq!(offered("/srv/shop"), [parser, "/srv/shop (1 min ago) true"]);
    }
}
