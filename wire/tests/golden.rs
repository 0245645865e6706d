//! Every value that crosses the wire, one file each: decoded, compared, encoded, compared again.
//!
//! A file that changes here changes what clients see. `UPDATE_EXPECT=1 cargo test -p session-manager-wire`
//! writes the files anew; read the difference before it is committed.

#![expect(clippy::unwrap_used, reason = "a test ends where its premise fails")]

#[path = "samples/acts.rs"]
mod acts;
#[path = "samples/drive.rs"]
mod drive;
#[path = "samples/live.rs"]
mod live;
#[path = "samples/rule.rs"]
mod rule;
#[path = "samples/session.rs"]
mod sample;
#[path = "samples/screen.rs"]
mod screen;
#[path = "samples/service.rs"]
mod service;
#[path = "versions/strangers.rs"]
mod strangers;
#[path = "samples/ticket.rs"]
mod ticket;

use std::{collections::BTreeSet, fmt::Debug, fs, path::PathBuf};

use self::sample::{bare_session, session};
use expect_test::expect_file;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wire::{
    Act, ActResult, Acting, ActingStep, Actions, Always, Approval, ApprovalSource, Approvals, Ask,
    Audit, AuditEntry, AuditTarget, Auth, BulkItem, BulkReport, BulkRequest, Caller, CancelRequest,
    CancelScope, Cancelled, CancelledSession, Choice, CleanupAction, CleanupItem, CleanupReport,
    CleanupRequest, CleanupResult, Code, Confidence, Context, DecideRequest, Decided, DecidedBy,
    DecisionOutcome, Delta, DeltaKind, Descent, DriveOutcome, Driven, ErrorBody, Event, Evidence,
    Face, Frame, Grace, Health, Holder, HolderKind, KillOutcome, KillRequest, Killed, LostSession,
    MessageRequest, ModelRequest, NoteCode, Orphan, OrphanEvidence, Orphans, PermissionModeRequest,
    Permit, Pid, ProcessKey, Question, ReapItem, ReapRequest, ReapResult, Reaped, RecentList,
    RecentSession, RenameRequest, RequestId, ResumeRequest, Resumed, Rule, RuleScope, RunningTool,
    Session, SessionId, Sign, SignalOutcome, SignalRequest, Signalled, SpareReason, Spared,
    StartRequest, Started, State, StateSource, Status, Tree, TreeProcess, Unproven, Verb, Why,
};

/// Checks the values given to it and remembers their files.
#[derive(Default)]
struct Goldens {
    seen: BTreeSet<String>,
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

impl Goldens {
    fn check<T>(&mut self, name: &str, value: &T)
    where
        T: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        let path = directory().join(format!("{name}.json"));
        let mut text = serde_json::to_string_pretty(value).unwrap();
        text.push('\n');
        expect_file![path.clone()].assert_eq(&text);
        let file = fs::read(&path).unwrap();
        let decoded: T = serde_json::from_slice(&file).unwrap();
        assert_eq!(&decoded, value, "{name}");
        let new_file = self.seen.insert(format!("{name}.json"));
        assert!(new_file, "{name} comes twice");
    }
}

fn pid(number: u32) -> Pid {
    Pid::new(number).unwrap()
}

fn key() -> ProcessKey {
    "17723:137388".parse().unwrap()
}

fn id() -> SessionId {
    "607b503a-f1d9-4125-9748-6f1933188683".parse().unwrap()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn item(action: CleanupAction, result: CleanupResult) -> CleanupItem {
    CleanupItem {
        path: "/home/dev/.claude/sessions/17723.json".to_owned(),
        action,
        reason: "Its process has ended.".to_owned(),
        bytes: 612,
        result,
    }
}

fn sessions(goldens: &mut Goldens) {
    goldens.check("session", &session());
    goldens.check("session-bare", &bare_session());
    use State::*;
    let states = [
        Starting,
        Working,
        WaitingPermission,
        WaitingInput,
        WaitingDialog,
        Idle,
        Shell,
        Stopped,
        Exited,
        Unknown,
    ];
    goldens.check("states", &states.to_vec());
    let statuses = [Status::Active, Status::Idle, Status::Stuck, Status::Unknown];
    goldens.check("statuses", &statuses.to_vec());
    let sources = [
        StateSource::Stream,
        StateSource::Hook,
        StateSource::Registry,
        StateSource::Transcript,
        StateSource::Process,
        StateSource::Unknown,
    ];
    goldens.check("state-sources", &sources.to_vec());
    let confidences = [
        Confidence::Stated,
        Confidence::Inferred,
        Confidence::Unknown,
    ];
    goldens.check("confidences", &confidences.to_vec());
    goldens.check("rules", &Rule::ALL.to_vec());
    let known = RecentSession {
        session_id: id(),
        cwd: text("/home/dev/work/p1"),
        project: text("p1"),
        title: text("Add a test"),
        git_branch: text("main"),
        last_prompt: text("hello"),
        last_activity_at: 1_795_225_772_394,
        size_bytes: 140_000,
        archived: true,
        live: Some(key()),
    };
    let bare = RecentSession {
        cwd: None,
        project: None,
        title: None,
        git_branch: None,
        last_prompt: None,
        archived: false,
        live: None,
        ..known.clone()
    };
    let list = RecentList {
        sessions: vec![known, bare],
    };
    goldens.check("recent", &list);
    let context = Context {
        ok: true,
        session_id: id(),
        last_prompt: text("hello"),
        away_summary: text("Nothing happened."),
        last_assistant: text("Done."),
        title: text("Add a test"),
        model: text("claude-sonnet-4-5"),
        git_branch: text("main"),
        note: None,
    };
    goldens.check("context", &context);
    let unreadable = Context {
        last_prompt: None,
        away_summary: None,
        last_assistant: None,
        title: None,
        model: None,
        git_branch: None,
        note: text("The conversation has no transcript yet."),
        ..context
    };
    goldens.check("context-note", &unreadable);
}

fn actions(goldens: &mut Goldens) {
    goldens.check("kill-request-empty", &KillRequest::default());
    let request = KillRequest {
        key: Some(key()),
        grace_ms: Grace::from_millis(Grace::MAX_MS),
        tree: false,
    };
    drive::requests(goldens);
    drive::approvals(goldens);
    drive::events(goldens);
    goldens.check("kill-request", &request);
    let killed = acts::killed();
    goldens.check("killed", &killed);
    let survived = Killed {
        ok: false,
        outcome: KillOutcome::StillRunning,
        ..killed
    };
    goldens.check("killed-still-running", &survived);
    let outcomes = [
        KillOutcome::Exited,
        KillOutcome::Killed,
        KillOutcome::AlreadyGone,
        KillOutcome::StillRunning,
        KillOutcome::Unknown,
    ];
    goldens.check("kill-outcomes", &outcomes.to_vec());
    let request = ResumeRequest {
        session_id: id(),
        cwd: None,
        user: None,
        fork: false,
    };
    goldens.check("resume-request", &request);
    let request = ResumeRequest {
        cwd: text("/home/dev/work/p1"),
        user: text("dev"),
        fork: true,
        ..request
    };
    goldens.check("resume-request-full", &request);
    let resumed = Resumed {
        ok: true,
        session_id: id(),
        pid: pid(17723),
        key: key(),
        holder: Holder::Tmux {
            session: "claude-607b503a".to_owned(),
            attach: "tmux attach -t claude-607b503a".to_owned(),
        },
        note: None,
    };
    goldens.check("resumed", &resumed);
    let asking = Resumed {
        note: text("Claude Code asks for something before it goes on."),
        ..resumed
    };
    goldens.check("resumed-note", &asking);
}

fn cleanups(goldens: &mut Goldens) {
    goldens.check("cleanup-request", &CleanupRequest::default());
    goldens.check("cleanup-request-dry", &CleanupRequest { dry_run: true });
    let report = CleanupReport {
        ok: false,
        deleted_sessions: 1,
        compressed_logs: 1,
        errors: vec!["The disk is full.".to_owned()],
        items: vec![
            item(CleanupAction::Keep, CleanupResult::Planned),
            item(CleanupAction::Delete, CleanupResult::Deleted),
            item(
                CleanupAction::Compress,
                CleanupResult::Compressed { bytes: 100 },
            ),
            item(
                CleanupAction::Compress,
                CleanupResult::Skipped {
                    reason: "It has grown.".to_owned(),
                },
            ),
            item(
                CleanupAction::Unknown,
                CleanupResult::Failed {
                    error: "The disk is full.".to_owned(),
                },
            ),
        ],
    };
    goldens.check("cleanup-report", &report);
}

#[test]
fn every_value_keeps_its_form() {
    let mut goldens = Goldens::default();
    sessions(&mut goldens);
    live::asks(&mut goldens);
    live::feed(&mut goldens);
    live::why(&mut goldens);
    acts::trees(&mut goldens);
    acts::acts(&mut goldens);
    acts::orphans(&mut goldens);
    acts::audit(&mut goldens);
    rule::rules(&mut goldens);
    ticket::tickets(&mut goldens);
    actions(&mut goldens);
    cleanups(&mut goldens);
    screen::screens(&mut goldens);
    service::service(&mut goldens);
    let names = fs::read_dir(directory()).unwrap();
    let names: BTreeSet<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, goldens.seen, "a file that no value has");
}

/// The clients of 1.x show the first nine fields in the order in which they come.
#[test]
fn a_row_begins_with_the_fields_of_the_old_api_in_their_order() {
    let text = serde_json::to_string(&session()).unwrap();
    let old = [
        "pid",
        "user",
        "cwd",
        "project",
        "elapsed",
        "elapsedSec",
        "wchan",
        "status",
        "sessionId",
    ];
    let places = old.map(|field| text.find(&format!("\"{field}\":")).unwrap());
    assert!(places.is_sorted(), "{text}");
    let nothing_before = text.find("\"key\":").unwrap();
    assert!(places.iter().all(|&place| place < nothing_before), "{text}");
}
