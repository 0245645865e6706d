//! What the log says about a request: its method, its route and what came of it.
//!
//! Never a path that names no route, a query, a header or a body: those are the client's words.

use hyper::Method;
use tracing::{Level, Span, field::Empty};
use wire::{Code, Pid, Route, Who};

use crate::http::answer::Answer;

/// Opens the span of one request.
pub(crate) fn span(method: &Method) -> Span {
    let method = wire::Method::parse(method.as_str()).map_or("other", wire::Method::as_str);
    tracing::info_span!(
        "request",
        method,
        route = Empty,
        pid = Empty,
        session = Empty
    )
}

/// Adds the route to the present span.
pub(super) fn route(route: &Route) {
    let (name, pid) = match *route {
        Route::Page => ("/", None),
        Route::PageScript => ("/index.js", None),
        Route::PageStandIn => ("/standalone.js", None),
        Route::PageStyle => ("/standalone.css", None),
        Route::Icon => ("/icon.svg", None),
        Route::Health => ("/health", None),
        Route::Sessions(_) => ("/sessions", None),
        Route::Context(pid) => ("/sessions/:pid/context", Some(pid)),
        Route::Why(pid) => ("/sessions/:pid/why", Some(pid)),
        Route::Tree(pid) => ("/sessions/:pid/tree", Some(pid)),
        Route::Start => ("/sessions", None),
        Route::Interrupt(ref of) => ("/sessions/:id/interrupt", who(of)),
        Route::Message(ref of) => ("/sessions/:id/message", who(of)),
        Route::Cancel(ref of) => ("/sessions/:id/cancel", who(of)),
        Route::Model(ref of) => ("/sessions/:id/model", who(of)),
        Route::PermissionMode(ref of) => ("/sessions/:id/permission-mode", who(of)),
        Route::Rename(ref of) => ("/sessions/:id/rename", who(of)),
        Route::Output(ref of, _) => ("/sessions/:id/output", who(of)),
        Route::Screen(ref of, _) => ("/sessions/:id/screen", who(of)),
        Route::Keys(ref of) => ("/sessions/:id/keys", who(of)),
        Route::Resize(ref of) => ("/sessions/:id/resize", who(of)),
        Route::Approvals => ("/approvals", None),
        Route::Decide(_) => ("/approvals/:id", None),
        Route::Rules | Route::SetRules => ("/rules", None),
        Route::TestRule => ("/rules/test", None),
        Route::ImportRules => ("/rules/import", None),
        Route::Pause(pid) => ("/sessions/:pid/pause", Some(pid)),
        Route::Continue(pid) => ("/sessions/:pid/continue", Some(pid)),
        Route::Act => ("/sessions/act", None),
        Route::Orphans => ("/orphans", None),
        Route::Reap => ("/orphans/reap", None),
        Route::Audit(_) => ("/audit", None),
        Route::Kill(pid) => ("/sessions/:pid/kill", Some(pid)),
        Route::Resume => ("/sessions/resume", None),
        Route::Cleanup => ("/sessions/cleanup", None),
        Route::Socket => ("/ws", None),
        Route::Ticket => ("/ws-ticket", None),
        Route::Events => ("/events", None),
    };
    let span = Span::current();
    span.record("route", name);
    if let Some(pid) = pid {
        span.record("pid", pid.get());
    }
}

/// The pid, or the conversation added to the present span.
fn who(who: &Who) -> Option<Pid> {
    match who {
        Who::Pid(pid) => Some(*pid),
        Who::Session(id) => {
            session(id);
            None
        }
    }
}

/// Adds the conversation to the present span.
pub(super) fn session(id: &wire::SessionId) {
    Span::current().record("session", tracing::field::display(id));
}

/// Says what came of the request. Actions are always logged; what a page asks every few seconds is not, nor what a flood of
/// strangers asks: the gate counts those.
pub(crate) fn answered(method: &Method, answer: &Answer) {
    let status = answer.status().as_u16();
    // `soft=1` hides the status, not the code.
    let code = answer.extensions().get::<Code>();
    if answer.status().is_server_error() {
        tracing::event!(Level::WARN, status, ?code, "answered");
    } else if method == Method::POST && code != Some(&Code::BadPeer) {
        tracing::event!(Level::INFO, status, ?code, "answered");
    } else {
        tracing::event!(Level::DEBUG, status, ?code, "answered");
    }
}
