//! A server that is killed in the middle of an action leaves its beginning.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use super::*;
use crate::client::Connection;

#[test]
fn an_action_that_its_server_did_not_survive_has_no_outcome() {
    let home = tempfile::tempdir().unwrap();
    let mut session = TestSession::stubborn();
    session.register(home.path(), "");
    let mut server = Command::new(env!("CARGO_BIN_EXE_session-manager"))
        .env_clear()
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", home.path().join("elsewhere"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
    let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let path = format!("/sessions/{}/kill", session.pid());
    let request = post_json(&path, r#"{"graceMs":60000}"#);
    let request = request.replace("PORT", &port.to_string());
    let mut connection = Connection(stream);
    connection.send(&request.replace('\n', "\r\n"));
    assert_eq!(session.line(), "TERM");
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(connection.receive().is_none());
    session.tell_to_end();
    session.wait();

    let log = AuditLog::at(StateDir::at(&home.path().join("elsewhere/session-manager")));
    let told = log.page(wire::Page::default()).unwrap().entries;
    let [entry] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(entry.verb, Verb::Kill);
    assert_eq!((&entry.outcome, entry.took_ms), (&None, None));
    assert_eq!(entry.plan.as_deref(), Some("1 process"));
    // Whoever comes next writes on.
    assert_eq!(log.note(deed(), outcome("busy")), None);
    assert_eq!(log.page(wire::Page::default()).unwrap().entries.len(), 2);
}
