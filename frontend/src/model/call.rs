//! What the page asks the server, and how each answer is read.

use serde::Serialize;
use wire::{CleanupRequest, KillRequest, ProcessKey, ResumeRequest, Route, Scope, SessionId};

use crate::model::{
    Answered,
    answer::{self, Reply},
};

/// One request. Those that may overtake each other carry a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Health,
    Live(u32),
    Recent { number: u32, days: u32 },
    Context(ProcessKey),
    Why(ProcessKey),
    Kill(ProcessKey),
    Resume(SessionId),
    Plan,
    Clean,
}

impl Call {
    pub(crate) fn route(&self) -> Route {
        match self {
            Self::Health => Route::Health,
            Self::Live(_) => Route::Sessions(Scope::Live),
            Self::Recent { days, .. } => Route::Sessions(Scope::Recent { days: *days }),
            Self::Context(key) => Route::Context(key.pid),
            Self::Why(key) => Route::Why(key.pid),
            Self::Kill(key) => Route::Kill(key.pid),
            Self::Resume(_) => Route::Resume,
            Self::Plan | Self::Clean => Route::Cleanup,
        }
    }

    /// Returns the body as JSON text, `None` for a GET.
    pub(crate) fn body(&self) -> Option<String> {
        match self {
            Self::Health
            | Self::Live(_)
            | Self::Recent { .. }
            | Self::Context(_)
            | Self::Why(_) => None,
            Self::Kill(key) => json(&KillRequest {
                key: Some(*key),
                grace_ms: None,
                tree: true,
            }),
            Self::Resume(session_id) => json(&ResumeRequest {
                session_id: session_id.clone(),
                cwd: None,
                user: None,
                fork: false,
            }),
            Self::Plan => json(&CleanupRequest { dry_run: true }),
            Self::Clean => json(&CleanupRequest { dry_run: false }),
        }
    }

    /// The member of the answer that is a list, `Some("")` where the answer itself is one.
    pub(crate) fn list(&self) -> Option<&'static str> {
        match self {
            Self::Live(_) => Some(""),
            Self::Recent { .. } => Some("sessions"),
            Self::Health
            | Self::Context(_)
            | Self::Why(_)
            | Self::Kill(_)
            | Self::Resume(_)
            | Self::Plan
            | Self::Clean => None,
        }
    }

    /// Reads the answer to this call; `Err` has the words with which it failed on its way.
    pub(crate) fn read(self, reply: Result<Reply, String>) -> Answered {
        match self {
            Self::Health => Answered::Health(answer::one(reply)),
            Self::Live(number) => Answered::Live(number, answer::rows(reply)),
            Self::Recent { number, .. } => Answered::Recent(number, answer::rows(reply)),
            Self::Context(key) => Answered::Context(key, answer::one(reply)),
            Self::Why(key) => Answered::Why(key, answer::one(reply)),
            Self::Kill(key) => Answered::Kill(key, answer::one(reply)),
            Self::Resume(id) => Answered::Resume(id, answer::one(reply)),
            Self::Plan => Answered::Plan(answer::one(reply)),
            Self::Clean => Answered::Clean(answer::one(reply)),
        }
    }
}

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_has_its_route_and_body() {
        let key: ProcessKey = "42:900".parse().unwrap();
        let id: SessionId = "aaaaaaaa-1".parse().unwrap();
        let check = |call: Call, line: &str, body: Option<&str>| {
            let route = call.route();
            assert_eq!(
                format!("{} {}", route.method().as_str(), route.soft_path()),
                line
            );
            assert_eq!(call.body().as_deref(), body, "{line}");
        };
        check(Call::Health, "GET /health?soft=1", None);
        check(Call::Live(3), "GET /sessions?soft=1", None);
        check(
            Call::Recent { number: 1, days: 7 },
            "GET /sessions?scope=recent&days=7&soft=1",
            None,
        );
        check(Call::Context(key), "GET /sessions/42/context?soft=1", None);
        check(Call::Why(key), "GET /sessions/42/why?soft=1", None);
        check(
            Call::Kill(key),
            "POST /sessions/42/kill?soft=1",
            Some(r#"{"key":"42:900"}"#),
        );
        check(
            Call::Resume(id),
            "POST /sessions/resume?soft=1",
            Some(r#"{"sessionId":"aaaaaaaa-1"}"#),
        );
        check(
            Call::Plan,
            "POST /sessions/cleanup?soft=1",
            Some(r#"{"dryRun":true}"#),
        );
        check(
            Call::Clean,
            "POST /sessions/cleanup?soft=1",
            Some(r#"{"dryRun":false}"#),
        );
    }
}
