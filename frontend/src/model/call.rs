//! What the page asks the server, and how each answer is read.

use serde::Serialize;
use wire::{
    Above, Act, BulkRequest, CancelRequest, CleanupRequest, DecideRequest, KeysRequest,
    KillRequest, MessageRequest, ModelRequest, Page, PermissionModeRequest, ProcessKey,
    ReapRequest, RenameRequest, RequestId, ResizeRequest, ResumeRequest, Route, RuleTest,
    RulesImport, RulesRequest, Scope, SessionId, SignalRequest, Since, StartRequest, Who,
};

use crate::model::{
    Answered,
    answer::{self, Reply},
    approvals::RequestKey,
    start::From,
    talk::Asked,
};

/// Entries of the history that are asked for at a time.
const HISTORY: u32 = 50;

/// One request. Those that may overtake each other carry a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Health,
    Live(u32),
    Recent {
        number: u32,
        days: u32,
    },
    Context(ProcessKey),
    Why(ProcessKey),
    Tree(ProcessKey),
    Kill {
        key: ProcessKey,
        tree: bool,
    },
    Pause(ProcessKey),
    Continue(ProcessKey),
    Act(Act, Vec<ProcessKey>),
    Orphans(u32),
    Reap(Vec<ProcessKey>),
    Audit {
        before: Option<u64>,
    },
    Resume {
        id: SessionId,
        fork: bool,
    },
    Approvals(u32),
    Decide(RequestId, Box<DecideRequest>),
    Rules,
    SetRules(Box<RulesRequest>),
    TestRule(Box<RuleTest>),
    ImportRules(Box<RulesImport>),
    Plan,
    Clean,
    Start {
        from: From,
        request: Box<StartRequest>,
    },
    Output {
        id: SessionId,
        since: Since,
    },
    Drive {
        id: SessionId,
        drive: Drive,
    },
    Screen {
        id: SessionId,
        above: u32,
    },
    Keys {
        id: SessionId,
        request: KeysRequest,
    },
    Resize {
        id: SessionId,
        columns: u16,
        rows: u16,
    },
}

/// What a session that we hold is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    Say { uuid: String, text: String },
    Interrupt,
    End,
    Model(String),
    PermissionMode(String),
    Rename(String),
}

impl Call {
    pub(crate) fn resume(id: SessionId) -> Self {
        Self::Resume { id, fork: false }
    }

    pub(crate) fn fork(id: SessionId) -> Self {
        Self::Resume { id, fork: true }
    }

    pub(crate) fn route(&self) -> Route {
        match self {
            Self::Health => Route::Health,
            Self::Live(_) => Route::Sessions(Scope::Live),
            Self::Recent { days, .. } => Route::Sessions(Scope::Recent { days: *days }),
            Self::Context(key) => Route::Context(key.pid),
            Self::Why(key) => Route::Why(key.pid),
            Self::Tree(key) => Route::Tree(key.pid),
            Self::Kill { key, .. } => Route::Kill(key.pid),
            Self::Pause(key) => Route::Pause(key.pid),
            Self::Continue(key) => Route::Continue(key.pid),
            Self::Act(..) => Route::Act,
            Self::Orphans(_) => Route::Orphans,
            Self::Reap(_) => Route::Reap,
            Self::Audit { before } => Route::Audit(Page {
                limit: HISTORY,
                before: *before,
            }),
            Self::Resume { .. } => Route::Resume,
            Self::Approvals(_) => Route::Approvals,
            Self::Decide(id, _) => Route::Decide(id.clone()),
            Self::Rules => Route::Rules,
            Self::SetRules(_) => Route::SetRules,
            Self::TestRule(_) => Route::TestRule,
            Self::ImportRules(_) => Route::ImportRules,
            Self::Plan | Self::Clean => Route::Cleanup,
            Self::Start { .. } => Route::Start,
            Self::Output { id, since } => Route::Output(Who::Session(id.clone()), *since),
            Self::Drive { id, drive } => drive.route(Who::Session(id.clone())),
            Self::Screen { id, above } => {
                Route::Screen(Who::Session(id.clone()), Above { lines: *above })
            }
            Self::Keys { id, .. } => Route::Keys(Who::Session(id.clone())),
            Self::Resize { id, .. } => Route::Resize(Who::Session(id.clone())),
        }
    }

    /// Returns the body as JSON text, `None` for a GET.
    pub(crate) fn body(&self) -> Option<String> {
        match self {
            Self::Health
            | Self::Live(_)
            | Self::Recent { .. }
            | Self::Context(_)
            | Self::Why(_)
            | Self::Tree(_)
            | Self::Orphans(_)
            | Self::Approvals(_)
            | Self::Rules
            | Self::Audit { .. }
            | Self::Output { .. }
            | Self::Screen { .. } => None,
            Self::Kill { key, tree } => json(&KillRequest {
                key: Some(*key),
                grace_ms: None,
                tree: *tree,
            }),
            Self::Pause(key) | Self::Continue(key) => json(&SignalRequest { key: Some(*key) }),
            Self::Act(act, keys) => json(&BulkRequest {
                act: *act,
                keys: keys.clone(),
                grace_ms: None,
                tree: true,
            }),
            Self::Reap(keys) => json(&ReapRequest {
                keys: keys.clone(),
                grace_ms: None,
            }),
            Self::Resume { id, fork } => json(&ResumeRequest {
                session_id: id.clone(),
                cwd: None,
                user: None,
                fork: *fork,
            }),
            Self::Decide(_, request) => json(request),
            Self::SetRules(request) => json(request),
            Self::TestRule(request) => json(request),
            Self::ImportRules(request) => json(request),
            Self::Plan => json(&CleanupRequest { dry_run: true }),
            Self::Clean => json(&CleanupRequest { dry_run: false }),
            Self::Start { request, .. } => json(request),
            Self::Drive { drive, .. } => drive.body(),
            Self::Keys { request, .. } => json(request),
            Self::Resize { columns, rows, .. } => json(&ResizeRequest {
                columns: *columns,
                rows: *rows,
            }),
        }
    }

    /// The member of the answer that is a list, `Some("")` where the answer itself is one.
    pub(crate) fn list(&self) -> Option<&'static str> {
        match self {
            Self::Live(_) => Some(""),
            Self::Recent { .. } => Some("sessions"),
            Self::Orphans(_) => Some("orphans"),
            Self::Output { .. } => Some("events"),
            Self::Approvals(_) => Some("approvals"),
            Self::Health
            | Self::Context(_)
            | Self::Why(_)
            | Self::Tree(_)
            | Self::Kill { .. }
            | Self::Pause(_)
            | Self::Continue(_)
            | Self::Act(..)
            | Self::Reap(_)
            | Self::Audit { .. }
            | Self::Resume { .. }
            | Self::Decide(..)
            | Self::Rules
            | Self::SetRules(_)
            | Self::TestRule(_)
            | Self::ImportRules(_)
            | Self::Plan
            | Self::Clean
            | Self::Start { .. }
            | Self::Drive { .. }
            | Self::Screen { .. }
            | Self::Keys { .. }
            | Self::Resize { .. } => None,
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
            Self::Tree(key) => Answered::Tree(key, answer::one(reply)),
            Self::Kill { key, .. } => Answered::Kill(key, answer::one(reply)),
            Self::Pause(key) | Self::Continue(key) => Answered::Signal(key, answer::one(reply)),
            Self::Act(_, keys) => Answered::Act(keys, answer::one(reply)),
            Self::Orphans(number) => Answered::Orphans(number, answer::rows(reply)),
            Self::Reap(keys) => Answered::Reap(keys, answer::one(reply)),
            Self::Audit { before } => Answered::Audit(before, answer::one(reply)),
            Self::Resume { id, .. } => Answered::Resume(id, answer::one(reply)),
            Self::Approvals(number) => Answered::Approvals(number, answer::rows(reply)),
            Self::Decide(id, request) => {
                let session = request.session_id;
                Answered::Decided(RequestKey { session, id }, answer::one(reply))
            }
            Self::Rules => Answered::Rules(answer::one(reply)),
            Self::SetRules(_) => Answered::RulesSaved(answer::one(reply)),
            Self::TestRule(_) => Answered::RuleTested(answer::one(reply)),
            Self::ImportRules(request) => {
                Answered::RulesImported(request.dry_run, answer::one(reply))
            }
            Self::Plan => Answered::Plan(answer::one(reply)),
            Self::Clean => Answered::Clean(answer::one(reply)),
            Self::Start { from, .. } => Answered::Started(from, answer::one(reply)),
            Self::Output { id, since } => {
                let numbering = answer::numbering(&reply);
                let asked = Asked {
                    id,
                    since,
                    numbering,
                };
                Answered::Output(asked, answer::rows(reply))
            }
            Self::Drive { id, drive } => Answered::Driven(id, drive, answer::one(reply)),
            Self::Screen { id, .. } => Answered::Screen(id, answer::one(reply)),
            Self::Keys { id, .. } => Answered::Typed(id, answer::one(reply)),
            Self::Resize { id, .. } => Answered::Resized(id, answer::one(reply)),
        }
    }
}

impl Drive {
    fn route(&self, who: Who) -> Route {
        match self {
            Self::Say { .. } => Route::Message(who),
            Self::Interrupt => Route::Interrupt(who),
            Self::End => Route::Cancel(who),
            Self::Model(_) => Route::Model(who),
            Self::PermissionMode(_) => Route::PermissionMode(who),
            Self::Rename(_) => Route::Rename(who),
        }
    }

    fn body(&self) -> Option<String> {
        match self {
            Self::Say { uuid, text } => json(&MessageRequest {
                text: text.clone(),
                uuid: Some(uuid.clone()),
            }),
            Self::Interrupt => json(&SignalRequest { key: None }),
            Self::End => json(&CancelRequest::default()),
            Self::Model(model) => json(&ModelRequest {
                model: model.clone(),
            }),
            Self::PermissionMode(mode) => json(&PermissionModeRequest {
                permission_mode: mode.clone(),
            }),
            Self::Rename(name) => json(&RenameRequest { name: name.clone() }),
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
        let kill = |tree| Call::Kill { key, tree };
        check(
            kill(true),
            "POST /sessions/42/kill?soft=1",
            Some(r#"{"key":"42:900"}"#),
        );
        check(
            kill(false),
            "POST /sessions/42/kill?soft=1",
            Some(r#"{"key":"42:900","tree":false}"#),
        );
        check(Call::Tree(key), "GET /sessions/42/tree?soft=1", None);
        check(
            Call::Continue(key),
            "POST /sessions/42/continue?soft=1",
            Some(r#"{"key":"42:900"}"#),
        );
        check(
            Call::Act(Act::Pause, vec![key]),
            "POST /sessions/act?soft=1",
            Some(r#"{"act":"pause","keys":["42:900"]}"#),
        );
        check(
            Call::Reap(vec![key]),
            "POST /orphans/reap?soft=1",
            Some(r#"{"keys":["42:900"]}"#),
        );
        check(
            Call::Audit { before: Some(7) },
            "GET /audit?limit=50&before=7&soft=1",
            None,
        );
        let resume = |fork| Call::Resume {
            id: id.clone(),
            fork,
        };
        check(
            resume(false),
            "POST /sessions/resume?soft=1",
            Some(r#"{"sessionId":"aaaaaaaa-1"}"#),
        );
        check(
            resume(true),
            "POST /sessions/resume?soft=1",
            Some(r#"{"sessionId":"aaaaaaaa-1","fork":true}"#),
        );
        let output = |after, back| Call::Output {
            id: id.clone(),
            since: Since {
                after,
                follow: false,
                back,
            },
        };
        check(
            output(7, None),
            "GET /sessions/aaaaaaaa-1/output?follow=0&after=7&soft=1",
            None,
        );
        let back = Page {
            limit: 200,
            before: Some(7),
        };
        check(
            output(0, Some(back)),
            "GET /sessions/aaaaaaaa-1/output?limit=200&before=7&soft=1",
            None,
        );
        let drive = |drive| Call::Drive {
            id: id.clone(),
            drive,
        };
        let say = Drive::Say {
            uuid: "u".to_owned(),
            text: "go".to_owned(),
        };
        check(
            drive(say),
            "POST /sessions/aaaaaaaa-1/message?soft=1",
            Some(r#"{"text":"go","uuid":"u"}"#),
        );
        check(
            Call::Screen {
                id: id.clone(),
                above: 1000,
            },
            "GET /sessions/aaaaaaaa-1/screen?scrollback=1000&soft=1",
            None,
        );
        let request = KeysRequest {
            text: Some("go".to_owned()),
            keys: vec!["enter".parse().unwrap()],
        };
        check(
            Call::Keys {
                id: id.clone(),
                request,
            },
            "POST /sessions/aaaaaaaa-1/keys?soft=1",
            Some(r#"{"text":"go","keys":["enter"]}"#),
        );
        check(
            Call::Resize {
                id: id.clone(),
                columns: 80,
                rows: 24,
            },
            "POST /sessions/aaaaaaaa-1/resize?soft=1",
            Some(r#"{"columns":80,"rows":24}"#),
        );
        check(
            drive(Drive::Interrupt),
            "POST /sessions/aaaaaaaa-1/interrupt?soft=1",
            Some("{}"),
        );
        check(
            drive(Drive::End),
            "POST /sessions/aaaaaaaa-1/cancel?soft=1",
            Some("{}"),
        );
        check(
            drive(Drive::PermissionMode("plan".to_owned())),
            "POST /sessions/aaaaaaaa-1/permission-mode?soft=1",
            Some(r#"{"permissionMode":"plan"}"#),
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
