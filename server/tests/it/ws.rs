//! `/ws`: its opening, what it tells, and every way in which it ends.

mod follow;
mod handshake;

use std::{
    io::{Read as _, Write as _},
    time::Duration,
};

use session_manager::{serve::Limits, streams::StreamLimits};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use wire::{Auth, Frame};

use crate::{
    client::{Server, check, get, limits},
    test_session::TestSession,
    test_socket::{KEY, TestSocket, handshake_without},
};

fn with_streams(streams: StreamLimits) -> Limits {
    Limits {
        streams,
        ..limits()
    }
}

/// A client's frame as it goes over the wire, with a mask that changes nothing.
fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![head];
    match u16::try_from(payload.len()).unwrap_or(u16::MAX) {
        short @ 0..126 => frame.push(0x80 | u8::try_from(short).unwrap()),
        long => {
            frame.push(0x80 | 126);
            frame.extend(long.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[test]
fn the_server_speaks_first_and_then_tells_what_is_new() {
    let server = Server::start();
    let mut session = TestSession::start();
    let key: wire::ProcessKey = session.key_text().parse().unwrap();
    session.register(server.home(), r#","status":"idle""#);

    let mut socket = TestSocket::open(&server);
    let Frame::Hello {
        protocol,
        auth,
        version,
    } = socket.frame()
    else {
        panic!("no hello");
    };
    assert_eq!((protocol, auth), (Frame::PROTOCOL, Auth::None));
    assert_eq!(version, env!("CARGO_PKG_VERSION"));
    let Frame::Snapshot { rev, sessions, .. } = socket.frame() else {
        panic!("no snapshot");
    };
    let row = sessions.iter().find(|row| row.key == key).unwrap();
    assert_eq!(row.state, wire::State::Idle);

    // Other processes of this machine may be told of in between.
    let mut last = rev;
    let mut next = || {
        let Frame::Changes {
            rev, changed, gone, ..
        } = socket.frame()
        else {
            panic!("not only what is new");
        };
        assert!(rev > last, "{rev} after {last}");
        last = rev;
        (changed, gone)
    };
    session.register(server.home(), r#","status":"busy""#);
    loop {
        let (changed, gone) = next();
        assert!(!gone.contains(&key));
        match changed.into_iter().find(|row| row.key == key) {
            Some(row) if row.state == wire::State::Working => break,
            Some(_) | None => {}
        }
    }
    session.child.kill().unwrap();
    session.wait();
    while !next().1.contains(&key) {}
}

#[test]
fn what_a_client_says_is_borne_up_to_64_kb() {
    let server = Server::start();
    let mut socket = TestSocket::open(&server);
    socket.0.send(Message::text("nobody listens")).unwrap();
    socket.0.send(Message::binary(vec![0; 65_536])).unwrap();
    socket.is_answered();
    // A message in parts, with a ping between them, each byte for itself.
    let parts = [
        masked(0x01, b"in "),
        masked(0x89, b"!"),
        masked(0x00, b"three "),
        masked(0x80, b"parts"),
    ];
    for byte in parts.concat() {
        socket.0.get_mut().write_all(&[byte]).unwrap();
    }
    assert_eq!(socket.pong(), "!");
    socket.is_answered();
    socket.0.send(Message::binary(vec![0; 65_537])).unwrap();
    assert_eq!(socket.end().map(|close| close.code), Some(CloseCode::Size));
    server.is_well();
}

#[test]
fn a_client_ends_it_in_order_or_by_leaving() {
    let server = Server::with(
        with_streams(StreamLimits {
            open: 1,
            ..Default::default()
        }),
        &[],
    );
    let close = CloseFrame {
        code: CloseCode::Normal,
        reason: "enough".into(),
    };
    for _ in 0..3 {
        let (mut socket, _) = TestSocket::following(&server);
        socket.0.close(Some(close.clone())).unwrap();
        assert_eq!(socket.end(), Some(close.clone()));
    }
    // Whoever closes its sending half only has left as well: a WebSocket ends from both sides at once.
    let (mut socket, _) = TestSocket::following(&server);
    socket
        .0
        .get_ref()
        .shutdown(std::net::Shutdown::Write)
        .unwrap();
    let mut rest = Vec::new();
    socket.0.get_mut().read_to_end(&mut rest).unwrap();
    TestSocket::following(&server);
}

#[test]
fn so_many_feeds_and_no_more() {
    let server = Server::start();
    let most = StreamLimits::default().open;
    let mut open: Vec<_> = (0..most).map(|_| TestSocket::open(&server)).collect();
    let refused = || TestSocket::try_open(&server).err();
    assert_eq!(refused(), Some((429, "too_many".to_owned())));
    let answer = check(&server, &get("/events", ""), 429, "too_many");
    assert!(answer.body.contains(&most.to_string()), "{}", answer.body);
    let mut left = open.pop().unwrap();
    left.0.close(None).unwrap();
    left.end();
    open.push(TestSocket::open(&server));
    assert_eq!(refused(), Some((429, "too_many".to_owned())));
    for socket in &mut open {
        socket.is_answered();
    }
}

#[test]
fn a_feed_is_not_closed_for_being_quiet() {
    let server = Server::with(
        Limits {
            connections: 2,
            ..limits()
        },
        &[],
    );
    let (mut socket, _) = TestSocket::following(&server);
    for _ in 0..10 {
        server.is_well();
    }
    socket.is_answered();
}

#[test]
fn a_client_that_answers_pings_stays_and_one_that_does_not_goes() {
    let streams = StreamLimits {
        ping: Duration::from_millis(20),
        silence: Duration::from_secs(3600),
        ..Default::default()
    };
    let server = Server::with(with_streams(streams), &[]);
    let mut socket = TestSocket::open(&server);
    let mut pings = 0;
    while pings < 5 {
        // Reading also answers.
        pings += u32::from(matches!(socket.0.read().unwrap(), Message::Ping(_)));
    }
    socket.is_answered();

    let silence = Duration::from_millis(100);
    let server = Server::with(with_streams(StreamLimits { silence, ..streams }), &[]);
    let mut silent = TestSocket::open(&server);
    let mut told = Vec::new();
    silent.0.get_mut().read_to_end(&mut told).unwrap();
    let reason = b"no answer to a ping";
    assert!(told.ends_with(reason), "{}", String::from_utf8_lossy(&told));
}

#[test]
fn the_end_of_the_server_closes_every_feed() {
    // Reached only by a server that doesn't end by itself; the client gives up before.
    let drain = Duration::from_secs(3600);
    let mut server = Server::with(Limits { drain, ..limits() }, &[]);
    let (mut socket, _) = TestSocket::following(&server);
    let (mut other, _) = TestSocket::following(&server);
    let silent = TestSocket::open(&server);
    server.tell_to_end();
    for socket in [&mut socket, &mut other] {
        assert_eq!(socket.end().map(|close| close.code), Some(CloseCode::Away));
    }
    server.wait();
    drop(silent);
}
