//! Every value that crosses the wire, one file each: decoded, compared, encoded, compared again.
//!
//! A file that changes here changes what clients see. `UPDATE_EXPECT=1 cargo test -p session-manager-wire`
//! writes the files anew; read the difference before it is committed.

#![expect(clippy::unwrap_used, reason = "a test ends where its premise fails")]

use std::{collections::BTreeSet, fmt::Debug, fs, path::PathBuf};

use expect_test::expect_file;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use wire::{
    Actions, CleanupAction, CleanupItem, CleanupReport, CleanupRequest, CleanupResult, Code,
    Context, ErrorBody, Grace, Health, Holder, KillOutcome, KillRequest, Killed, Permit, Pid,
    ProcessKey, RecentList, RecentSession, ResumeRequest, Resumed, Session, SessionId, State,
    StateSource, Status,
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

/// A row of which everything is known.
fn session() -> Session {
    Session {
        pid: pid(17723),
        user: "dev".to_owned(),
        cwd: "/home/dev/work/p1".to_owned(),
        project: "p1".to_owned(),
        elapsed: "4m 7s".to_owned(),
        elapsed_sec: 247,
        wchan: "do_epoll_wait".to_owned(),
        status: Status::Idle,
        session_id: Some(id()),
        key: key(),
        state: State::WaitingPermission,
        waiting_for: text("permission prompt"),
        state_source: StateSource::Registry,
        state_since: Some(1_795_225_772_394),
        stuck: false,
        abandoned: false,
        last_activity_at: 1_795_225_772_394,
        name: text("p1-42"),
        title: text("Add a test"),
        git_branch: text("main"),
        version: text("2.1.329"),
        kind: text("interactive"),
        entrypoint: text("cli"),
        started_at: 1_795_225_699_449,
        rss_bytes: 268_435_456,
        home: text("/home/dev"),
        tmux: text("claude-607b503a:@1.%1"),
        actions: Actions {
            kill: Permit::Allowed,
        },
    }
}

/// A row of which nothing is known but the process.
fn bare_session() -> Session {
    Session {
        cwd: "unknown".to_owned(),
        project: "unknown".to_owned(),
        wchan: "0".to_owned(),
        status: Status::Active,
        session_id: None,
        state: State::Unknown,
        waiting_for: None,
        state_source: StateSource::Process,
        state_since: None,
        name: None,
        title: None,
        git_branch: None,
        version: None,
        kind: None,
        entrypoint: None,
        home: None,
        tmux: None,
        actions: Actions {
            kill: Permit::Refused {
                code: Code::NotYours,
                error: "Process 17723 belongs to root; ask them, or run the server as that user."
                    .to_owned(),
            },
        },
        ..session()
    }
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
    };
    goldens.check("kill-request", &request);
    let killed = Killed {
        ok: true,
        pid: pid(17723),
        key: key(),
        outcome: KillOutcome::Exited,
        took_ms: 1700,
    };
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
    };
    goldens.check("resume-request", &request);
    let request = ResumeRequest {
        cwd: text("/home/dev/work/p1"),
        user: text("dev"),
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

fn service(goldens: &mut Goldens) {
    let health = Health {
        ok: true,
        version: "2.0.0".to_owned(),
        degraded: None,
        config: text("/home/dev/.config/session-manager/config.toml"),
        homes: vec!["/home/dev".to_owned()],
        claude: text("/home/dev/.local/bin/claude"),
        tmux: text("/usr/bin/tmux"),
    };
    goldens.check("health", &health);
    let degraded = Health {
        degraded: Some(vec![
            "config.toml, line 1: nobody knows the key graze.".to_owned(),
        ]),
        config: None,
        homes: Vec::new(),
        claude: None,
        tmux: None,
        ..health
    };
    goldens.check("health-degraded", &degraded);
    use Code::*;
    let codes = [
        BadRequest,
        BadPid,
        BadSessionId,
        BadCwd,
        BadHost,
        BadOrigin,
        BadPeer,
        NotASession,
        Protected,
        NotYours,
        NotFound,
        NoSession,
        NoConversation,
        BadMethod,
        TooSlow,
        TooLarge,
        NotJson,
        TooMany,
        Live,
        Replaced,
        PlanChanged,
        Busy,
        Fault,
        NoTmux,
        NoClaude,
        Config,
        Unknown,
    ];
    goldens.check("codes", &codes.to_vec());
    let error = ErrorBody::new(NotFound, "Nothing is at this path.");
    goldens.check("error", &error);
    let live = ErrorBody {
        pid: Some(pid(17723)),
        key: Some(key()),
        ..ErrorBody::new(
            Live,
            "This conversation is open in process 17723; end that one first.",
        )
    };
    goldens.check("error-live", &live);
    let fault = ErrorBody {
        id: text("4711-1"),
        ..ErrorBody::new(
            Fault,
            "The disk failed; the log has the cause under 4711-1.",
        )
    };
    goldens.check("error-fault", &fault);
}

#[test]
fn every_value_keeps_its_form() {
    let mut goldens = Goldens::default();
    sessions(&mut goldens);
    actions(&mut goldens);
    cleanups(&mut goldens);
    service(&mut goldens);
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

fn decode<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// `json` of a value with one field changed or added.
fn with(value: &impl Serialize, field: &str, new: Value) -> String {
    let mut value = serde_json::to_value(value).unwrap();
    let fields = value.as_object_mut().unwrap();
    fields.insert(field.to_owned(), new);
    value.to_string()
}

#[test]
fn an_old_page_reads_a_newer_servers_words() {
    let newer = with(&session(), "state", "dreaming".into());
    let row: Session = decode(&newer).unwrap();
    assert_eq!(row.state, State::Unknown);
    let newer = with(&session(), "status", "asleep".into());
    assert_eq!(decode::<Session>(&newer).unwrap().status, Status::Unknown);
    let newer = with(&session(), "stateSource", "oracle".into());
    assert_eq!(
        decode::<Session>(&newer).unwrap().state_source,
        StateSource::Unknown
    );
    let newer = with(&session(), "mood", "good".into());
    assert_eq!(decode::<Session>(&newer), Ok(session()));
    let error = ErrorBody::new(Code::Busy, "Wait.");
    let newer = with(&error, "code", "too_windy".into());
    assert_eq!(decode::<ErrorBody>(&newer).unwrap().code, Code::Unknown);
    assert_eq!(decode(r#""evaporated""#), Ok(KillOutcome::Unknown));
    assert_eq!(decode(r#""shred""#), Ok(CleanupAction::Unknown));
    let refused = r#"{"kill":{"code":"too_windy","error":"Wait.","until":7}}"#;
    let kill = Permit::Refused {
        code: Code::Unknown,
        error: "Wait.".to_owned(),
    };
    assert_eq!(decode(refused), Ok(Actions { kill }));
}

/// A variant with data that nobody knows says nothing; the page then says that it is older than the server.
#[test]
fn what_carries_unknown_data_does_not_decode() {
    assert!(decode::<Holder>(r#"{"type":"pty","path":"/dev/pts/1"}"#).is_err());
    assert!(decode::<CleanupResult>(r#"{"type":"moved","to":"/x"}"#).is_err());
}

#[test]
fn a_permit_is_true_or_says_why_not() {
    for wrong in [
        r#"{"kill":false}"#,
        r#"{"kill":null}"#,
        r#"{"kill":"true"}"#,
        r#"{"kill":{"code":"busy"}}"#,
        r#"{"kill":{"error":"Wait."}}"#,
        "{}",
    ] {
        assert!(decode::<Actions>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_misspelt_option_of_an_action_is_refused() {
    for wrong in [
        r#"{"Key":"1:1"}"#,
        r#"{"grace_ms":1}"#,
        r#"{"graceMs":60001}"#,
        r#"{"graceMs":-1}"#,
        r#"{"graceMs":1.5}"#,
        r#"{"graceMs":"1"}"#,
        r#"{"key":"1"}"#,
        r#"{"key":7}"#,
        r#"{"key":"1:1","key":"1:1"}"#,
    ] {
        assert!(decode::<KillRequest>(wrong).is_err(), "{wrong}");
    }
    for wrong in [
        r#"{"dryrun":true}"#,
        r#"{"dryRun":1}"#,
        r#"{"dryRun":"yes"}"#,
    ] {
        assert!(decode::<CleanupRequest>(wrong).is_err(), "{wrong}");
    }
    for wrong in [
        "{}",
        r#"{"sessionId":"../../etc/passwd"}"#,
        r#"{"sessionId":"short"}"#,
        r#"{"sessionId":"607b503a","force":true}"#,
        r#"{"sessionId":"607b503a","cwd":["/"]}"#,
    ] {
        assert!(decode::<ResumeRequest>(wrong).is_err(), "{wrong}");
    }
    assert!(decode::<Pid>("0").is_err());
    assert!(decode::<Pid>("4194305").is_err());
    assert!(decode::<Pid>("1.5").is_err());
}
