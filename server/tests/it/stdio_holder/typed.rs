//! What is typed in a session's terminal over HTTP: how often it may be, and what the audit log has of it.

use std::{
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::*;
use crate::{
    client::{Answer, Server, post_json},
    test_program::TestProgram,
};

const ID: &str = "5ca1ab1e-0000-4000-8000-000000000001";

/// Longer than anything here takes: a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for(what: &str, is_so: &dyn Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        sleep(Duration::from_millis(50));
    }
}

/// Holds a terminal in which somebody listens.
fn hold_terminal(home: &Path) -> TestHolder {
    let listens = "stty -echo; while IFS= read -r line; do echo told; done";
    let spec = Spec {
        kind: HolderKind::Pty,
        ..spec(home, ID, &["/bin/sh", "-c", listens])
    };
    let (_, holder) = test_holder::lives(test_holder::begin(&spec));
    TestHolder {
        id: spec.session_id,
        _holder: holder,
        heard: PathBuf::new(),
    }
}

#[test]
fn what_is_typed_in_one_go_is_noted_once_and_never_what_it_was() {
    let home = tempfile::tempdir().unwrap();
    let _holder = hold_terminal(home.path());
    let server = TestProgram::start(home.path());
    let ask = |method: &str, path: &str, body: &str| -> Answer {
        let mut connection = server.connect();
        let host = format!("127.0.0.1:{}", server.port);
        connection.send(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        connection.receive().unwrap()
    };
    wait_for("its holder is found", &|| {
        ask("GET", &format!("/sessions/{ID}/screen"), "").status == 200
    });
    let press = |body: &str| {
        let answer = ask("POST", &format!("/sessions/{ID}/keys"), body);
        assert_eq!(answer.status, 200, "{answer:?}");
    };
    let entries = || -> Vec<Value> {
        let audit = ask("GET", "/audit", "").json();
        let entries = audit["entries"].as_array().unwrap().iter();
        let typed = entries.filter(|one| one["verb"] == "keys");
        typed.cloned().collect()
    };
    for key in "hunter2".chars() {
        press(&format!(r#"{{"keys":["{key}"]}}"#));
    }
    press(r#"{"text":"correct horse","keys":["enter"]}"#);
    assert_eq!(entries().len(), 1);
    assert_eq!(entries()[0]["target"]["sessionId"], ID);
    wait_for("it is noted how much it was", &|| {
        entries()[0]["outcome"] == "typed"
    });
    assert_eq!(entries()[0]["detail"], "8 keys, text");
    // What is typed later is another entry.
    press(r#"{"keys":["x"]}"#);
    assert_eq!(entries().len(), 2);
    let log = fs::read_to_string(state(home.path()).join("audit.jsonl")).unwrap();
    for word in ["horse", "hunter", "enter"] {
        assert!(!log.contains(word), "{log}");
    }
}

#[test]
fn more_than_anybody_types_is_refused_until_it_is_less() {
    let server = Server::start();
    let path = format!("/sessions/{ID}/keys");
    let many = serde_json::json!({ "keys": vec!["x"; 1000] }).to_string();
    // The first pass as a whole, whoever is there to hear them; what is missing is a debt.
    assert_ne!(server.ask(&post_json(&path, &many)).status, 429);
    let answer = server.ask(&post_json(&path, r#"{"keys":["x"]}"#));
    assert_eq!(answer.verdict(), (429, "too_many".to_owned()));
    assert!(answer.header("retry-after").is_some());
    // What is pasted is an action like others.
    assert_ne!(
        server.ask(&post_json(&path, r#"{"text":"x"}"#)).verdict().1,
        "too_many"
    );
}
