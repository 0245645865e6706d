//! Every route once, in both directions, so that page, CLI and server can't disagree.

use crate::Pid;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// The page, standing alone.
    Page,
    /// A file of the standalone page.
    PageScript,
    PageStandIn,
    PageStyle,
    Icon,
    Health,
    Sessions(Scope),
    Context(Pid),
    Why(Pid),
    /// What descends from a session.
    Tree(Pid),
    Kill(Pid),
    Interrupt(Pid),
    Pause(Pid),
    Continue(Pid),
    /// One act on a selection of sessions.
    Act,
    Resume,
    Cleanup,
    /// What sessions that have ended left running.
    Orphans,
    Reap,
    /// What was done through this server.
    Audit(Page),
    /// The live feed as a WebSocket.
    Socket,
    /// What opens it where nothing tells who asks.
    Ticket,
    /// The live feed as server-sent events.
    Events,
}

/// Which sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those with a running process.
    Live,
    /// Those with a transcript that changed within so many days.
    Recent { days: u32 },
}

/// A part of a long list, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most so many, 1 to `Page::MOST`.
    pub limit: u32,
    /// Only what is older than the entry of this number.
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

/// The two methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// Why a method and a path name no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    NotFound,
    /// The path is there, for this method only.
    BadMethod {
        allow: Method,
    },
    BadPid,
    /// The query can't be read; the sentence says what it takes.
    BadQuery(&'static str),
}

impl Method {
    /// Returns the method, or `None` for one that no route has.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "GET" => Some(Self::Get),
            "POST" => Some(Self::Post),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl Scope {
    /// Days looked back where the query names none.
    pub const DAYS: u32 = 7;
    /// Ten years.
    pub const MAX_DAYS: u32 = 3650;
}

impl Route {
    /// Finds the route of a request line's method and target (path and query).
    pub fn parse(method: &str, target: &str) -> Result<Self, Reject> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut parts = path.strip_prefix('/').ok_or(Reject::NotFound)?.split('/');
        let parts = [parts.next(), parts.next(), parts.next(), parts.next()];
        let route = match parts {
            [Some(""), None, ..] => Self::Page,
            [Some("index.js"), None, ..] => Self::PageScript,
            [Some("standalone.js"), None, ..] => Self::PageStandIn,
            [Some("standalone.css"), None, ..] => Self::PageStyle,
            [Some("icon.svg"), None, ..] => Self::Icon,
            [Some("health"), None, ..] => Self::Health,
            [Some("ws"), None, ..] => Self::Socket,
            [Some("ws-ticket"), None, ..] => Self::Ticket,
            [Some("events"), None, ..] => Self::Events,
            [Some("sessions"), None, ..] => Self::Sessions(Scope::Live),
            [Some("sessions"), Some("resume"), None, ..] => Self::Resume,
            [Some("sessions"), Some("cleanup"), None, ..] => Self::Cleanup,
            [Some("sessions"), Some("act"), None, ..] => Self::Act,
            [Some("orphans"), None, ..] => Self::Orphans,
            [Some("orphans"), Some("reap"), None, ..] => Self::Reap,
            [Some("audit"), None, ..] => Self::Audit(Page::default()),
            [Some("sessions"), Some(pid), Some("context"), None] => Self::Context(parse_pid(pid)?),
            [Some("sessions"), Some(pid), Some("why"), None] => Self::Why(parse_pid(pid)?),
            [Some("sessions"), Some(pid), Some("tree"), None] => Self::Tree(parse_pid(pid)?),
            [Some("sessions"), Some(pid), Some("kill"), None] => Self::Kill(parse_pid(pid)?),
            [Some("sessions"), Some(pid), Some("interrupt"), None] => {
                Self::Interrupt(parse_pid(pid)?)
            }
            [Some("sessions"), Some(pid), Some("pause"), None] => Self::Pause(parse_pid(pid)?),
            [Some("sessions"), Some(pid), Some("continue"), None] => {
                Self::Continue(parse_pid(pid)?)
            }
            _ => return Err(Reject::NotFound),
        };
        let allow = route.method();
        if Method::parse(method) != Some(allow) {
            return Err(Reject::BadMethod { allow });
        }
        if let Self::Sessions(_) = route {
            return parse_scope(query).map(Self::Sessions);
        }
        if let Self::Audit(_) = route {
            return parse_page(query).map(Self::Audit);
        }
        Ok(route)
    }

    pub fn method(self) -> Method {
        match self {
            Self::Page
            | Self::PageScript
            | Self::PageStandIn
            | Self::PageStyle
            | Self::Icon
            | Self::Health
            | Self::Sessions(_)
            | Self::Context(_)
            | Self::Why(_)
            | Self::Tree(_)
            | Self::Orphans
            | Self::Audit(_)
            | Self::Socket
            | Self::Events => Method::Get,
            Self::Kill(_)
            | Self::Interrupt(_)
            | Self::Pause(_)
            | Self::Continue(_)
            | Self::Act
            | Self::Resume
            | Self::Cleanup
            | Self::Reap
            | Self::Ticket => Method::Post,
        }
    }

    /// Returns the path and query that `parse` reads back.
    pub fn path(self) -> String {
        match self {
            Self::Page => "/".to_owned(),
            Self::PageScript => "/index.js".to_owned(),
            Self::PageStandIn => "/standalone.js".to_owned(),
            Self::PageStyle => "/standalone.css".to_owned(),
            Self::Icon => "/icon.svg".to_owned(),
            Self::Health => "/health".to_owned(),
            Self::Sessions(Scope::Live) => "/sessions".to_owned(),
            Self::Sessions(Scope::Recent { days }) => format!("/sessions?scope=recent&days={days}"),
            Self::Context(pid) => format!("/sessions/{pid}/context"),
            Self::Why(pid) => format!("/sessions/{pid}/why"),
            Self::Tree(pid) => format!("/sessions/{pid}/tree"),
            Self::Kill(pid) => format!("/sessions/{pid}/kill"),
            Self::Interrupt(pid) => format!("/sessions/{pid}/interrupt"),
            Self::Pause(pid) => format!("/sessions/{pid}/pause"),
            Self::Continue(pid) => format!("/sessions/{pid}/continue"),
            Self::Act => "/sessions/act".to_owned(),
            Self::Orphans => "/orphans".to_owned(),
            Self::Reap => "/orphans/reap".to_owned(),
            Self::Audit(page) => page.path(),
            Self::Resume => "/sessions/resume".to_owned(),
            Self::Cleanup => "/sessions/cleanup".to_owned(),
            Self::Socket => "/ws".to_owned(),
            Self::Ticket => "/ws-ticket".to_owned(),
            Self::Events => "/events".to_owned(),
        }
    }
}

impl Page {
    fn path(self) -> String {
        let Self { limit, before } = self;
        match before {
            Some(before) => format!("/audit?limit={limit}&before={before}"),
            None => format!("/audit?limit={limit}"),
        }
    }
}

fn query_value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

impl Route {
    /// Whether the target asks for status 200 even where the answer is an error (`soft=1`): the host's
    /// proxy hands its page the body of a 200 only.
    pub fn is_soft(target: &str) -> bool {
        let (_, query) = target.split_once('?').unwrap_or((target, ""));
        query_value(query, "soft") == Some("1")
    }

    /// Returns `path` with `soft=1` in its query.
    pub fn soft_path(self) -> String {
        let path = self.path();
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}soft=1")
    }
}

fn parse_pid(text: &str) -> Result<Pid, Reject> {
    text.parse().map_err(|_| Reject::BadPid)
}

fn parse_scope(query: &str) -> Result<Scope, Reject> {
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

fn parse_page(query: &str) -> Result<Page, Reject> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(number: u32) -> Pid {
        Pid::new(number).unwrap()
    }

    #[test]
    fn every_route_reads_back_from_its_own_path() {
        for route in [
            Route::Page,
            Route::PageScript,
            Route::PageStandIn,
            Route::PageStyle,
            Route::Icon,
            Route::Health,
            Route::Sessions(Scope::Live),
            Route::Sessions(Scope::Recent { days: 30 }),
            Route::Context(pid(7)),
            Route::Why(pid(7)),
            Route::Socket,
            Route::Ticket,
            Route::Events,
            Route::Tree(pid(7)),
            Route::Kill(pid(7)),
            Route::Interrupt(pid(7)),
            Route::Pause(pid(7)),
            Route::Continue(pid(7)),
            Route::Act,
            Route::Resume,
            Route::Cleanup,
            Route::Orphans,
            Route::Reap,
            Route::Audit(Page::default()),
            Route::Audit(Page {
                limit: 5,
                before: Some(77),
            }),
        ] {
            let method = route.method().as_str();
            assert_eq!(Route::parse(method, &route.path()), Ok(route));
            assert_eq!(Route::parse(method, &route.soft_path()), Ok(route));
            assert!(Route::is_soft(&route.soft_path()));
            assert!(!Route::is_soft(&route.path()));
        }
    }

    #[test]
    fn what_is_not_a_route_says_why() {
        let check = |method, target, reject| {
            assert_eq!(
                Route::parse(method, target),
                Err(reject),
                "{method} {target}"
            );
        };
        check("GET", "/nope", Reject::NotFound);
        check("GET", "/sessions/", Reject::NotFound);
        check("GET", "/sessions/7", Reject::NotFound);
        check("GET", "/sessions/7/context/more", Reject::NotFound);
        check("GET", "sessions", Reject::NotFound);
        check("GET", "http://127.0.0.1/sessions", Reject::NotFound);
        check(
            "POST",
            "/sessions",
            Reject::BadMethod { allow: Method::Get },
        );
        check(
            "OPTIONS",
            "/sessions",
            Reject::BadMethod { allow: Method::Get },
        );
        check("get", "/sessions", Reject::BadMethod { allow: Method::Get });
        check(
            "GET",
            "/sessions/resume",
            Reject::BadMethod {
                allow: Method::Post,
            },
        );
        check("POST", "/sessions/0/kill", Reject::BadPid);
        check("POST", "/sessions/-1/kill", Reject::BadPid);
        check("POST", "/sessions/../kill", Reject::BadPid);
        check("POST", "/sessions/99999999999/kill", Reject::BadPid);
        check(
            "GET",
            "/sessions?scope=all",
            Reject::BadQuery("scope is live or recent"),
        );
        check(
            "GET",
            "/sessions?scope=recent&days=0",
            Reject::BadQuery("days is a whole number from 1 to 3650"),
        );
        check(
            "GET",
            "/sessions?scope=recent&days=x",
            Reject::BadQuery("days is a whole number from 1 to 3650"),
        );
    }
}
