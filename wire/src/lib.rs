//! The values that cross the wire and the routes they travel, shared by the server, the page and the CLI.
//!
//! Knows names, shapes and what makes a value well-formed. Does not know how a value comes about: no
//! clock, no I/O, no rules. Fields are camelCase, values snake_case; what is not known is `null`.

mod action;
mod approval;
mod ask;
mod attention;
mod audit;
mod cleanup;
mod context;
mod drive;
mod error;
mod event;
mod feed;
mod health;
mod id;
mod key;
mod orphan;
mod picture;
mod resume;
mod route;
mod rule;
mod session;
mod ticket;
mod tree;
mod why;

pub use crate::{
    action::{
        Act, ActResult, Acting, ActingStep, BulkItem, BulkReport, BulkRequest, Grace, KillOutcome,
        KillRequest, Killed, SignalOutcome, SignalRequest, Signalled,
    },
    approval::{Always, Approval, ApprovalSource, Approvals, DecideRequest, Decided, RequestId},
    ask::{Ask, Choice, Question},
    audit::{Audit, AuditEntry, AuditTarget, Caller, Face, Verb},
    cleanup::{CleanupAction, CleanupItem, CleanupReport, CleanupRequest, CleanupResult},
    context::Context,
    drive::{
        CancelRequest, CancelScope, Cancelled, CancelledSession, DriveOutcome, Driven, HolderKind,
        MessageRequest, ModelRequest, PermissionModeRequest, RenameRequest, StartRequest, Started,
        Who,
    },
    error::{Code, ErrorBody},
    event::{
        DecidedBy, DecisionOutcome, Delta, DeltaKind, Event, NoteCode, Numbering, Output,
        OutputPart,
    },
    feed::{Auth, Frame},
    health::Health,
    id::{Pid, ProcessKey, SessionId},
    key::{Key, KeyBase, KeysRequest, NamedKey, ResizeRequest},
    orphan::{
        LostSession, Orphan, OrphanEvidence, Orphans, ReapItem, ReapRequest, ReapResult, Reaped,
    },
    picture::{Cursor, Ink, NewLine, Picture, Run, ScreenNews},
    resume::{Holder, ResumeRequest, Resumed},
    route::{Above, Method, Page, Reject, Route, Scope, Since},
    rule::{
        RuleAction, RulePart, RuleScope, RuleSet, RuleTest, RuleTested, RulesImport,
        RulesImportItem, RulesImported, RulesRequest, ToolRule,
    },
    session::{
        Actions, Confidence, Permit, RecentList, RecentSession, RunningTool, Session, State,
        StateSource, Status,
    },
    ticket::{Said, Ticket},
    tree::{Descent, Sign, SpareReason, Spared, Tree, TreeProcess, Unproven},
    why::{Evidence, Rule, Why},
};
