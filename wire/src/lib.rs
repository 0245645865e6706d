//! The values that cross the wire and the routes they travel, shared by the server, the page and the CLI.
//!
//! Knows names, shapes and what makes a value well-formed. Does not know how a value comes about: no
//! clock, no I/O, no rules. Fields are camelCase, values snake_case; what is not known is `null`.

mod action;
mod ask;
mod attention;
mod cleanup;
mod context;
mod error;
mod feed;
mod health;
mod id;
mod route;
mod session;
mod why;

pub use crate::{
    action::{Grace, Holder, KillOutcome, KillRequest, Killed, ResumeRequest, Resumed},
    ask::{Ask, Choice, Question},
    cleanup::{CleanupAction, CleanupItem, CleanupReport, CleanupRequest, CleanupResult},
    context::Context,
    error::{Code, ErrorBody},
    feed::{Auth, Frame},
    health::Health,
    id::{Pid, ProcessKey, SessionId},
    route::{Method, Reject, Route, Scope},
    session::{
        Actions, Confidence, Permit, RecentList, RecentSession, RunningTool, Session, State,
        StateSource, Status,
    },
    why::{Evidence, Rule, Why},
};
