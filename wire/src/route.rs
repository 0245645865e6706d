//! Every route once, in both directions, so that page, CLI and server can't disagree.

use crate::{Pid, RequestId, Who};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A new session.
    Start,
    Message(Who),
    /// The end of what a session does, and of the session.
    Cancel(Who),
    Model(Who),
    PermissionMode(Who),
    Rename(Who),
    /// What a session said and was told.
    Output(Who, Since),
    /// What sessions ask of a person.
    Approvals,
    Decide(RequestId),
    Rules,
    /// The whole list of rules, anew.
    SetRules,
    TestRule,
    ImportRules,
    Context(Pid),
    Why(Pid),
    /// What descends from a session.
    Tree(Pid),
    Kill(Pid),
    Interrupt(Who),
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

/// Which part of what a session said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Only what comes after the event of this number.
    pub after: u64,
    /// What is still to come as well, as server-sent events.
    pub follow: bool,
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
    /// The path is there, for these methods only.
    BadMethod {
        allow: &'static [Method],
    },
    BadPid,
    /// Neither a pid nor the id of a session.
    BadWho,
    BadRequestId,
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
        let asked = Method::parse(method);
        let is_post = asked == Some(Method::Post);
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
            [Some("sessions"), None, ..] if is_post => Self::Start,
            [Some("sessions"), None, ..] => Self::Sessions(Scope::Live),
            [Some("approvals"), None, ..] => Self::Approvals,
            [Some("approvals"), Some(id), None, _] => {
                Self::Decide(id.parse().map_err(|_| Reject::BadRequestId)?)
            }
            [Some("rules"), None, ..] if is_post => Self::SetRules,
            [Some("rules"), None, ..] => Self::Rules,
            [Some("rules"), Some("test"), None, _] => Self::TestRule,
            [Some("rules"), Some("import"), None, _] => Self::ImportRules,
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
                Self::Interrupt(parse_who(pid)?)
            }
            [Some("sessions"), Some(who), Some("message"), None] => Self::Message(parse_who(who)?),
            [Some("sessions"), Some(who), Some("cancel"), None] => Self::Cancel(parse_who(who)?),
            [Some("sessions"), Some(who), Some("model"), None] => Self::Model(parse_who(who)?),
            [Some("sessions"), Some(who), Some("permission-mode"), None] => {
                Self::PermissionMode(parse_who(who)?)
            }
            [Some("sessions"), Some(who), Some("rename"), None] => Self::Rename(parse_who(who)?),
            [Some("sessions"), Some(who), Some("output"), None] => {
                Self::Output(parse_who(who)?, Since::default())
            }
            [Some("sessions"), Some(pid), Some("pause"), None] => Self::Pause(parse_pid(pid)?),
            [Some("sessions"), Some(pid), Some("continue"), None] => {
                Self::Continue(parse_pid(pid)?)
            }
            _ => return Err(Reject::NotFound),
        };
        if asked != Some(route.method()) {
            let allow = route.methods_of_path();
            return Err(Reject::BadMethod { allow });
        }
        if let Self::Sessions(_) = route {
            return parse_scope(query).map(Self::Sessions);
        }
        if let Self::Audit(_) = route {
            return parse_page(query).map(Self::Audit);
        }
        if let Self::Output(who, _) = route {
            return Ok(Self::Output(who, parse_since(query)?));
        }
        Ok(route)
    }

    /// Every method that the path of this route has.
    fn methods_of_path(&self) -> &'static [Method] {
        let has_both = matches!(
            self,
            Self::Sessions(_) | Self::Start | Self::Rules | Self::SetRules
        );
        match self.method() {
            _ if has_both => &[Method::Get, Method::Post],
            Method::Get => &[Method::Get],
            Method::Post => &[Method::Post],
        }
    }

    pub fn method(&self) -> Method {
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
            | Self::Output(..)
            | Self::Approvals
            | Self::Rules
            | Self::Orphans
            | Self::Audit(_)
            | Self::Socket
            | Self::Events => Method::Get,
            Self::Start
            | Self::Message(_)
            | Self::Cancel(_)
            | Self::Model(_)
            | Self::PermissionMode(_)
            | Self::Rename(_)
            | Self::Decide(_)
            | Self::SetRules
            | Self::TestRule
            | Self::ImportRules
            | Self::Kill(_)
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
    pub fn path(&self) -> String {
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
            Self::Interrupt(who) => format!("/sessions/{who}/interrupt"),
            Self::Start => "/sessions".to_owned(),
            Self::Message(who) => format!("/sessions/{who}/message"),
            Self::Cancel(who) => format!("/sessions/{who}/cancel"),
            Self::Model(who) => format!("/sessions/{who}/model"),
            Self::PermissionMode(who) => format!("/sessions/{who}/permission-mode"),
            Self::Rename(who) => format!("/sessions/{who}/rename"),
            Self::Output(who, Since { after, follow }) => {
                let follow = u8::from(*follow);
                format!("/sessions/{who}/output?follow={follow}&after={after}")
            }
            Self::Approvals => "/approvals".to_owned(),
            Self::Decide(id) => format!("/approvals/{id}"),
            Self::Rules | Self::SetRules => "/rules".to_owned(),
            Self::TestRule => "/rules/test".to_owned(),
            Self::ImportRules => "/rules/import".to_owned(),
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
    pub fn soft_path(&self) -> String {
        let path = self.path();
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}soft=1")
    }
}

fn parse_pid(text: &str) -> Result<Pid, Reject> {
    text.parse().map_err(|_| Reject::BadPid)
}

fn parse_who(text: &str) -> Result<Who, Reject> {
    text.parse().map_err(|_| Reject::BadWho)
}

fn parse_since(query: &str) -> Result<Since, Reject> {
    const TAKES: &str = "after is the number of an event, follow is 0 or 1";
    let after = match query_value(query, "after") {
        None => 0,
        Some(text) => text.parse().map_err(|_| Reject::BadQuery(TAKES))?,
    };
    let follow = match query_value(query, "follow") {
        None | Some("0") => false,
        Some("1") => true,
        Some(_) => return Err(Reject::BadQuery(TAKES)),
    };
    Ok(Since { after, follow })
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

    fn session() -> Who {
        "086ce0db-50b0-42a3-b30a-e82a2d9c2aac".parse().unwrap()
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
            Route::Interrupt(Who::Pid(pid(7))),
            Route::Start,
            Route::Message(session()),
            Route::Cancel(session()),
            Route::Model(session()),
            Route::PermissionMode(session()),
            Route::Rename(Who::Pid(pid(7))),
            Route::Output(session(), Since::default()),
            Route::Output(
                session(),
                Since {
                    after: 12,
                    follow: true,
                },
            ),
            Route::Approvals,
            Route::Decide("3f0c_A-1".parse().unwrap()),
            Route::Rules,
            Route::SetRules,
            Route::TestRule,
            Route::ImportRules,
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
            assert_eq!(Route::parse(method, &route.path()), Ok(route.clone()));
            assert_eq!(Route::parse(method, &route.soft_path()), Ok(route.clone()));
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
        let bad_method = |allow| Reject::BadMethod { allow };
        let both: &[_] = &[Method::Get, Method::Post];
        check("PUT", "/sessions", bad_method(both));
        check("OPTIONS", "/sessions", bad_method(both));
        check("get", "/sessions", bad_method(both));
        check("DELETE", "/rules", bad_method(both));
        check("POST", "/health", bad_method(&[Method::Get]));
        check("GET", "/sessions/resume", bad_method(&[Method::Post]));
        check("POST", "/sessions/zz/message", Reject::BadWho);
        check("POST", "/sessions/../interrupt", Reject::BadWho);
        check("POST", "/approvals/a.b", Reject::BadRequestId);
        check("POST", "/approvals/", Reject::BadRequestId);
        check(
            "GET",
            "/sessions/7/output?after=x",
            Reject::BadQuery("after is the number of an event, follow is 0 or 1"),
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
