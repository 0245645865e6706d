//! A server of root's acts for the owners of the configured homes, as them, and is led nowhere else by them.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::ErrorKind,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _, chown, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use session_core::{id::SessionId, transcript::Place};
use session_manager::{
    act::archive::hold::Hold,
    observe::{registry::RegistryReader, transcript::Transcripts},
};

use crate::{
    client::{Server, get, post_json},
    test_claude::{PROJECT, age},
    test_session::TestSession,
};

const MALLORY: u32 = 54_321;
const ALICE: u32 = 54_322;

/// Two users below a directory of root's; only Mallory's home is configured.
struct Users {
    root: tempfile::TempDir,
    /// Their conversations, which no other test has: a server of root's finds the homes of all sessions of root's.
    mallorys: String,
    alices: String,
}

impl Users {
    /// `None` where we are not root: nobody else can make another user's files.
    fn new() -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let users = Self {
            root: tempfile::tempdir().unwrap(),
            mallorys: unique(),
            alices: unique(),
        };
        fs::set_permissions(users.root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, id) in [("mallory", &users.mallorys), ("alice", &users.alices)] {
            let project = users.path(name).join(".claude/projects").join(PROJECT);
            fs::create_dir_all(&project).unwrap();
            fs::create_dir_all(users.path(name).join(".claude/sessions")).unwrap();
            let line = format!(
                r#"{{"type":"user","sessionId":"{id}","cwd":"/","message":{{"content":"words of {id}"}}}}"#
            );
            let transcript = project.join(format!("{id}.jsonl"));
            fs::write(&transcript, format!("{line}\n")).unwrap();
            age(&transcript, 40);
            // Of a process that has ended, so that a cleanup would delete it.
            let orphan = users.path(name).join(".claude/sessions/4194303.json");
            fs::write(orphan, r#"{"pid":4194303,"procStart":"7"}"#).unwrap();
        }
        users.own("mallory", MALLORY);
        users.own("alice", ALICE);
        Some(users)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn own(&self, name: &str, uid: u32) {
        for entry in walkdir::WalkDir::new(self.path(name)) {
            std::os::unix::fs::lchown(entry.unwrap().path(), Some(uid), Some(uid)).unwrap();
        }
    }

    fn serve(&self, homes: &[&str]) -> Server {
        let homes: Vec<PathBuf> = homes.iter().map(|home| self.path(home)).collect();
        Server::configured(|config| config.homes = homes)
    }
}

fn unique() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

fn recent(server: &Server) -> Value {
    server
        .ask(&get("/sessions?scope=recent&days=3650", ""))
        .json()
}

/// What a cleanup would touch.
fn touched(server: &Server) -> Vec<String> {
    let plan = server.ask(&post_json("/sessions/cleanup", r#"{"dryRun":true}"#));
    let items = plan.json()["items"].as_array().unwrap().clone();
    let items = items.into_iter().filter(|item| item["action"] != "keep");
    items
        .map(|item| item["path"].as_str().unwrap().to_owned())
        .collect()
}

fn owner(path: &Path) -> (u32, u32) {
    let facts = fs::metadata(path).unwrap();
    (facts.uid(), facts.gid())
}

#[test]
fn roots_own_session_is_not_ended_unless_roots_home_is_configured() {
    let Some(users) = Users::new() else { return };
    let (server, roots) = (users.serve(&["mallory"]), TestSession::start());
    // Any user can write such a file; here it is root who did.
    roots.register(&users.path("mallory"), "");
    let kill = format!("/sessions/{}/kill", roots.pid());
    let answer = server.ask(&post_json(&kill, "{}"));
    assert_eq!(
        answer.verdict(),
        (403, "not_yours".to_owned()),
        "{answer:?}"
    );
    drop(server);

    let own = tempfile::tempdir().unwrap();
    fs::create_dir_all(own.path().join(".claude")).unwrap();
    let server = users.serve(&["mallory", own.path().to_str().unwrap()]);
    let answer = server.ask(&post_json(&kill, r#"{"graceMs":60000}"#));
    assert_eq!(answer.json()["outcome"], "exited", "{answer:?}");
}

#[test]
fn the_owner_of_a_home_without_a_claude_directory_is_served_too() {
    let Some(users) = Users::new() else { return };
    fs::create_dir(users.path("bare")).unwrap();
    let server = users.serve(&["mallory", "bare"]);
    let mut sleep = Command::new("sleep");
    sleep.arg("600").uid(ALICE).gid(ALICE);
    let session = TestSession::spawn(sleep);
    session.register(&users.path("mallory"), "");
    let kill = format!("/sessions/{}/kill", session.pid());
    let answer = server.ask(&post_json(&kill, "{}"));
    assert_eq!(
        answer.verdict(),
        (403, "not_yours".to_owned()),
        "{answer:?}"
    );
    chown(users.path("bare"), Some(ALICE), Some(ALICE)).unwrap();
    let answer = server.ask(&post_json(&kill, r#"{"graceMs":60000}"#));
    assert_eq!(answer.json()["outcome"], "exited", "{answer:?}");
}

/// However the link stands, on the way or at the end: Alice's home is not configured.
#[test]
fn a_users_link_leads_root_to_nobody_elses_conversations() {
    let lure: [(&str, &str, &str); 4] = [
        ("mallory/.claude", "../alice/.claude", "mallory"),
        (
            "mallory/.claude/projects",
            "../../alice/.claude/projects",
            "mallory",
        ),
        (
            "mallory/.claude/sessions",
            "../../alice/.claude/sessions",
            "mallory",
        ),
        ("mallory/work", "../alice", "mallory/work"),
    ];
    for (link, target, home) in lure {
        let Some(users) = Users::new() else { return };
        let kept = users.path("mallory-s-own");
        if users.path(link).exists() {
            fs::rename(users.path(link), &kept).unwrap();
        }
        symlink(target, users.path(link)).unwrap();
        users.own("mallory", MALLORY);
        assert!(
            users
                .path(link)
                .canonicalize()
                .unwrap()
                .starts_with(users.path("alice"))
        );

        let server = users.serve(&[home]);
        let seen = recent(&server).to_string();
        assert!(!seen.contains(&users.alices), "{link}: {seen}");
        let touched = touched(&server);
        let alices = touched.iter().find(|path| path.contains(&users.alices));
        assert_eq!(alices, None, "{link}");
        let resume = format!(r#"{{"sessionId":"{}"}}"#, users.alices);
        let answer = server.ask(&post_json("/sessions/resume", &resume));
        assert_eq!(
            answer.verdict(),
            (404, "no_conversation".to_owned()),
            "{link}"
        );
        let answer = server.ask(&post_json("/sessions/cleanup", "{}"));
        assert_eq!(answer.status, 200, "{answer:?}");
        for file in [
            format!("projects/{PROJECT}/{}.jsonl", users.alices),
            "sessions/4194303.json".to_owned(),
        ] {
            assert!(
                users.path("alice/.claude").join(&file).exists(),
                "{link}: {file}"
            );
        }
    }
}

/// A link may come after the home was looked at: whoever opens something below it looks again.
#[test]
fn no_reader_relies_on_what_a_home_was_before() {
    let Some(users) = Users::new() else { return };
    let config = users.path("mallory/.claude");
    fs::rename(&config, users.path("mallory-s-own")).unwrap();
    symlink("../alice/.claude", &config).unwrap();
    users.own("mallory", MALLORY);
    let denied = |error: std::io::Error| assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let alices = SessionId::parse(&users.alices).unwrap();
    let transcripts = Transcripts::at(&config);
    denied(transcripts.find(&alices, None).unwrap_err());
    denied(transcripts.all(|_| true).unwrap_err());
    denied(RegistryReader::at(&config).entries(|_| true).unwrap_err());
    let place = Place::new(config, PROJECT, alices).unwrap();
    assert!(Hold::take(&place).is_err());
    // The same files by Alice's own path, so that it is the way there that is refused.
    let own = Place {
        config: users.path("alice/.claude"),
        ..place
    };
    assert!(Hold::take(&own).is_ok());
}

#[test]
fn what_root_cleans_up_stays_its_owners() {
    let Some(users) = Users::new() else { return };
    let server = users.serve(&["mallory"]);
    assert!(
        recent(&server)
            .to_string()
            .contains(&format!("words of {}", users.mallorys))
    );
    assert_eq!(touched(&server).len(), 2);
    let report = server.ask(&post_json("/sessions/cleanup", "{}")).json();
    assert_eq!(
        (&report["deletedSessions"], &report["compressedLogs"]),
        (&1.into(), &1.into()),
        "{report}"
    );
    let project = users.path("mallory/.claude/projects").join(PROJECT);
    let archive = project.join(format!("{}.jsonl.gz", users.mallorys));
    assert_eq!(owner(&archive), (MALLORY, MALLORY));
    // Nothing of root's is left in anybody's home.
    for entry in walkdir::WalkDir::new(users.path("mallory")) {
        let path = entry.unwrap().into_path();
        assert_eq!(owner(&path), (MALLORY, MALLORY), "{}", path.display());
    }
    // What it notes of it lies in root's home.
    let noted = server
        .home()
        .join(".local/state/session-manager/audit.jsonl");
    assert_eq!(owner(&noted), (0, 0));
    assert_eq!(fs::metadata(&noted).unwrap().mode() & 0o777, 0o600);
    let untouched = users.path("alice/.claude/projects").join(PROJECT);
    assert!(untouched.join(format!("{}.jsonl", users.alices)).exists());
}

/// Root is a user like any other: its own home is found by its session, and not configured.
#[test]
fn root_resumes_nothing_of_its_own_that_is_not_configured() {
    let Some(users) = Users::new() else { return };
    users.own("alice", 0);
    let home = users.path("alice");
    let versions = home.join(".local/share/claude/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::copy("/bin/sh", versions.join("2.1.329")).unwrap();
    let mut program = Command::new(versions.join("2.1.329"));
    program
        .args(["-c", "echo ready; read line"])
        .env("HOME", &home);
    let mut session = TestSession::spawn(program);
    assert_eq!(session.line(), "ready");
    let resume = format!(r#"{{"sessionId":"{}"}}"#, users.alices);

    let server = users.serve(&["mallory"]);
    let refusal = server.ask(&post_json("/sessions/resume", &resume));
    assert_eq!(refusal.verdict(), (500, "fault".to_owned()));
    let advice = format!("name {} in homes", home.canonicalize().unwrap().display());
    assert!(refusal.body.contains(&advice), "{refusal:?}");
    drop(server);

    let server = Server::configured(|config| {
        config.homes = vec![home];
        config.claude = Some("/nowhere/claude".into());
    });
    let refusal = server.ask(&post_json("/sessions/resume", &resume));
    assert_eq!(refusal.status, 503, "{refusal:?}");
}
