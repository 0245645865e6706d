//! What is chosen, in words.

use crate::{
    measure,
    model::{
        Model, facet,
        selection::{self, MINUTES},
    },
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SelectionView {
    /// How many are chosen, empty for none.
    pub(crate) count: String,
    /// How many a press would choose, `None` where nothing is abandoned at all.
    pub(crate) abandoned: Option<usize>,
    pub(crate) minutes: u32,
}

pub(crate) fn selection(model: &Model) -> SelectionView {
    let chosen = model.selection.keys.len();
    let shown = facet::shown(model)
        .filter(|one| model.selection.has(one.key))
        .count();
    let count = match (chosen, chosen - shown.min(chosen)) {
        (0, _) => String::new(),
        (_, 0) => format!("{chosen} selected"),
        (_, hidden) => format!("{chosen} selected, {hidden} of them not shown"),
    };
    let any = model.live.sessions.iter().any(|session| session.abandoned);
    SelectionView {
        count,
        abandoned: any.then(|| selection::abandoned(model).count()),
        minutes: model.selection.minutes,
    }
}

/// What there is to choose from, with the words for each.
pub(crate) fn offers() -> Vec<(u32, String)> {
    let offer = |minutes: u32| (minutes, measure::age(u64::from(minutes) * 60));
    MINUTES.map(offer).to_vec()
}
