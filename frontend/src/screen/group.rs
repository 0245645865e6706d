//! A list under a title, as the dialogs show it: files, processes, sessions, past actions.

/// The most items of a group that are listed; its title counts them all.
pub(crate) const LISTED: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) items: Vec<Item>,
    /// How many more there are than are listed.
    pub(crate) more: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: String,
    /// The name is a path or a command.
    pub(crate) exact: bool,
    pub(crate) reason: String,
    /// How large it is, or how old.
    pub(crate) size: String,
    /// What would be lost.
    pub(crate) warning: &'static str,
    /// What came of it, and whether that is bad.
    pub(crate) result: Option<(bool, String)>,
}

/// A group of all items, `None` for no items.
pub(crate) fn group(title: String, items: Vec<Item>) -> Option<Group> {
    let more = items.len().saturating_sub(LISTED);
    (!items.is_empty()).then(|| Group {
        title,
        items: items.into_iter().take(LISTED).collect(),
        more,
    })
}
