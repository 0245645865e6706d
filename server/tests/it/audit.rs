//! What the audit log has of each action and of each refusal, and what it never has.

mod cut_short;
mod disk;
mod reap;
mod writers;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use session_core::id::ProcessKey;
use session_manager::{
    audit::{AuditLog, Deed, Outcome},
    state_dir::StateDir,
};
use wire::{Caller, Face, Verb};

use crate::{
    client::{Answer, Server, get, post_json},
    test_claude::{ID, OTHER_ID, PROJECT},
    test_session::{TestSession, register},
};

fn page(server: &Server, query: &str) -> Value {
    let answer = server.ask(&get(&format!("/audit{query}"), ""));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The oldest first, as they came about.
fn entries(server: &Server) -> Vec<Value> {
    let audit = page(server, "");
    assert_eq!(
        (&audit["ok"], &audit["more"]),
        (&true.into(), &false.into())
    );
    let mut entries = audit["entries"].as_array().unwrap().clone();
    entries.reverse();
    entries
}

fn post(server: &Server, path: &str, body: &Value) -> Answer {
    server.ask(&post_json(path, &body.to_string()))
}

fn act(server: &Server, session: &TestSession, what: &str) -> Value {
    let path = format!("/sessions/{}/{what}", session.pid());
    let answer = post(server, &path, &json!({"key": session.key_text()}));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Verb and outcome of each.
fn words(entries: &[Value]) -> Vec<(&str, &str)> {
    let words = entries.iter();
    words
        .map(|entry| (word(entry, "verb"), word(entry, "outcome")))
        .collect()
}

fn word<'e>(entry: &'e Value, name: &str) -> &'e str {
    entry[name].as_str().unwrap_or("-")
}

fn state(server: &Server) -> StateDir {
    StateDir::below(server.home())
}

fn log(server: &Server) -> PathBuf {
    state(server).path().join("audit.jsonl")
}

fn deed() -> Deed {
    Deed {
        verb: Verb::Kill,
        by: Caller {
            uid: Some(7),
            face: Face::Http,
        },
        target: None,
    }
}

fn outcome(word: &str) -> Outcome {
    Outcome {
        word: word.to_owned(),
        detail: None,
    }
}

#[test]
fn every_action_leaves_an_entry_and_nothing_else_does() {
    let server = Server::start();
    assert_eq!(entries(&server), [json!(null); 0]);
    let started = |id: &str| {
        let session = TestSession::start();
        let more = format!(r#","sessionId":"{id}","cwd":"/srv/p1""#);
        session.register(server.home(), &more);
        session
    };
    let mut first = started(ID);
    let key = first.key_text();
    assert_eq!(act(&server, &first, "pause")["outcome"], "done");
    assert_eq!(act(&server, &first, "continue")["outcome"], "done");
    assert_eq!(act(&server, &first, "interrupt")["outcome"], "ended");
    first.wait();
    // A key whose process has ended.
    post(
        &server,
        &format!("/sessions/{}/kill", first.pid()),
        &json!({"key": key}),
    );
    let [second, third] = [started(OTHER_ID), started(OTHER_ID)];
    assert_eq!(act(&server, &second, "kill")["outcome"], "exited");
    let keys = [third.key_text(), key.clone()];
    post(
        &server,
        "/sessions/act",
        &json!({"act": "kill", "keys": keys}),
    );
    post(
        &server,
        "/sessions/resume",
        &json!({"sessionId": "0badc0de"}),
    );
    post(&server, "/sessions/cleanup", &json!({}));

    // What is only asked, or can't be read at all, is no action.
    let kill = format!("/sessions/{}/kill", third.pid());
    for (path, body) in [
        ("/sessions/cleanup", json!({"dryRun": true})),
        (&kill, json!({"misspelt": 1})),
        ("/sessions/act", json!({"act": "kill", "keys": []})),
        ("/sessions/resume", json!({"sessionId": "x"})),
    ] {
        post(&server, path, &body);
    }
    for path in ["/sessions", "/orphans", "/health", "/audit"] {
        server.ask(&get(path, ""));
    }

    let entries = entries(&server);
    let mut told = words(&entries);
    // The two of a selection are acted on at once.
    told[5..7].sort_unstable();
    assert_eq!(
        told,
        [
            ("pause", "done"),
            ("continue", "done"),
            ("interrupt", "ended"),
            ("kill", "already_gone"),
            ("kill", "exited"),
            ("kill", "already_gone"),
            ("kill", "exited"),
            ("resume", "no_conversation"),
            ("cleanup", "done"),
        ]
    );
    let ids: Vec<u64> = entries
        .iter()
        .map(|entry| entry["id"].as_str().unwrap().parse().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for entry in &entries {
        let us = rustix::process::geteuid().as_raw();
        assert_eq!(entry["by"], json!({"uid": us, "face": "http"}), "{entry}");
        assert!(entry["tookMs"].is_u64() && entry["at"].is_u64(), "{entry}");
    }
    let target = json!({"key": key, "sessionId": ID, "cwd": entries[0]["target"]["cwd"]});
    for entry in &entries[..3] {
        assert_eq!(entry["target"], target, "{entry}");
        assert!(
            entry["plan"].as_str().unwrap().starts_with("SIG"),
            "{entry}"
        );
    }
    assert_eq!(entries[3]["target"]["key"], *key);
    assert_eq!(entries[4]["target"]["sessionId"], OTHER_ID);
    assert_eq!(
        (&entries[4]["plan"], &entries[4]["detail"]),
        (&"1 process".into(), &"1 exited".into())
    );
    assert_eq!(entries[7]["target"]["sessionId"], "0badc0de");
    assert_eq!(entries[8]["target"], Value::Null);
    assert_eq!(entries[8]["plan"], "3 to delete, 0 to compress");
}

#[test]
fn a_refusal_is_told_with_its_code() {
    let server = Server::start();
    let kill = |pid: u32, body: Value, code: &str| {
        let answer = post(&server, &format!("/sessions/{pid}/kill"), &body);
        assert_eq!(answer.verdict().1, code, "{answer:?}");
    };
    let mut session = TestSession::stubborn();
    let pid = session.pid();
    kill(pid, json!({}), "not_a_session");
    session.register(server.home(), &format!(r#","sessionId":"{ID}""#));
    let earlier = ProcessKey {
        start_ticks: session.key().start_ticks - 1,
        ..session.key()
    };
    let earlier = format!("{pid}:{}", earlier.start_ticks);
    kill(pid, json!({"key": earlier}), "replaced");
    let us = std::process::id();
    let ticks = session_manager::observe::proc::ProcReader::at("/proc").unwrap();
    register(server.home(), ticks.stat(us).unwrap().key, "");
    kill(us, json!({}), "protected");
    let answer = post(&server, "/sessions/resume", &json!({"sessionId": ID}));
    assert_eq!(answer.verdict(), (409, "live".to_owned()));
    // One is under way, and asked for again.
    let mut first = server.connect();
    let body = r#"{"graceMs":60000}"#;
    let request = post_json(&format!("/sessions/{pid}/kill"), body);
    let request = request.replace("PORT", &server.port.to_string());
    first.send(&request.replace('\n', "\r\n"));
    assert_eq!(session.line(), "TERM");
    kill(pid, json!({}), "busy");
    assert_eq!(
        words(&entries(&server)),
        [
            ("kill", "not_a_session"),
            ("kill", "replaced"),
            ("kill", "protected"),
            ("resume", "live"),
            ("kill", "-"),
            ("kill", "busy"),
        ]
    );
    session.tell_to_end();
    first.receive().unwrap();
    let entries = entries(&server);
    assert_eq!(words(&entries)[4], ("kill", "exited"));
    assert_eq!(entries[1]["target"]["key"], earlier);
    assert_eq!(entries[3]["target"]["sessionId"], ID);
    assert_eq!(entries[5]["target"]["key"], entries[4]["target"]["key"]);
    let detail = entries[0]["detail"].as_str().unwrap();
    assert!(detail.contains(&pid.to_string()), "{detail}");
}

#[test]
fn a_server_that_refuses_to_act_keeps_account_of_it() {
    let server = Server::configured(|config| config.mistakes.push("No.".to_owned()));
    let key = "7:9";
    post(&server, "/sessions/7/kill", &json!({"key": key}));
    post(&server, "/sessions/7/pause", &json!({"key": key}));
    post(
        &server,
        "/sessions/act",
        &json!({"act": "continue", "keys": [key]}),
    );
    post(&server, "/sessions/resume", &json!({"sessionId": ID}));
    post(&server, "/sessions/cleanup", &json!({}));
    post(&server, "/orphans/reap", &json!({"keys": [key]}));
    let entries = entries(&server);
    let verbs = ["kill", "pause", "continue", "resume", "cleanup", "reap"];
    assert_eq!(words(&entries), verbs.map(|verb| (verb, "config")));
}

#[test]
fn what_has_begun_and_not_ended_has_no_outcome() {
    let server = Server::start();
    let log = AuditLog::at(state(&server));
    drop(log.begin(deed(), Some("3 processes".to_owned())));
    assert_eq!(log.note(deed(), outcome("busy")), None);
    let entries = entries(&server);
    assert_eq!(words(&entries), [("kill", "-"), ("kill", "busy")]);
    assert_eq!(entries[0]["plan"], "3 processes");
    assert_eq!(
        [&entries[0]["detail"], &entries[0]["tookMs"]],
        [&Value::Null, &Value::Null]
    );
    assert_eq!(entries[1]["by"], json!({"uid": 7, "face": "http"}));
    // The part that was asked for, and whether there is more.
    let newest = page(&server, "?limit=1");
    assert_eq!(
        (&newest["entries"], &newest["more"]),
        (&json!([entries[1]]), &true.into())
    );
    let id = entries[1]["id"].as_str().unwrap();
    let rest = page(&server, &format!("?limit=1&before={id}"));
    assert_eq!(
        (&rest["entries"], &rest["more"]),
        (&json!([entries[0]]), &false.into())
    );
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?before=x"] {
        let answer = server.ask(&get(&format!("/audit{query}"), ""));
        assert_eq!(answer.verdict(), (400, "bad_request".to_owned()), "{query}");
    }
}

#[test]
fn only_its_owner_reads_it_and_no_conversation_is_in_it() {
    let server = Server::start();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let project = server.home().join(".claude/projects").join(PROJECT);
    fs::create_dir_all(&project).unwrap();
    let line = format!(
        r#"{{"type":"user","sessionId":"{ID}","cwd":"/srv/p1","message":{{"content":"words-of-mine"}}}}"#
    );
    fs::write(project.join(format!("{ID}.jsonl")), line).unwrap();
    let kill = || {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", "sleep 600 & read words_of_mine"]);
        let session = TestSession::spawn(shell);
        let more = format!(r#","sessionId":"{ID}","name":"words-of-mine","cwd":"/srv/p1""#);
        session.register(server.home(), &more);
        act(&server, &session, "kill");
    };
    kill();
    let log = log(&server);
    assert_eq!(mode(&log), 0o600);
    assert_eq!(mode(&state(&server).path()), 0o700);
    // As a copy back from somewhere may leave it.
    fs::set_permissions(&log, fs::Permissions::from_mode(0o666)).unwrap();
    kill();
    assert_eq!(mode(&log), 0o600);
    let text = fs::read_to_string(&log).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(text.contains(ID), "{text}");
    for word in ["words", "sleep", "read"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[test]
fn what_stands_in_its_place_is_not_written_to() {
    let server = Server::start();
    let state = state(&server);
    drop(state.open().unwrap());
    let log = log(&server);
    let elsewhere = server.home().join("elsewhere");
    fs::write(&elsewhere, "theirs\n").unwrap();
    let refused = |what: &str| {
        let session = TestSession::start();
        session.register(server.home(), "");
        let killed = act(&server, &session, "kill");
        assert_eq!(killed["outcome"], "exited", "{what}");
        let note = killed["note"].as_str().unwrap();
        assert!(note.contains("audit log"), "{what}: {note}");
        assert!(note.contains(state.path().to_str().unwrap()), "{note}");
        assert_eq!(
            fs::read_to_string(&elsewhere).unwrap(),
            "theirs\n",
            "{what}"
        );
    };
    symlink(&elsewhere, &log).unwrap();
    refused("a link");
    fs::remove_file(&log).unwrap();
    fs::hard_link(&elsewhere, &log).unwrap();
    refused("another name of a file");
    fs::remove_file(&log).unwrap();
    let fifo = nix::sys::stat::Mode::S_IRWXU;
    nix::unistd::mkfifo(&log, fifo).unwrap();
    refused("a FIFO");
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    refused("a directory");
    fs::remove_dir_all(state.path()).unwrap();
    symlink("../../elsewhere", state.path()).unwrap();
    refused("a link in the place of its directory");
    fs::remove_file(state.path()).unwrap();
    assert_eq!(entries(&server), [json!(null); 0]);
}
