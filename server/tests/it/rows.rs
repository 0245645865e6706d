//! The rows of `GET /sessions`, of real processes that the tests started.

use std::{fs, os::unix::process::CommandExt as _, process::Command};

use nix::{
    sys::{
        signal::{self, Signal},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};
use serde_json::{Value, json};
use session_core::{id::UnixMillis, inventory::Proof, kill, verdict::State};
use session_manager::{
    clock,
    observe::{Observer, proc::ProcReader},
};

use crate::{
    client::Server,
    test_claude::ID,
    test_session::{TestSession, register},
    unprivileged,
};

fn rows(server: &Server) -> Vec<Value> {
    let answer = server.ask("GET /sessions HTTP/1.1\nHost: 127.0.0.1:PORT\n\n");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

fn row(server: &Server, session: &TestSession) -> Value {
    let rows = rows(server);
    let row = rows.iter().find(|row| row["pid"] == session.pid());
    row.unwrap_or_else(|| panic!("it is not listed: {rows:?}"))
        .clone()
}

fn sleep_in(directory: &std::path::Path) -> TestSession {
    let mut sleep = Command::new("sleep");
    sleep.arg("600").current_dir(directory);
    TestSession::spawn(sleep)
}

#[test]
fn a_row_has_every_documented_field() {
    let server = Server::start();
    let work = tempfile::tempdir().unwrap();
    let project = work.path().join("a \"project\"\n");
    fs::create_dir(&project).unwrap();
    let before = clock::now().0;
    let session = sleep_in(&project);
    let fields = format!(
        r#","sessionId":"{ID}","status":"waiting","waitingFor":"permission prompt","kind":"interactive","entrypoint":"cli","version":"2.1.329","name":"p1-42","tmux":"x:@1.%1","updatedAt":7,"statusUpdatedAt":7"#
    );
    session.register(server.home(), &fields);
    let transcript = server.home().join(".claude/projects/-somewhere");
    fs::create_dir_all(&transcript).unwrap();
    let line = json!({"type": "user", "gitBranch": "main", "message": {"content": "hello"}});
    let title = json!({"type": "custom-title", "customTitle": "Add a test", "sessionId": ID});
    fs::write(
        transcript.join(format!("{ID}.jsonl")),
        format!("{line}\n{title}\n"),
    )
    .unwrap();

    // The kernel adds a new program's memory up a little late.
    let rows = (0..100).map(|_| row(&server, &session));
    let row = { rows }.find(|row| row["rssBytes"] != 0).unwrap();
    let after = clock::now().0;
    // What is the same on every machine and at every time.
    let mut fixed = row.clone();
    let fields = fixed.as_object_mut().unwrap();
    for name in [
        "user",
        "elapsed",
        "elapsedSec",
        "wchan",
        "lastActivityAt",
        "startedAt",
        "rssBytes",
    ] {
        assert!(fields.remove(name).is_some(), "{name}: {row}");
    }
    let expected = json!({
        "pid": session.pid(),
        "cwd": project.to_str().unwrap(),
        "project": "a \"project\"\n",
        "status": "idle",
        "sessionId": ID,
        "key": session.key_text(),
        "state": "waiting_permission",
        "waitingFor": "permission prompt",
        "stateSource": "registry",
        "stateSince": 7,
        "confidence": "stated",
        "rule": "registry_status",
        "ask": null,
        "tool": null,
        "stuck": false,
        "abandoned": false,
        "asks": false,
        "name": "p1-42",
        "title": "Add a test",
        "gitBranch": "main",
        "version": "2.1.329",
        "kind": "interactive",
        "entrypoint": "cli",
        "home": server.home().to_str().unwrap(),
        "tmux": "x:@1.%1",
        "twinOf": [],
        "holder": null,
        "actions": {"kill": true},
    });
    assert_eq!(fixed, expected);

    let us = nix::unistd::User::from_uid(nix::unistd::geteuid()).unwrap();
    assert_eq!(
        row["user"],
        us.map_or_else(|| nix::unistd::geteuid().to_string(), |us| us.name)
    );
    assert_eq!(
        row["elapsed"].as_str().unwrap(),
        format!("{}s", row["elapsedSec"])
    );
    assert!(row["wchan"].is_string());
    assert!(row["rssBytes"].is_u64());
    // A tick is 10 ms; uptime has two decimals and is kept while it wanders less than a second.
    let slack = 1_100;
    let started = row["startedAt"].as_u64().unwrap();
    assert!(
        (before - slack..=after + slack).contains(&started),
        "{before} {started} {after}"
    );
    // The transcript was written after the process had started.
    assert!(row["lastActivityAt"].as_u64().unwrap() + slack >= started);
    // A second look tells the same start.
    assert_eq!(self::row(&server, &session)["startedAt"], started);
}

#[test]
fn the_old_word_follows_the_state() {
    let server = Server::start();
    let mut session = TestSession::start();
    let check = |fields: &str, state: &str, source: &str, status: &str| {
        session.register(server.home(), fields);
        let row = row(&server, &session);
        let seen = [&row["state"], &row["stateSource"], &row["status"]];
        assert_eq!(seen, [state, source, status], "{row}");
    };
    check(r#","status":"busy""#, "working", "registry", "active");
    check(r#","status":"idle""#, "idle", "registry", "idle");
    check(r#","status":"shell""#, "shell", "registry", "idle");
    check(
        r#","status":"waiting","waitingFor":"dialog open""#,
        "waiting_dialog",
        "registry",
        "idle",
    );
    check(
        r#","status":"waiting""#,
        "waiting_input",
        "registry",
        "idle",
    );
    check(r#","status":"dreaming""#, "unknown", "registry", "active");
    check("", "starting", "process", "active");
    let pid = Pid::from_raw(session.pid().try_into().unwrap());
    signal::kill(pid, Signal::SIGSTOP).unwrap();
    waitid(Id::Pid(pid), WaitPidFlag::WSTOPPED | WaitPidFlag::WNOWAIT).unwrap();
    session.register(server.home(), r#","status":"busy""#);
    let stopped = row(&server, &session);
    assert_eq!(
        [&stopped["state"], &stopped["status"]],
        ["stopped", "stuck"]
    );
    assert_eq!(stopped["stateSource"], "process");
    session.child.kill().unwrap();
    session.wait();
    assert!(rows(&server).iter().all(|row| row["pid"] != session.pid()));
}

#[test]
fn the_longest_running_comes_first() {
    let server = Server::start();
    let sessions: Vec<_> = (0..3).map(|_| TestSession::start()).collect();
    for session in sessions.iter().rev() {
        session.register(server.home(), "");
    }
    let rows = rows(&server);
    let starts: Vec<_> = rows.iter().map(|row| row["startedAt"].as_u64()).collect();
    assert!(starts.is_sorted(), "{starts:?}");
    assert!(rows.len() >= 3);
}

#[test]
fn a_row_says_why_it_can_not_be_acted_on() {
    let server = Server::start();
    let us = std::process::id();
    let stat = ProcReader::at("/proc").unwrap().stat(us).unwrap();
    register(server.home(), stat.key, "");
    let rows = rows(&server);
    let row = rows.iter().find(|row| row["pid"] == us).unwrap();
    let refusal = &row["actions"]["kill"];
    assert_eq!(refusal["code"], "protected");
    let sentence = format!(
        "Process {us} is protected (this server runs inside it); it can't be ended from here."
    );
    assert_eq!(refusal["error"], sentence);
}

/// An unprivileged server beside root's sessions: name and arguments are all that it may read.
#[test]
fn another_users_session_is_listed_by_its_name_and_not_to_be_ended() {
    if !rustix::process::geteuid().is_root() {
        // Whoever is not root has no process here that a lesser user could look at.
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("claude");
    fs::copy("/bin/sleep", &program).unwrap();
    let mut claude = Command::new(program);
    claude.arg("600").arg0("claude");
    let session = TestSession::spawn(claude);
    let sessions = unprivileged::run(|| {
        let observer = Observer::new(ProcReader::at("/proc").unwrap(), Vec::new(), "");
        let look = observer.look(UnixMillis(clock::now().0)).unwrap();
        look.sample.sessions()
    });
    let ours = sessions.iter().find(|it| it.key() == session.key());
    let ours = ours.expect("a process called claude");
    assert_eq!(ours.proof, Proof::Inferred);
    assert_eq!(ours.cwd(), None);
    assert_eq!(ours.plain_verdict().state, State::Starting);
    let actor = kill::Actor {
        uid: 65_534,
        home_owners: Vec::new(),
        lineage: Vec::new(),
    };
    let refusal = kill::plan(ours, &actor).unwrap_err();
    assert_eq!(refusal, kill::Refusal::NotYours { uid: 0 });
}
