//! The header in words: how many there are of each kind, and how fresh that is.

use crate::{
    measure,
    model::{Model, facet::Facet},
    screen::{look, row::Mark},
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct HeaderView {
    /// How many sessions run, `None` while that is not known.
    pub(crate) total: Option<usize>,
    /// Nothing is singled out.
    pub(crate) all: bool,
    pub(crate) auto: bool,
    pub(crate) refreshing: bool,
    /// The latest attempt to refresh failed: what is listed is old.
    pub(crate) stale: bool,
    /// How old the list is, where it is not kept up.
    pub(crate) age: Option<String>,
    /// How the list is kept up.
    pub(crate) sign: Mark,
}

/// One facet with its count, to be pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PillView {
    pub(crate) facet: Facet,
    pub(crate) word: &'static str,
    pub(crate) look: &'static str,
    pub(crate) count: usize,
    pub(crate) pressed: bool,
}

pub(crate) fn header(model: &Model) -> HeaderView {
    let live = &model.live;
    HeaderView {
        total: live.seen_at.map(|_| live.sessions.len()),
        all: model.facet.is_none(),
        auto: model.auto,
        stale: model.trouble().is_some(),
        refreshing: live.waiting_since.is_some(),
        age: live
            .seen_at
            .filter(|_| !model.auto)
            .map(|at| measure::age_between(at, live.now)),
        sign: sign(model),
    }
}

fn sign(model: &Model) -> Mark {
    let (word, look, meaning) = if !model.auto {
        (
            "Paused",
            "paused",
            "The list stays as it is. Switch this on to keep it up to date.",
        )
    } else if model.link.is_up() {
        (
            "Live",
            "live",
            "Changes arrive as they happen. Switch this off to pause.",
        )
    } else if model.link.is_fresh() {
        (
            "Connecting…",
            "polling",
            "The list is asked for, and will then be kept up to date.",
        )
    } else {
        (
            "Every 10 s",
            "polling",
            "Changes can't arrive as they happen just now, so the list is asked for every 10 seconds.",
        )
    };
    Mark {
        word,
        look,
        meaning,
    }
}

/// Returns the facets that some session is in, and the one that is pressed.
pub(crate) fn pills(model: &Model) -> Vec<(Facet, PillView)> {
    let project = model.surroundings.project.as_deref();
    let pill = |facet: Facet| {
        let sessions = model.live.sessions.iter();
        let count = sessions
            .filter(|session| facet.holds(session, project))
            .count();
        let pressed = model.facet == Some(facet);
        let view = PillView {
            facet,
            word: facet.word(),
            look: look::facet_look(facet),
            count,
            pressed,
        };
        (count > 0 || pressed).then_some((facet, view))
    };
    Facet::ALL.into_iter().filter_map(pill).collect()
}
