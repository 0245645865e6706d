//! What the page asks the server, and how each answer is read.

mod drive;

use serde::Serialize;
use wire::{
    Above, Act, BulkRequest, CleanupRequest, DecideRequest, KeysRequest, KillRequest, Page,
    ProcessKey, ReapRequest, RequestId, ResizeRequest, ResumeRequest, Route, RuleTest, RulesImport,
    RulesRequest, Scope, SessionId, SignalRequest, Since, StartRequest, Who,
};

pub(crate) use self::drive::Drive;
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

fn json(value: &impl Serialize) -> Option<String> {
    serde_json::to_string(value).ok()
}

#[cfg(test)]
mod tests;
