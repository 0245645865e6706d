//! What a route's query says: which sessions, which part of a list, how much of a screen.

use super::Reject;

/// Which sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those with a running process.
    Live,
    /// Those with a transcript that changed within so many days.
    Recent { days: u32 },
}

/// Which part of what a session said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Only what comes after the event of this number.
    pub after: u64,
    /// What is still to come as well, as server-sent events.
    pub follow: bool,
    /// Backwards: the newest of what is older, and neither of the above.
    pub back: Option<Page>,
}

/// A part of a long list, from its end. Entries come newest first; events in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most so many, 1 to `Page::MOST`.
    pub limit: u32,
    /// Only what is older than the entry, or the event, of this number.
    pub before: Option<u64>,
}

impl Page {
    pub const MOST: u32 = 1000;
}

impl Default for Page {
    fn default() -> Self {
        Self {
            limit: 100,
            before: None,
        }
    }
}

impl Scope {
    /// Days looked back where the query names none.
    pub const DAYS: u32 = 7;
    /// Ten years.
    pub const MAX_DAYS: u32 = 3650;
}

/// How much of what has left a terminal's screen at its top is told with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Above {
    /// In lines, at most `Above::MOST`.
    pub lines: u32,
}

impl Above {
    /// As many as are kept.
    pub const MOST: u32 = 1000;
}

impl Page {
    pub(super) fn query(self) -> String {
        let Self { limit, before } = self;
        match before {
            Some(before) => format!("limit={limit}&before={before}"),
            None => format!("limit={limit}"),
        }
    }
}

impl Since {
    pub(super) const TAKES: &str = "after is the number of an event, follow is 0 or 1; or before is the number of an event, limit a whole number from 1 to 1000";

    pub(super) fn query(self) -> String {
        let Self {
            after,
            follow,
            back,
        } = self;
        let onward = || format!("follow={}&after={after}", u8::from(follow));
        back.map_or_else(onward, Page::query)
    }
}

pub(super) fn query_value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

pub(super) fn parse_since(query: &str) -> Result<Since, Reject> {
    let has = |name| query_value(query, name).is_some();
    if has("before") || has("limit") {
        // Where both directions are asked for, neither is meant.
        if has("after") || has("follow") {
            return Err(Reject::BadQuery(Since::TAKES));
        }
        let page = parse_page(query).map_err(|_| Reject::BadQuery(Since::TAKES))?;
        return Ok(Since {
            back: Some(page),
            ..Since::default()
        });
    }
    let after = match query_value(query, "after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Reject::BadQuery(Since::TAKES))?,
    };
    let follow = match query_value(query, "follow") {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return Err(Reject::BadQuery(Since::TAKES)),
    };
    Ok(Since {
        after,
        follow,
        back: None,
    })
}

pub(super) fn parse_scope(query: &str) -> Result<Scope, Reject> {
    match query_value(query, "scope") {
        None | Some("live") => Ok(Scope::Live),
        Some("recent") => {
            let days =
                query_value(query, "days").map_or(Some(Scope::DAYS), |days| days.parse().ok());
            match days {
                Some(days) if (1..=Scope::MAX_DAYS).contains(&days) => Ok(Scope::Recent { days }),
                _ => Err(Reject::BadQuery("days is a whole number from 1 to 3650")),
            }
        }
        Some(_) => Err(Reject::BadQuery("scope is live or recent")),
    }
}

pub(super) fn parse_page(query: &str) -> Result<Page, Reject> {
    const TAKES: &str = "limit is a whole number from 1 to 1000, before the id of an entry";
    let number = |name| match query_value(query, name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Reject::BadQuery(TAKES)),
    };
    let limit = match number("limit")? {
        None => Page::default().limit,
        Some(limit) => u32::try_from(limit)
            .ok()
            .filter(|limit| (1..=Page::MOST).contains(limit))
            .ok_or(Reject::BadQuery(TAKES))?,
    };
    let before: Option<u64> = number("before")?;
    Ok(Page { limit, before })
}

pub(super) fn parse_above(query: &str) -> Result<Above, Reject> {
    let lines = match query_value(query, "scrollback") {
        None => Some(0),
        Some(text) => text.parse().ok().filter(|lines| *lines <= Above::MOST),
    };
    let takes = Reject::BadQuery("scrollback is a whole number of lines, 0 to 1000");
    lines.map(|lines| Above { lines }).ok_or(takes)
}
