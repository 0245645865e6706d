//! What sessions say, on the socket of the list.

use session_manager::hold::protocol::Told;
use wire::{Event, Numbering, Output, SessionId};

use super::*;
use crate::{
    output::held::TestHolder,
    test_claude::{ID, OTHER_ID},
};

fn say(socket: &mut TestSocket, what: &str) {
    socket.0.send(Message::text(what)).unwrap();
}

/// The next that a session says, past the news of the list.
fn output(socket: &mut TestSocket) -> Output {
    loop {
        if let Frame::Output { output } = socket.frame() {
            return output;
        }
    }
}

fn user(seq: u64) -> Event {
    Event::User {
        seq,
        at: 1,
        uuid: None,
        text: "hello".to_owned(),
    }
}

#[test]
fn a_held_session_is_followed_beside_the_list_until_it_is_left() {
    let server = Server::start();
    let holder = TestHolder::start(&server, ID);
    let (mut socket, _) = TestSocket::following(&server);
    say(
        &mut socket,
        &format!(r#"{{"type":"follow","sessionId":"{ID}","after":4}}"#),
    );
    let mut follower = holder.follower();
    assert_eq!(follower.after, 4);
    follower.events(vec![user(5)]);
    let session_id: SessionId = ID.parse().unwrap();
    let expected = Output::Events {
        session_id: session_id.clone(),
        numbering: Some(Numbering::of_log(&session_id)),
        events: vec![user(5)],
    };
    assert_eq!(output(&mut socket), expected);
    let delta = follower.delta("hel");
    assert_eq!(output(&mut socket), delta);
    follower.tell(&Told::Caught { seq: 5 });
    let caught = Output::Caught {
        numbering: Some(Numbering::of_log(&session_id)),
        session_id,
        seq: 5,
    };
    assert_eq!(output(&mut socket), caught);
    // The list goes on meanwhile.
    let session = TestSession::start();
    session.register(server.home(), r#","status":"idle""#);
    let key: wire::ProcessKey = session.key_text().parse().unwrap();
    loop {
        if let Frame::Changes { changed, .. } = socket.frame()
            && changed.iter().any(|row| row.key == key)
        {
            break;
        }
    }
    say(
        &mut socket,
        &format!(r#"{{"type":"unfollow","sessionId":"{ID}"}}"#),
    );
    // Its leaving is noticed by whoever writes.
    while follower.try_tell(&Told::Caught { seq: 5 }).is_ok() {}
    socket.is_answered();
}

#[test]
fn a_session_that_is_unknown_has_come_to_its_end() {
    let server = Server::start();
    let (mut socket, _) = TestSocket::following(&server);
    say(
        &mut socket,
        &format!(r#"{{"type":"follow","sessionId":"{OTHER_ID}"}}"#),
    );
    let Output::End { session_id, reason } = output(&mut socket) else {
        panic!("no end");
    };
    assert_eq!(session_id.as_str(), OTHER_ID);
    assert!(reason.unwrap().contains("No transcript"));
    for nonsense in [
        r#"{"type":"follow","sessionId":"../../x"}"#,
        r#"{"type":"follow"}"#,
        r#"{"type":"unfollow","sessionId":7}"#,
        "[]",
    ] {
        say(&mut socket, nonsense);
    }
    socket.is_answered();
}
