//! Every route once, in both directions, so that page, CLI and server can't disagree.

mod query;

pub use self::query::{Above, Page, Scope, Since};
use self::query::{parse_above, parse_page, parse_scope, parse_since, query_value};
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
    /// What a session's terminal shows.
    Screen(Who, Above),
    /// What is typed there.
    Keys(Who),
    /// Its size.
    Resize(Who),
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
            [Some("sessions"), Some(who), Some("screen"), None] => {
                Self::Screen(parse_who(who)?, Above::default())
            }
            [Some("sessions"), Some(who), Some("keys"), None] => Self::Keys(parse_who(who)?),
            [Some("sessions"), Some(who), Some("resize"), None] => Self::Resize(parse_who(who)?),
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
        if let Self::Screen(who, _) = route {
            return Ok(Self::Screen(who, parse_above(query)?));
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
            | Self::Screen(..)
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
            | Self::Keys(_)
            | Self::Resize(_)
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
            Self::Output(who, since) => format!("/sessions/{who}/output?{}", since.query()),
            Self::Screen(who, Above { lines }) => {
                format!("/sessions/{who}/screen?scrollback={lines}")
            }
            Self::Keys(who) => format!("/sessions/{who}/keys"),
            Self::Resize(who) => format!("/sessions/{who}/resize"),
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
            Self::Audit(page) => format!("/audit?{}", page.query()),
            Self::Resume => "/sessions/resume".to_owned(),
            Self::Cleanup => "/sessions/cleanup".to_owned(),
            Self::Socket => "/ws".to_owned(),
            Self::Ticket => "/ws-ticket".to_owned(),
            Self::Events => "/events".to_owned(),
        }
    }
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

#[cfg(test)]
mod tests;
