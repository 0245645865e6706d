//! The "Recent" section in words.

use wire::{Holder, RecentSession, SessionId};

use crate::{
    measure,
    model::{Model, facet, recent::Resume},
    screen::{look::Badge, row::place},
    text,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecentView {
    pub(crate) days: u32,
    /// How many fit, `None` while that is not known.
    pub(crate) total: Option<usize>,
    /// How many of those are not shown yet.
    pub(crate) more: usize,
    /// What stands in the list's place, or above it.
    pub(crate) note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecentRow {
    pub(crate) id: SessionId,
    pub(crate) heading: String,
    pub(crate) prompt: Option<String>,
    pub(crate) folder: String,
    pub(crate) project: String,
    pub(crate) branch: Option<String>,
    pub(crate) badge: Badge,
    pub(crate) age: String,
    pub(crate) size: String,
    pub(crate) resume: ResumeView,
}

/// What can be done, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResumeView {
    Offered,
    Running,
    /// Open in this process.
    Live(String),
    Done {
        pid: String,
        attach: String,
        note: Option<String>,
    },
    Failed(String),
}

const ENDED: Badge = Badge {
    word: "Ended",
    look: "exited",
};
const ARCHIVED: Badge = Badge {
    word: "Archived",
    look: "archived",
};
const LIVE: Badge = Badge {
    word: "Live",
    look: "live",
};

pub(crate) fn recent(model: &Model) -> (RecentView, Vec<(SessionId, RecentRow)>) {
    let recent = &model.recent;
    let known = recent.sessions.as_deref().unwrap_or_default();
    let fits: Vec<&RecentSession> = known
        .iter()
        .filter(|session| facet::matches_recent(&model.filter, session))
        .collect();
    let mut rows: Vec<(SessionId, RecentRow)> = Vec::new();
    for session in fits.iter().take(recent.limit) {
        // One conversation may have a transcript and a compressed one; the newer comes first.
        if rows.iter().all(|(id, _)| *id != session.session_id) {
            rows.push((session.session_id.clone(), row(model, session)));
        }
    }
    let note = match (&recent.trouble, &recent.sessions) {
        (Some(trouble), _) => Some(text::block(&trouble.sentence())),
        (None, None) => Some("Reading transcripts…".to_owned()),
        (None, Some(sessions)) if sessions.is_empty() => Some(format!(
            "No conversation was touched within {}.",
            measure::count(days(recent.days), "day", "days")
        )),
        (None, Some(_)) if fits.is_empty() => Some("No conversation fits the filter.".to_owned()),
        (None, Some(_)) if recent.newer > 0 => Some(format!(
            "{} from a newer server and can't be shown.",
            measure::count(recent.newer, "row comes", "rows come")
        )),
        (None, Some(_)) => None,
    };
    let view = RecentView {
        days: recent.days,
        total: recent.sessions.as_ref().map(|_| fits.len()),
        more: fits.len().saturating_sub(recent.limit),
        note,
    };
    (view, rows)
}

fn days(days: u32) -> usize {
    usize::try_from(days).unwrap_or(usize::MAX)
}

fn row(model: &Model, session: &RecentSession) -> RecentRow {
    let prompt = text::some_line(session.last_prompt.as_deref());
    let title = text::some_line(session.title.as_deref());
    let (folder, project) = session
        .cwd
        .as_deref()
        .map(|cwd| place(cwd, &model.homes))
        .unwrap_or_default();
    let resume = match (session.live, model.recent.resumes.get(&session.session_id)) {
        (_, Some(Resume::Done { resumed, .. })) => {
            let Holder::Tmux { attach, .. } = &resumed.holder;
            ResumeView::Done {
                pid: resumed.pid.to_string(),
                attach: text::line(attach),
                note: text::some_line(resumed.note.as_deref()),
            }
        }
        (_, Some(Resume::Running)) => ResumeView::Running,
        (Some(key), _) => ResumeView::Live(key.pid.to_string()),
        (None, Some(Resume::Failed(sentence))) => ResumeView::Failed(text::line(sentence)),
        (None, None) => ResumeView::Offered,
    };
    RecentRow {
        id: session.session_id.clone(),
        heading: title
            .clone()
            .or_else(|| prompt.clone())
            .unwrap_or_else(|| "Untitled".to_owned()),
        prompt: prompt.filter(|_| title.is_some()),
        folder,
        project,
        branch: text::some_line(session.git_branch.as_deref()),
        badge: match (&resume, session.archived) {
            (ResumeView::Live(_) | ResumeView::Done { .. }, _) => LIVE,
            (ResumeView::Offered | ResumeView::Running | ResumeView::Failed(_), true) => ARCHIVED,
            (ResumeView::Offered | ResumeView::Running | ResumeView::Failed(_), false) => ENDED,
        },
        age: measure::age_between(session.last_activity_at, model.live.server_now()),
        size: measure::bytes(session.size_bytes),
        resume,
    }
}
