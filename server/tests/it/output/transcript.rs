//! A session that we do not hold: its transcript tells.

use std::{io::Write as _, time::Duration};

use super::*;
use crate::{
    client::limits,
    test_claude::{CAPTURED, gzip},
    test_session::TestSession,
};
use wire::NoteCode;

const QUEUE: &[u8] = include_bytes!("../../../core/testdata/stream/2.1.329/queue.transcript.jsonl");
const TURNS: &[u8] = include_bytes!("../../../core/testdata/stream/2.1.329/turns.transcript.jsonl");
const COMPACTED: &[u8] = include_bytes!("../../../core/testdata/transcripts/compacted.jsonl");
const SUBAGENT: &[u8] =
    include_bytes!("../../../core/testdata/stream/2.1.197/subagent.transcript.jsonl");

fn path(query: &str) -> String {
    format!("/sessions/{ID}/output{query}")
}

fn prompt(text: &str) -> String {
    let line = serde_json::json!({
        "type": "user",
        "message": { "role": "user", "content": text },
        "uuid": "u",
        "timestamp": "2026-11-21T13:43:06.571Z",
    });
    format!("{line}\n")
}

fn texts(events: &[Event]) -> Vec<&str> {
    let text = |event| {
        if let &Event::User { ref text, .. } | &Event::Note { ref text, .. } = event {
            Some(text.as_str())
        } else {
            None
        }
    };
    events.iter().filter_map(text).collect()
}

#[test]
fn real_transcripts_are_told_from_any_event_on() {
    let server = Server::start();
    for content in [CAPTURED, QUEUE, TURNS, COMPACTED, SUBAGENT] {
        write_transcript(&server, ID, content);
        let all = lines(&server, &path(""));
        assert!(all.len() > 2, "{all:?}");
        assert!(seqs(&all).is_sorted_by(|a, b| a < b));
        let at = |event: &Event| serde_json::to_value(event).unwrap()["at"].as_u64().unwrap();
        assert!(all.iter().all(|event| at(event) > 1_600_000_000_000));
        for (number, event) in (1..).zip(&all) {
            let rest = lines(&server, &path(&format!("?after={}", event.seq())));
            assert_eq!(rest, all[number..]);
        }
        // Between two events, and behind the last one.
        let between = path(&format!("?after={}", all[0].seq() + 1));
        assert_eq!(lines(&server, &between), all[1..]);
        assert_eq!(lines(&server, &path(&format!("?after={}", u64::MAX))), []);
        // Claude Code does not see an archive, and it says the same.
        let plain = write_transcript(&server, ID, content);
        fs::write(plain.with_extension("jsonl.gz"), gzip(content)).unwrap();
        fs::remove_file(plain).unwrap();
        assert_eq!(lines(&server, &path("")), all);
        let after = path(&format!("?after={}", all[1].seq()));
        assert_eq!(lines(&server, &after), all[2..]);
        let told = Stream::open(&server, &path("?follow=1"), "").rest();
        assert_eq!(
            told.last().unwrap().2,
            end(ID, Some("the session does not run"))
        );
    }
}

#[test]
fn a_conversation_is_told_in_its_order() {
    let server = Server::start();
    write_transcript(&server, ID, QUEUE);
    let kinds: Vec<String> = lines(&server, &path(""))
        .iter()
        .map(|event| match event {
            Event::User { text, .. } => format!("user {text}"),
            Event::Assistant { text, .. } => format!("assistant {text}"),
            Event::Tool { name, input, .. } => format!("tool {name} {input}"),
            Event::ToolResult { text, is_error, .. } => format!("result {is_error} {text}"),
            other @ (Event::Status { .. }
            | Event::Approval { .. }
            | Event::Decision { .. }
            | Event::Usage { .. }
            | Event::Note { .. }
            | Event::Exit { .. }) => format!("{other:?}"),
        })
        .collect();
    expect_test::expect_file!["transcript/queue.txt"].assert_eq(&(kinds.join("\n") + "\n"));
}

#[test]
fn a_session_is_followed_while_its_process_writes() {
    let server = Server::start();
    let mut session = TestSession::start();
    session.register(server.home(), &format!(r#","sessionId":"{ID}""#));
    // There is no transcript before the first prompt.
    let mut stream = Stream::open(&server, &path("?follow=1"), "");
    let session_id: wire::SessionId = ID.parse().unwrap();
    let caught = Output::Caught {
        numbering: Some(Numbering::of_transcript(&session_id)),
        session_id,
        seq: 0,
    };
    assert_eq!(stream.event().unwrap().2, caught);
    let mut by_pid = {
        let path = format!("/sessions/{}/output?follow=1", session.pid());
        Stream::open(&server, &path, "")
    };
    assert_eq!(by_pid.event().unwrap().2, caught);
    let transcript = write_transcript(&server, ID, prompt("one").as_bytes());
    let mut next = |expected: &[&str]| {
        for stream in [&mut stream, &mut by_pid] {
            let (id, _, output) = stream.event().unwrap();
            let events = events(output);
            assert_eq!(texts(&events), expected);
            assert_eq!(id, events.last().map(|event| event.seq().to_string()));
        }
    };
    next(&["one"]);
    let mut file = fs::File::options().append(true).open(transcript).unwrap();
    file.write_all((prompt("two") + &prompt("three")).as_bytes())
        .unwrap();
    next(&["two", "three"]);
    // Half a line says nothing.
    let four = prompt("four");
    let (half, rest) = four.split_at(20);
    file.write_all(half.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    file.write_all(rest.as_bytes()).unwrap();
    next(&["four"]);
    // What is written last is told, although the process is gone.
    session.child.kill().unwrap();
    file.write_all(prompt("five").trim_end().as_bytes())
        .unwrap();
    session.wait();
    next(&["five"]);
    for stream in [&mut stream, &mut by_pid] {
        let told = stream.rest();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].2, end(ID, Some("the process has ended")));
    }
}

#[test]
fn of_a_long_one_that_is_followed_only_the_end_is_told() {
    let server = Server::start();
    let line = prompt(&"x".repeat(1000));
    let long = line.repeat(3_000) + &prompt("last");
    write_transcript(&server, ID, long.as_bytes());
    let told = Stream::open(&server, &path("?follow=1"), "").rest();
    let told = told.into_iter().filter(|(_, name, _)| name == "events");
    let told: Vec<Event> = told.flat_map(|(_, _, output)| events(output)).collect();
    let Event::Note {
        seq,
        code: NoteCode::Incomplete,
        ..
    } = told[0]
    else {
        panic!("{:?}", told[0]);
    };
    assert_eq!(seq % line.len() as u64, 0);
    let all = lines(&server, &path(""));
    assert_eq!(all.len(), 3_001);
    let kept = told.len() - 1;
    assert!((900..1_000).contains(&kept), "{kept}");
    assert!(told[1..] == all[all.len() - kept..]);
    // Who says where to begin is told all of it.
    let after = Stream::open(&server, &path("?follow=1&after=1"), "").rest();
    let after = after.into_iter().filter(|(_, name, _)| name == "events");
    assert!(
        after
            .flat_map(|(_, _, output)| events(output))
            .eq(all[1..].iter().cloned())
    );
}

#[test]
fn what_is_too_long_or_damaged_is_told_or_passed_over() {
    let server = Server::start();
    let too_long = prompt(&"y".repeat(9 << 20));
    let long = prompt(&"z".repeat(2 << 20));
    let content = [
        &*prompt("one"),
        "\0\0\0\n\n[1,2]\nnonsense\n",
        &too_long,
        &prompt("two"),
        &long,
        r#"{"type":"user","mess"#,
    ];
    write_transcript(&server, ID, content.concat().as_bytes());
    let all = lines(&server, &path(""));
    assert!(seqs(&all).is_sorted_by(|a, b| a < b));
    let texts = texts(&all);
    let [one, note, two, cut] = texts[..] else {
        panic!("{} texts", texts.len());
    };
    assert_eq!((one, two), ("one", "two"));
    assert_eq!(note, "A line of the transcript is too long to be shown.");
    assert!(cut.ends_with(&format!("[cut: {} bytes in all]", 2 << 20)) && cut.len() < 1 << 20);
    let rest = lines(&server, &path(&format!("?after={}", all[0].seq())));
    assert_eq!(rest, all[1..]);
    let rest = lines(&server, &path(&format!("?after={}", all[1].seq())));
    assert_eq!(rest, all[2..]);
}

#[test]
fn one_that_becomes_shorter_can_not_be_read_on() {
    let server = Server::with(limits(), &[]);
    let session = TestSession::start();
    session.register(server.home(), &format!(r#","sessionId":"{ID}""#));
    write_transcript(&server, ID, prompt("one").repeat(3).as_bytes());
    let mut stream = Stream::open(&server, &path("?follow=1"), "");
    assert_eq!(events(stream.event().unwrap().2).len(), 3);
    write_transcript(&server, ID, prompt("one").as_bytes());
    let told = stream.rest();
    let last = &told.last().unwrap().2;
    assert_eq!(*last, end(ID, Some("the transcript can't be read on")));
}

#[test]
fn what_was_held_once_and_runs_elsewhere_is_told_by_its_transcript() {
    let server = Server::start();
    drop(log(&server, ID, &[user(1), exit(2)]));
    write_transcript(&server, ID, prompt("elsewhere").as_bytes());
    assert_eq!(lines(&server, &path("")).len(), 2);
    let session = TestSession::start();
    session.register(server.home(), &format!(r#","sessionId":"{ID}""#));
    assert_eq!(texts(&lines(&server, &path(""))), ["elsewhere"]);
}
