//! Ending real processes that the tests started, through the real service.

use std::{
    os::unix::{
        fs::chown,
        process::{CommandExt as _, ExitStatusExt as _},
    },
    process::{Command, Stdio},
};

use nix::{
    sys::{
        signal::{self, Signal},
        wait::{Id, WaitPidFlag, WaitStatus, waitid},
    },
    unistd::Pid,
};
use session_manager::observe::proc::ProcReader;

use crate::{
    client::{Answer, Connection, Server, post_json},
    test_session::{TestSession, register},
};

fn request(port: u16, pid: u32, body: &str) -> String {
    format!(
        "POST /sessions/{pid}/kill HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Asks for the end of a process and does not wait for the answer.
fn ask(server: &Server, pid: u32, body: &str) -> Connection {
    let mut connection = server.connect();
    connection.send(&request(server.port, pid, body));
    connection
}

fn kill(server: &Server, pid: u32, body: &str) -> Answer {
    ask(server, pid, body).receive().unwrap()
}

/// Kills by key, and compares the outcome.
fn check(server: &Server, session: &TestSession, grace_ms: u32, outcome: &str) {
    let key = session.key_text();
    let body = format!(r#"{{"key":"{key}","graceMs":{grace_ms}}}"#);
    expect(&kill(server, session.pid(), &body), &key, outcome);
}

fn expect(answer: &Answer, key: &str, outcome: &str) {
    let killed = answer.json();
    assert_eq!(answer.status, 200, "{killed}");
    assert_eq!(killed["outcome"], outcome, "{killed}");
    assert_eq!(killed["key"], key);
    assert_eq!(killed["ok"], true);
    assert!(key.starts_with(&format!("{}:", killed["pid"])));
    assert!(killed["tookMs"].is_u64());
}

fn refuse(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.verdict(), (status, code.to_owned()), "{answer:?}");
}

/// Waits for a change of the child without reaping it.
fn await_state(session: &TestSession, flags: WaitPidFlag) -> WaitStatus {
    let pid = Pid::from_raw(session.pid().try_into().unwrap());
    waitid(Id::Pid(pid), flags | WaitPidFlag::WNOWAIT).unwrap()
}

#[test]
fn one_that_ends_on_sigterm_has_exited() {
    let server = Server::start();
    let mut session = TestSession::start();
    session.register(server.home(), "");
    check(&server, &session, 60_000, "exited");
    assert_eq!(session.wait().signal(), Some(Signal::SIGTERM as i32));
}

#[test]
fn one_that_does_not_is_killed_after_the_grace() {
    let server = Server::start();
    for grace_ms in [30, 0] {
        let mut session = TestSession::stubborn();
        session.register(server.home(), "");
        check(&server, &session, grace_ms, "killed");
        assert_eq!(session.wait().signal(), Some(Signal::SIGKILL as i32));
    }
}

#[test]
fn a_stopped_one_goes_on_to_take_its_sigterm() {
    let server = Server::start();
    let mut session = TestSession::start();
    session.register(server.home(), "");
    let pid = Pid::from_raw(session.pid().try_into().unwrap());
    signal::kill(pid, Signal::SIGSTOP).unwrap();
    await_state(&session, WaitPidFlag::WSTOPPED);
    check(&server, &session, 60_000, "exited");
    assert_eq!(session.wait().signal(), Some(Signal::SIGTERM as i32));
}

#[test]
fn without_a_key_the_present_owner_is_meant() {
    let server = Server::start();
    let mut session = TestSession::start();
    session.register(server.home(), "");
    let key = session.key_text();
    expect(&kill(&server, session.pid(), "{}"), &key, "exited");
    session.wait();
}

#[test]
fn one_that_has_ended_is_already_gone() {
    let server = Server::start();
    let mut session = TestSession::start();
    session.register(server.home(), "");
    let (pid, key) = (session.pid(), session.key_text());
    session.child.kill().unwrap();
    // Nobody has reaped it yet, so that /proc still has its entry.
    await_state(&session, WaitPidFlag::WEXITED);
    let body = format!(r#"{{"key":"{key}"}}"#);
    expect(&kill(&server, pid, &body), &key, "already_gone");
    // Nor does its entry keep its registry file from being cleaned up.
    let report = server.ask(&post_json("/sessions/cleanup", "{}")).json();
    assert_eq!(report["items"][0]["result"]["type"], "deleted", "{report}");
    assert_eq!(report["deletedSessions"], 1, "{report}");
    session.wait();
    expect(&kill(&server, pid, &body), &key, "already_gone");
    refuse(&kill(&server, pid, "{}"), 403, "not_a_session");
}

#[test]
fn the_wrong_process_gets_no_signal() {
    let server = Server::start();
    let mut session = TestSession::stubborn();
    let pid = session.pid();
    let ours = session.key_text();
    // It is no session until a registry file says so.
    refuse(&kill(&server, pid, "{}"), 403, "not_a_session");
    let body = format!(r#"{{"key":"{ours}"}}"#);
    refuse(&kill(&server, pid, &body), 403, "not_a_session");
    // An earlier owner of the pid left the file.
    let mut earlier = session.key();
    earlier.start_ticks -= 1;
    register(server.home(), earlier, "");
    refuse(&kill(&server, pid, &body), 403, "not_a_session");
    session.register(server.home(), "");
    let body = format!(r#"{{"key":"{pid}:{}"}}"#, earlier.start_ticks);
    refuse(&kill(&server, pid, &body), 409, "replaced");
    let body = format!(r#"{{"key":"{}:{}"}}"#, pid + 1, session.key().start_ticks);
    refuse(&kill(&server, pid, &body), 400, "bad_request");
    // The first line after "ready" would be "TERM".
    session.tell_to_end();
    assert_eq!(session.line(), "");
    assert_eq!(session.wait().code(), Some(0));
}

#[test]
fn one_kill_of_a_process_at_a_time() {
    let server = Server::start();
    let mut session = TestSession::stubborn();
    session.register(server.home(), "");
    let key = session.key_text();
    let body = format!(r#"{{"key":"{key}","graceMs":60000}}"#);
    let mut first = ask(&server, session.pid(), &body);
    assert_eq!(session.line(), "TERM");
    refuse(&kill(&server, session.pid(), &body), 409, "busy");
    server.is_well();
    session.tell_to_end();
    expect(&first.receive().unwrap(), &key, "exited");
    assert_eq!(session.wait().code(), Some(0));
}

#[test]
fn a_client_that_leaves_does_not_stop_a_kill_that_has_begun() {
    let server = Server::start();
    let mut session = TestSession::stubborn();
    session.register(server.home(), "");
    let client = ask(&server, session.pid(), r#"{"graceMs":50}"#);
    assert_eq!(session.line(), "TERM");
    drop(client);
    assert_eq!(session.wait().signal(), Some(Signal::SIGKILL as i32));
}

#[test]
fn the_server_does_not_end_what_carries_it() {
    let server = Server::start();
    let us = std::process::id();
    let stat = ProcReader::at("/proc").unwrap().stat(us).unwrap();
    register(server.home(), stat.key, "");
    refuse(&kill(&server, us, "{}"), 403, "protected");

    // The built program, below a shell that is a session.
    let home = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            r#""$0" & wait"#,
            env!("CARGO_BIN_EXE_session-manager"),
        ])
        .env("HOME", home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // It ends when nobody reads its standard output any more.
    let mut shell = TestSession::spawn(shell);
    let ready: serde_json::Value = serde_json::from_str(&shell.line()).unwrap();
    let port = u16::try_from(ready["port"].as_u64().unwrap()).unwrap();
    shell.register(home.path(), "");
    let stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut connection = Connection(stream);
    connection.send(&request(port, shell.pid(), "{}"));
    refuse(&connection.receive().unwrap(), 403, "protected");
    connection.send(&format!(
        "GET /sessions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    ));
    let rows = connection.receive().unwrap().json();
    let row = rows.as_array().unwrap().iter();
    let row = row.clone().find(|row| row["pid"] == shell.pid()).unwrap();
    assert_eq!(row["actions"]["kill"]["code"], "protected");
    assert!(shell.is_alive());
}

/// Root acts for the owners of the homes that it was configured with, and for nobody else.
#[test]
fn another_users_session_is_not_root_s_to_end() {
    if !rustix::process::geteuid().is_root() {
        // Only root can start a process of another user.
        return;
    }
    let (owner, group) = (54_321, 54_321);
    let server = Server::start();
    let mut sleep = Command::new("sleep");
    sleep.arg("600").uid(owner).gid(group);
    let mut session = TestSession::spawn(sleep);
    session.register(server.home(), "");
    let refusal = kill(&server, session.pid(), "{}");
    refuse(&refusal, 403, "not_yours");
    let sentence = refusal.json()["error"].as_str().unwrap().to_owned();
    assert!(sentence.contains(&owner.to_string()), "{sentence}");
    assert!(session.is_alive());
    chown(server.home(), Some(owner), Some(group)).unwrap();
    // A home whose `.claude` is somebody else's is not believed at all.
    let refusal = kill(&server, session.pid(), "{}");
    refuse(&refusal, 403, "not_a_session");
    chown(server.home().join(".claude"), Some(owner), Some(group)).unwrap();
    check(&server, &session, 60_000, "exited");
    session.wait();
}
