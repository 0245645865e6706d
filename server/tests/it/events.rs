//! `/events`: its format, coming back to it, and every way in which it ends.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::TcpStream,
    time::Duration,
};

use session_manager::{serve::Limits, streams::StreamLimits};
use wire::Frame;

use crate::{
    client::{Server, check, get, limits},
    test_session::TestSession,
};

/// The stream as `curl -N` prints it, without the chunks of HTTP.
struct Events {
    input: BufReader<TcpStream>,
    /// What has been taken out of chunks and not read yet.
    text: String,
}

#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    frame: Frame,
}

impl Events {
    fn open(server: &Server, headers: &str) -> Self {
        let mut connection = server.connect();
        let request = get("/events", headers).replace("PORT", &server.port.to_string());
        connection.send(&request.replace('\n', "\r\n"));
        let answer = connection.receive().unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let mut events = Self {
            input: BufReader::new(connection.0),
            text: String::new(),
        };
        assert_eq!(events.block().as_deref(), Some("retry: 2000"));
        events
    }

    /// The lines up to the next empty one; `None` after the end of the stream.
    fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                self.text = rest.to_owned();
                return Some(block);
            }
            let mut length = String::new();
            self.input.read_line(&mut length).unwrap();
            let length = usize::from_str_radix(length.trim(), 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.input.read_exact(&mut chunk).unwrap();
            chunk.truncate(length);
            self.text += &String::from_utf8(chunk).unwrap();
            if length == 0 {
                assert_eq!(self.text, "");
                return None;
            }
        }
    }

    /// The next event, past the signs of life.
    fn event(&mut self) -> Option<Event> {
        let mut block = self.block()?;
        while block == ":" {
            block = self.block()?;
        }
        let lines: Vec<_> = block
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .collect();
        let [("id", id), ("event", name), ("data", data)] = lines[..] else {
            panic!("{block}");
        };
        Some(Event {
            id: id.to_owned(),
            name: name.to_owned(),
            frame: serde_json::from_str(data).unwrap(),
        })
    }
}

impl Event {
    fn rev(&self) -> u64 {
        let (name, rev) = match &self.frame {
            Frame::Snapshot { rev, .. } => ("snapshot", *rev),
            Frame::Changes { rev, .. } => ("changes", *rev),
            Frame::Hello { .. } | Frame::Output { .. } | Frame::Screen { .. } => panic!("{self:?}"),
        };
        assert_eq!(self.name, name);
        assert!(self.id.ends_with(&format!("-{rev}")), "{self:?}");
        rev
    }

    fn epoch(&self) -> &str {
        self.id.split_once('-').unwrap().0
    }

    fn is_gone(&self, key: wire::ProcessKey) -> bool {
        matches!(&self.frame, Frame::Changes { gone, .. } if gone.contains(&key))
    }
}

fn with_streams(streams: StreamLimits) -> Limits {
    Limits {
        streams,
        ..limits()
    }
}

#[test]
fn whoever_comes_back_is_told_what_it_missed() {
    let server = Server::start();
    let mut session = TestSession::start();
    let key: wire::ProcessKey = session.key_text().parse().unwrap();
    session.register(server.home(), r#","status":"idle""#);

    let first = Events::open(&server, "").event().unwrap();
    assert_eq!(first.name, "snapshot");
    let Frame::Snapshot { sessions, .. } = &first.frame else {
        panic!("{first:?}");
    };
    assert!(sessions.iter().any(|row| row.key == key));

    // Nobody follows while it ends.
    session.child.kill().unwrap();
    session.wait();
    let mut again = Events::open(&server, &format!("Last-Event-ID: {}\n", first.id));
    let mut event = again.event().unwrap();
    while !event.is_gone(key) {
        event = again.event().unwrap();
        assert_eq!(event.name, "changes");
    }
    assert!(event.rev() > first.rev());
    assert_eq!(event.epoch(), first.epoch());
}

#[test]
fn an_unknown_state_is_no_reason_to_refuse() {
    let server = Server::start();
    let stranger = Events::open(&Server::start(), "").event().unwrap();
    let ours = Events::open(&server, "").event().unwrap();
    assert_ne!(ours.epoch(), stranger.epoch());
    let not_yet = format!("{}-{}", ours.epoch(), ours.rev() + 1_000_000);
    for id in [
        &*stranger.id,
        &not_yet,
        "",
        "x",
        "1",
        "-",
        "\u{e9}",
        &"9".repeat(4000),
    ] {
        let event = Events::open(&server, &format!("Last-Event-ID: {id}\n"))
            .event()
            .unwrap();
        assert_eq!(event.name, "snapshot", "{id}");
        event.rev();
    }
}

#[test]
fn a_quiet_stream_shows_that_it_lives_and_ends_by_itself() {
    let streams = StreamLimits {
        heartbeat: Duration::from_millis(1),
        ..Default::default()
    };
    let server = Server::with(with_streams(streams), &[]);
    let mut events = Events::open(&server, "");
    let mut beats = 0;
    while beats < 5 {
        beats += u32::from(events.block().unwrap() == ":");
    }

    let life = Duration::from_millis(100);
    let server = Server::with(with_streams(StreamLimits { life, ..streams }), &[]);
    let mut events = Events::open(&server, "");
    while events.event().is_some() {}
    // The connection is good for the next request.
    let mut connection = crate::client::Connection(events.input.into_inner());
    connection.send(&format!(
        "GET /health HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n",
        server.port
    ));
    assert_eq!(connection.receive().unwrap().status, 200);
}

#[test]
fn a_client_that_has_left_makes_room() {
    let streams = StreamLimits {
        open: 1,
        heartbeat: Duration::from_millis(1),
        ..Default::default()
    };
    let server = Server::with(with_streams(streams), &[]);
    let mut events = Events::open(&server, "");
    events.event().unwrap();
    check(&server, &get("/events", ""), 429, "too_many");
    drop(events);
    // Its leaving is noticed in writing to it.
    let tries = (0..100_000).map(|_| server.ask(&get("/events", "")).status);
    assert!(tries.into_iter().any(|status| status == 200));
}

#[test]
fn a_stream_is_not_closed_for_being_quiet() {
    let server = Server::with(
        Limits {
            connections: 2,
            ..limits()
        },
        &[],
    );
    let session = TestSession::start();
    let key: wire::ProcessKey = session.key_text().parse().unwrap();
    session.register(server.home(), r#","status":"idle""#);
    let mut events = Events::open(&server, "");
    events.event().unwrap();
    for _ in 0..10 {
        server.is_well();
    }
    drop(session);
    while !events.event().unwrap().is_gone(key) {}
}

#[test]
fn the_end_of_the_server_ends_every_stream() {
    // Reached only by a server that doesn't end by itself; the client gives up before.
    let drain = Duration::from_secs(3600);
    let mut server = Server::with(Limits { drain, ..limits() }, &[]);
    let mut events = Events::open(&server, "");
    let silent = Events::open(&server, "");
    events.event().unwrap();
    server.tell_to_end();
    while events.event().is_some() {}
    server.wait();
    drop(silent);
}
