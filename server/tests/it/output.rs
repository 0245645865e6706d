//! `/sessions/:id/output`: where the events of a session come from, both formats, and every way in which they end.

mod back;
mod crowd;
pub(crate) mod held;
pub(crate) mod stream;
mod transcript;

use std::fs;

use session_manager::{beneath::Directory, event_log::EventLog};
use wire::{Event, Numbering, Output};

use crate::{
    client::{Answer, Server, check, get},
    output::stream::Stream,
    test_claude::{ID, OTHER_ID, PROJECT},
};

fn user(seq: u64) -> Event {
    Event::User {
        seq,
        at: 1000 + seq,
        uuid: None,
        text: format!("line\n{seq}"),
    }
}

fn users(numbers: impl IntoIterator<Item = u64>) -> Vec<Event> {
    numbers.into_iter().map(user).collect()
}

fn exit(seq: u64) -> Event {
    Event::Exit {
        seq,
        at: 9,
        code: Some(0),
        signal: None,
        cancelled: false,
        stderr: String::new(),
    }
}

/// The directory of a session that is or was held.
fn place(server: &Server, id: &str) -> std::path::PathBuf {
    let state = server.home().join(".local/state/session-manager");
    let dir = state.join("held").join(id);
    fs::create_dir_all(&dir).unwrap();
    dir
}

fn log(server: &Server, id: &str, events: &[Event]) -> EventLog {
    let dir = Directory::root(&place(server, id)).unwrap();
    let mut log = EventLog::open(dir).unwrap();
    assert_eq!(log.append(events).unwrap(), events.len());
    log
}

fn write_transcript(server: &Server, id: &str, content: &[u8]) -> std::path::PathBuf {
    let project = server.home().join(".claude/projects").join(PROJECT);
    fs::create_dir_all(&project).unwrap();
    let path = project.join(format!("{id}.jsonl"));
    fs::write(&path, content).unwrap();
    path
}

/// The lines of an answer that is no stream to follow.
fn lines(server: &Server, path: &str) -> Vec<Event> {
    let mut stream = Stream::open(server, path, "");
    assert_eq!(stream.content_type, "application/x-ndjson");
    let text = stream.text();
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn events(output: Output) -> Vec<Event> {
    match output {
        Output::Events { events, .. } => events,
        other @ (Output::Delta { .. } | Output::Caught { .. } | Output::End { .. }) => {
            panic!("{other:?}")
        }
    }
}

fn seqs(events: &[Event]) -> Vec<u64> {
    events.iter().map(Event::seq).collect()
}

fn caught(id: &str, seq: u64) -> Output {
    let session_id = id.parse().unwrap();
    Output::Caught {
        numbering: Some(Numbering::of_log(&session_id)),
        session_id,
        seq,
    }
}

fn end(id: &str, reason: Option<&str>) -> Output {
    Output::End {
        session_id: id.parse().unwrap(),
        reason: reason.map(str::to_owned),
    }
}

#[test]
fn a_session_that_nobody_knows_has_no_output() {
    let server = Server::start();
    let ask = |path: &str, status, code| -> Answer { check(&server, &get(path, ""), status, code) };
    for query in ["", "?follow=1", "?after=7"] {
        let path = format!("/sessions/{OTHER_ID}/output{query}");
        ask(&path, 404, "no_conversation");
        // Of a process that is none.
        ask(
            &format!("/sessions/4194303/output{query}"),
            404,
            "no_session",
        );
    }
    ask(
        &format!("/sessions/{OTHER_ID}/output?follow=2"),
        400,
        "bad_request",
    );
    let soft = ask(
        &format!("/sessions/{OTHER_ID}/output?soft=1"),
        200,
        "no_conversation",
    );
    assert_eq!(soft.header("content-type"), Some("application/json"));
}

#[test]
fn what_was_held_is_read_from_its_log() {
    let server = Server::start();
    let mut all = users(1..=5);
    all.push(exit(6));
    drop(log(&server, ID, &all));
    let path = format!("/sessions/{ID}/output");
    assert_eq!(lines(&server, &path), all);
    assert_eq!(lines(&server, &format!("{path}?after=4")), all[4..]);
    assert_eq!(lines(&server, &format!("{path}?after=6")), []);
    // Of a log no header tells where to begin: it is all there.
    let mut stream = Stream::open(&server, &path, "Last-Event-ID: 4\n");
    assert_eq!(stream.text().lines().count(), 6);

    let follow = |after: u64, headers: &str| {
        let path = format!("{path}?follow=1&after={after}");
        let mut stream = Stream::open(&server, &path, headers);
        assert_eq!(stream.content_type, "text/event-stream");
        stream.rest()
    };
    let told = follow(2, "");
    let [(id, name, first), ending @ ..] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!((id.as_deref(), name.as_str()), (Some("6"), "events"));
    assert_eq!(events(first.clone()), all[2..]);
    let ending: Vec<_> = ending
        .iter()
        .map(|(id, _, output)| (id.clone(), output.clone()))
        .collect();
    let expected = [(None, caught(ID, 6)), (None, end(ID, None))];
    assert_eq!(ending, expected);
    // Whoever comes back goes on where it was.
    for (headers, expected) in [
        ("Last-Event-ID: 5\n", &all[5..]),
        ("Last-Event-ID: 0\n", &all[..]),
        ("Last-Event-ID: x\n", &all[2..]),
        ("Last-Event-ID: -5\n", &all[2..]),
    ] {
        assert_eq!(events(follow(2, headers)[0].2.clone()), expected);
    }
    let nothing: Vec<_> = follow(6, "").into_iter().map(|(_, name, _)| name).collect();
    assert_eq!(nothing, ["caught", "end"]);
}

#[test]
fn whoever_follows_a_log_without_an_end_is_told_that_the_holder_was_lost() {
    // Also who has had all that there is.
    for after in [0, 2, 3] {
        let server = Server::start();
        drop(log(&server, ID, &users(1..=3)));
        let path = format!("/sessions/{ID}/output?follow=1&after={after}");
        let told = Stream::open(&server, &path, "").rest();
        assert_eq!(told.last().unwrap().2, end(ID, None), "{after}");
        let events: Vec<Event> = told
            .into_iter()
            .filter(|(_, name, _)| name == "events")
            .flat_map(|(_, _, output)| events(output))
            .collect();
        assert_eq!(seqs(&events), Vec::from_iter(after + 1..=5));
        let [.., Event::Note { code, .. }, Event::Exit { .. }] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(*code, wire::NoteCode::HolderLost);
        // For everybody.
        let path = format!("/sessions/{ID}/output?after=3");
        assert_eq!(seqs(&lines(&server, &path)), [4, 5]);
    }
}

#[test]
fn a_log_whose_end_can_not_be_written_ends_all_the_same() {
    let server = Server::start();
    // Somebody else writes to it.
    let _log = log(&server, ID, &users(1..=3));
    let path = format!("/sessions/{ID}/output?follow=1");
    let told = Stream::open(&server, &path, "").rest();
    let reason = "what held the session has ended without a word";
    assert_eq!(told.last().unwrap().2, end(ID, Some(reason)));
}

#[test]
fn a_log_that_can_not_be_read_says_so_once() {
    let server = Server::start();
    drop(log(&server, ID, &users(1..=3)));
    let log = place(&server, ID).join("log");
    // The next part of it is no file.
    fs::create_dir(log.join("00000000000000000004.jsonl")).unwrap();
    let path = format!("/sessions/{ID}/output");
    let told = lines(&server, &path);
    assert_eq!(seqs(&told), [1, 2, 3, 4]);
    assert!(matches!(told[3], Event::Note { .. }));
    let told = Stream::open(&server, &format!("{path}?follow=1"), "").rest();
    let reason = "the event log can't be read";
    assert_eq!(told.last().unwrap().2, end(ID, Some(reason)));
}

#[test]
fn a_long_log_is_sent_piece_by_piece() {
    let server = Server::start();
    let text = "x".repeat(10_000);
    let all: Vec<Event> = (1..=2_000)
        .map(|seq| Event::User {
            seq,
            at: 1,
            uuid: None,
            text: text.clone(),
        })
        .chain([exit(2_001)])
        .collect();
    drop(log(&server, ID, &all));
    let path = format!("/sessions/{ID}/output");
    assert!(lines(&server, &path) == all);
    let told = Stream::open(&server, &format!("{path}?follow=1"), "").rest();
    let parts = told.len() - 2;
    assert!(parts > 50, "{parts}");
    let told = told.into_iter().take(parts);
    assert!(told.flat_map(|(_, _, output)| events(output)).eq(all));
}
