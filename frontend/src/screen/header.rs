//! The header in words: how many there are of each kind, and how fresh that is.

use crate::{
    measure,
    model::{Model, facet::Facet},
    screen::look,
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
    /// How old the list is, where it does not refresh by itself.
    pub(crate) age: Option<String>,
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
        stale: live.trouble.is_some(),
        refreshing: live.waiting_since.is_some(),
        age: live
            .seen_at
            .filter(|_| !model.auto)
            .map(|at| measure::age_between(at, live.now)),
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
