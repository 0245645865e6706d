//! A session that is held, by a holder of the test's own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    sync::mpsc,
    thread,
    time::Duration,
};

use session_manager::hold::protocol::{Asked, PROTOCOL, Told};
use wire::{Delta, DeltaKind, HolderKind, Pid};

use super::*;

/// Listens as a holder does and does what the test says with whoever follows.
pub(crate) struct TestHolder {
    socket: std::path::PathBuf,
    followers: mpsc::Receiver<Follower>,
}

/// A client that follows, from this event on.
pub(crate) struct Follower {
    pub(crate) after: u64,
    stream: UnixStream,
}

impl TestHolder {
    pub(crate) fn start(server: &Server, id: &str) -> Self {
        let path = place(server, id).join("sock");
        fs::remove_file(&path).ok();
        let listener = UnixListener::bind(&path).unwrap();
        let (sender, followers) = mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                let stream = stream.unwrap();
                thread::spawn(move || greet(stream, &sender));
            }
        });
        Self {
            socket: path,
            followers,
        }
    }

    /// Is not there any more for whoever comes.
    pub(crate) fn go(&self) {
        fs::remove_file(&self.socket).ok();
    }

    pub(crate) fn follower(&self) -> Follower {
        self.followers.recv().unwrap()
    }
}

fn greet(stream: UnixStream, followers: &mpsc::Sender<Follower>) {
    let hello = Told::Hello {
        protocol: PROTOCOL,
        version: "9.9.9".to_owned(),
        kind: HolderKind::Stdio,
        pid: Pid::new(std::process::id()).unwrap(),
    };
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut follower = Follower { after: 0, stream };
    follower.tell(&hello);
    while let Some(Ok(line)) = lines.next() {
        if let Asked::Follow { after } = serde_json::from_str(&line).unwrap() {
            follower.after = after;
            followers.send(follower).ok();
            return;
        }
    }
}

impl Follower {
    pub(crate) fn tell(&mut self, told: &Told) {
        self.try_tell(told).unwrap();
    }

    pub(crate) fn try_tell(&mut self, told: &Told) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(told).unwrap();
        line.push(b'\n');
        self.stream.write_all(&line)
    }

    pub(crate) fn events(&mut self, events: Vec<Event>) {
        self.tell(&Told::Events { events });
    }

    pub(crate) fn delta(&mut self, text: &str) -> Output {
        let delta = Delta {
            kind: DeltaKind::Text,
            text: text.to_owned(),
            index: 0,
            parent: None,
        };
        self.tell(&Told::Delta {
            delta: delta.clone(),
        });
        Output::Delta {
            session_id: ID.parse().unwrap(),
            delta,
        }
    }
}

fn follow(server: &Server, after: u64, headers: &str) -> Stream {
    let path = format!("/sessions/{ID}/output?follow=1&after={after}");
    Stream::open(server, &path, headers)
}

#[test]
fn what_its_holder_says_is_passed_on_as_it_comes() {
    let server = Server::start();
    let holder = TestHolder::start(&server, ID);
    let mut stream = follow(&server, 1, "");
    let mut follower = holder.follower();
    assert_eq!(follower.after, 1);
    let mut is_told = |expected: Output, id: Option<&str>| {
        let (its, name, output) = stream.event().unwrap();
        assert_eq!((its.as_deref(), output), (id, expected), "{name}");
        name
    };
    let session_id: wire::SessionId = ID.parse().unwrap();
    let events = |events: Vec<Event>| Output::Events {
        session_id: session_id.clone(),
        numbering: Some(Numbering::of_log(&session_id)),
        events,
    };
    follower.events(users(2..=3));
    assert_eq!(is_told(events(users(2..=3)), Some("3")), "events");
    follower.tell(&Told::Caught { seq: 3 });
    assert_eq!(is_told(caught(ID, 3), None), "caught");
    for text in ["he", "llo\n\n", "\u{0}🦀"] {
        let delta = follower.delta(text);
        assert_eq!(is_told(delta, None), "delta");
    }
    // What a later version says is passed over.
    std::io::Write::write_all(&mut follower.stream, b"{\"type\":\"dream\"}\n").unwrap();
    follower.events(vec![user(4), exit(5)]);
    is_told(events(vec![user(4), exit(5)]), Some("5"));
    follower.tell(&Told::End);
    assert_eq!(is_told(end(ID, None), None), "end");
    assert!(stream.event().is_none());
}

#[test]
fn whoever_comes_back_names_what_it_saw_last() {
    let server = Server::start();
    let holder = TestHolder::start(&server, ID);
    // Who is hung up on comes back by itself.
    let mut followers = Vec::new();
    for (headers, after) in [
        ("Last-Event-ID: 7\n", 7),
        ("", 3),
        ("Last-Event-ID: ?\n", 3),
    ] {
        let _stream = follow(&server, 3, headers);
        followers.push(holder.follower());
        assert_eq!(followers.last().unwrap().after, after);
    }
}

#[test]
fn without_following_the_log_is_told_while_it_is_held() {
    let server = Server::start();
    let _log = log(&server, ID, &users(1..=4));
    let _holder = TestHolder::start(&server, ID);
    let path = format!("/sessions/{ID}/output?after=1");
    assert_eq!(lines(&server, &path), users(2..=4));
}

#[test]
fn when_the_holder_is_lost_the_rest_is_read_from_the_log() {
    let server = Server::start();
    let mut log = log(&server, ID, &users(1..=4));
    let holder = TestHolder::start(&server, ID);
    let mut stream = follow(&server, 0, "");
    let mut follower = holder.follower();
    follower.events(users(1..=2));
    follower.tell(&Told::Caught { seq: 2 });
    assert_eq!(events(stream.event().unwrap().2), users(1..=2));
    log.append(&users(5..=5)).unwrap();
    holder.go();
    drop(follower);
    let reason = "what held the session has ended without a word";
    let told: Vec<Output> = stream
        .rest()
        .into_iter()
        .map(|(_, _, output)| output)
        .collect();
    assert_eq!(told[0], caught(ID, 2));
    assert_eq!(events(told[1].clone()), users(3..=5));
    assert_eq!(told[2..], [end(ID, Some(reason))]);

    // Its end is noted soon by somebody else.
    let holder = TestHolder::start(&server, ID);
    let mut stream = follow(&server, 4, "");
    let mut follower = holder.follower();
    follower.events(users(5..=5));
    holder.go();
    drop(follower);
    thread::sleep(Duration::from_millis(200));
    log.append(&[exit(6)]).unwrap();
    let told: Vec<Output> = stream
        .rest()
        .into_iter()
        .map(|(_, _, output)| output)
        .collect();
    assert_eq!(events(told[1].clone()), [exit(6)]);
    assert_eq!(told[2..], [caught(ID, 6), end(ID, None)]);
}

#[test]
fn a_holder_that_hangs_up_is_asked_again() {
    let server = Server::start();
    let holder = TestHolder::start(&server, ID);
    let mut stream = follow(&server, 0, "");
    for seq in 1..10 {
        let mut follower = holder.follower();
        assert_eq!(follower.after, seq - 1);
        follower.events(users(seq..=seq));
        follower.tell(&Told::Caught { seq });
        assert_eq!(events(stream.event().unwrap().2), users(seq..=seq));
        if seq == 1 {
            assert_eq!(stream.event().unwrap().2, caught(ID, 1));
        }
    }
    holder.follower().tell(&Told::End);
    assert_eq!(stream.event().unwrap().2, end(ID, None));
}

#[test]
fn a_holder_that_always_hangs_up_is_given_up() {
    let server = Server::start();
    let holder = TestHolder::start(&server, ID);
    let _log = log(&server, ID, &users(1..=2));
    let mut stream = follow(&server, 0, "");
    for _ in 0..3 {
        drop(holder.follower());
    }
    assert_eq!(events(stream.event().unwrap().2), users(1..=2));
    assert_eq!(stream.event().unwrap().2, caught(ID, 2));
    assert!(matches!(stream.event().unwrap().2, Output::End { .. }));
}

#[test]
fn a_socket_that_nobody_answers_is_no_holder() {
    let server = Server::start();
    drop(log(&server, ID, &[user(1), exit(2)]));
    let path = place(&server, ID).join("sock");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let told = follow(&server, 0, "").rest();
    assert_eq!(events(told[0].2.clone()), [user(1), exit(2)]);
    assert_eq!(told.last().unwrap().2, end(ID, None));
}

#[test]
fn a_client_that_has_left_leaves_the_holder() {
    let server = Server::start();
    let holder = TestHolder::start(&server, ID);
    let stream = follow(&server, 0, "");
    let mut follower = holder.follower();
    drop(stream);
    // Noticed by whoever writes.
    let events = |seq| Told::Events {
        events: users(seq..=seq),
    };
    let mut numbers = 1..;
    while follower.try_tell(&events(numbers.next().unwrap())).is_ok() {}
    server.is_well();
}
