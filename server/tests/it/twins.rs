//! Sessions that have one conversation open, in the list and as it changes.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use serde_json::{Value, json};
use wire::{Frame, ProcessKey, Session};

use crate::{
    client::{Server, get},
    test_session::TestSession,
    test_socket::TestSocket,
};

fn begin(server: &Server, id: &str) -> TestSession {
    let session = TestSession::start();
    session.register(server.home(), &format!(r#","sessionId":"{id}""#));
    session
}

fn listed(server: &Server, session: &TestSession) -> Value {
    let rows = server.ask(&get("/sessions", "")).json();
    let rows = rows.as_array().unwrap().iter();
    let row = rows.clone().find(|row| row["key"] == session.key_text());
    row.unwrap()["twinOf"].clone()
}

/// Reads the feed until the row of `key` says so.
fn told(socket: &mut TestSocket, key: ProcessKey, says: impl Fn(&Session) -> bool) {
    loop {
        if let Frame::Changes { changed, .. } = socket.frame()
            && changed.iter().any(|row| row.key == key && says(row))
        {
            return;
        }
    }
}

#[test]
fn two_sessions_of_one_conversation_name_each_other_as_long_as_both_run() {
    let server = Server::start();
    let id = format!("{:016x}", RandomState::new().build_hasher().finish());
    let first = begin(&server, &id);
    let key: ProcessKey = first.key_text().parse().unwrap();
    let (mut socket, list) = TestSocket::following(&server);
    let row = list.iter().find(|row| row.key == key).unwrap();
    assert_eq!(row.twin_of, []);
    assert_eq!(listed(&server, &first), json!([]));
    // Nothing happens to the first one, and it is news all the same.
    let mut second = begin(&server, &id);
    let other: ProcessKey = second.key_text().parse().unwrap();
    told(&mut socket, key, |row| row.twin_of == [other]);
    assert_eq!(listed(&server, &first), json!([other]));
    assert_eq!(listed(&server, &second), json!([key]));
    let (_, list) = TestSocket::following(&server);
    let row = list.iter().find(|row| row.key == other).unwrap();
    assert_eq!(row.twin_of, [key]);
    second.child.kill().unwrap();
    second.wait();
    told(&mut socket, key, |row| row.twin_of.is_empty());
    assert_eq!(listed(&server, &first), json!([]));
    // It goes on with a conversation of its own.
    let third = begin(&server, &id);
    let other: ProcessKey = third.key_text().parse().unwrap();
    told(&mut socket, key, |row| row.twin_of == [other]);
    third.register(server.home(), r#","sessionId":"f0f00000""#);
    told(&mut socket, key, |row| row.twin_of.is_empty());
}
