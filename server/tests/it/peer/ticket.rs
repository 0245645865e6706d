//! `/ws` where nobody knows whose process connects: the server asks for a ticket before it tells anything.

use std::time::Duration;

use session_manager::{serve::Limits, streams::StreamLimits, token::TokenFile};
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};
use wire::{Auth, Frame, Said, Ticket};

use crate::{
    client::{Server, get, limits, post_json},
    test_socket::{TestSocket, handshake_without},
};

fn with_streams(streams: StreamLimits) -> Limits {
    Limits {
        streams,
        ..limits()
    }
}

/// As CloudCLI's proxy asks for the page.
fn ticket(server: &Server) -> Ticket {
    let token = TokenFile::of(server.home()).make().unwrap().hex();
    let request = post_json("/ws-ticket", "{}");
    let header = format!("\nX-Plugin-Secret-Token: {token}\n\n");
    let answer = server.ask(&request.replacen("\n\n", &header, 1));
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn auth(socket: &mut TestSocket) -> Auth {
    match socket.frame() {
        Frame::Hello { auth, version, .. } => {
            assert_eq!(version.is_empty(), auth == Auth::Ticket);
            auth
        }
        other @ (Frame::Snapshot { .. }
        | Frame::Changes { .. }
        | Frame::Output { .. }
        | Frame::Screen { .. }) => panic!("{other:?}"),
    }
}

fn open(server: &Server) -> TestSocket {
    let mut socket = TestSocket::open(server);
    assert_eq!(auth(&mut socket), Auth::Ticket);
    socket
}

fn say(socket: &mut TestSocket, ticket: &str) {
    let said = Said::Ticket {
        ticket: ticket.to_owned(),
    };
    let said = serde_json::to_string(&said).unwrap();
    socket.0.send(Message::text(said)).unwrap();
}

fn is_let_in(socket: &mut TestSocket) {
    assert!(matches!(socket.frame(), Frame::Snapshot { .. }));
}

fn is_refused(mut socket: TestSocket) {
    let close = socket.end().unwrap();
    assert_eq!(close.code, CloseCode::Policy, "{close:?}");
}

#[test]
fn a_ticket_opens_the_feed_once() {
    let server = Server::blind(limits());
    let Ticket {
        ok,
        ticket,
        expires_in_sec,
    } = ticket(&server);
    assert_eq!((ok, expires_in_sec, ticket.len()), (true, 30, 64));
    let mut socket = open(&server);
    // A sign of life is no message.
    socket.is_answered();
    say(&mut socket, &ticket);
    is_let_in(&mut socket);
    socket.is_answered();
    let mut again = open(&server);
    say(&mut again, &ticket);
    is_refused(again);
}

#[test]
fn who_says_something_else_first_is_closed() {
    let server = Server::blind(limits());
    let good = ticket(&server).ticket;
    let other = if good.starts_with('0') { "1" } else { "0" };
    let nearly = format!("{other}{}", good.get(1..).unwrap());
    let said = format!(r#"{{"type":"ticket","ticket":"{good}"}}"#);
    for said in [
        Message::text(""),
        Message::text("ticket"),
        Message::text(&good),
        Message::text(said.replace("type", "kind")),
        Message::text(said.replace(r#""type":"ticket""#, r#""type":"hello""#)),
        Message::text(r#"{"type":"ticket"}"#),
        Message::text(r#"{"type":"ticket","ticket":null}"#),
        Message::text(r#"{"type":"ticket","ticket":""}"#),
        Message::text(said.replace(&good, &nearly)),
        Message::binary(said.clone()),
    ] {
        let mut socket = open(&server);
        socket.0.send(said).unwrap();
        is_refused(socket);
    }
    // None of them has used it up.
    let mut socket = open(&server);
    say(&mut socket, &good);
    is_let_in(&mut socket);
}

#[test]
fn who_says_nothing_is_told_nothing_and_closed() {
    let streams = StreamLimits {
        ticket: Duration::from_millis(20),
        ..Default::default()
    };
    let server = Server::blind(with_streams(streams));
    is_refused(TestSocket::open(&server));
}

#[test]
fn who_waits_takes_nobody_s_place() {
    let streams = StreamLimits {
        open: 1,
        // Reached by nobody here.
        ticket: Duration::from_secs(3600),
        ..Default::default()
    };
    let mut server = Server::blind(with_streams(streams));
    let mut waiting: Vec<_> = (0..15).map(|_| open(&server)).collect();
    let (good, late) = (ticket(&server).ticket, ticket(&server).ticket);
    let mut socket = open(&server);
    let refused = TestSocket::try_open(&server).err().unwrap();
    assert_eq!(refused, (429, "too_many".to_owned()));
    say(&mut socket, &good);
    is_let_in(&mut socket);
    // The one feed that there may be is open now, whatever ticket comes.
    let mut second = waiting.pop().unwrap();
    say(&mut second, &late);
    assert_eq!(second.end().unwrap().code, CloseCode::Again);
    // The end does not wait for who is waiting.
    server.tell_to_end();
    for mut socket in waiting {
        assert_eq!(socket.end().unwrap().code, CloseCode::Away);
    }
    drop(socket);
    server.wait();
}

#[test]
fn with_the_token_in_the_opening_no_ticket_is_asked_for() {
    let server = Server::blind(limits());
    let token = TokenFile::of(server.home()).make().unwrap().hex();
    let with = |token: &str| {
        let headers = handshake_without(&[]) + &format!("Authorization: Bearer {token}\n");
        get("/ws", &headers)
    };
    let wrong = server.ask(&with("x"));
    assert_eq!(wrong.verdict(), (403, "bad_peer".to_owned()));
    let mut connection = server.connect();
    let request = with(&token).replace("PORT", &server.port.to_string());
    connection.send(&request.replace('\n', "\r\n"));
    assert_eq!(connection.receive().unwrap().status, 101);
    let mut socket = TestSocket::over(connection);
    assert_eq!(auth(&mut socket), Auth::None);
    is_let_in(&mut socket);
}

#[test]
fn a_known_caller_may_ask_for_a_ticket_and_needs_none() {
    let server = Server::start();
    let answer = server.ask(&post_json("/ws-ticket", "{}"));
    assert_eq!(answer.status, 200);
    let mut socket = TestSocket::open(&server);
    assert_eq!(auth(&mut socket), Auth::None);
    is_let_in(&mut socket);
    let row = |request: &str, status, code: &str| {
        let verdict = server.ask(request).verdict();
        assert_eq!(verdict, (status, code.to_owned()));
    };
    row(&post_json("/ws-ticket", r#"{"x":1}"#), 400, "bad_request");
    row(&get("/ws-ticket", ""), 405, "bad_method");
}

#[test]
fn the_other_checks_of_an_opening_hold_without_a_ticket_too() {
    let server = Server::blind(limits());
    let handshake = handshake_without(&[]);
    let row = |request: &str, status, code: &str| {
        let verdict = server.ask(request).verdict();
        assert_eq!(verdict, (status, code.to_owned()));
    };
    let evil = format!("{handshake}Origin: http://evil.example\n");
    row(&get("/ws", &evil), 403, "bad_origin");
    let host = format!("GET /ws HTTP/1.1\nHost: evil.example\n{handshake}\n");
    row(&host, 403, "bad_host");
    row(&get("/ws", ""), 426, "bad_request");
}
