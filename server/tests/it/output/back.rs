//! What was said before an event, a part at a time.

use super::*;
use crate::test_claude::{CAPTURED, gzip};
use session_manager::event_log::Limits;

/// All of it, read from the end on in parts of so many.
fn backwards(server: &Server, list: &str, limit: usize) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    loop {
        let before = match all.first() {
            Some(first) => format!("&before={}", first.seq()),
            None => String::new(),
        };
        let path = format!("/sessions/{ID}/output?limit={limit}{before}");
        let part = lines(server, &path);
        // The page reads the same, as one document.
        let soft = server.ask(&get(&format!("{path}&soft=1"), "")).json();
        assert_eq!(soft["events"], serde_json::to_value(&part).unwrap());
        assert_eq!(soft["numbering"], format!("{list}:{ID}"));
        assert!(part.len() <= limit, "{}", part.len());
        if part.is_empty() {
            return all;
        }
        all.splice(0..0, part);
    }
}

#[test]
fn a_log_is_read_from_its_end_on() {
    let server = Server::start();
    let all: Vec<Event> = (1..=500).map(user).collect();
    let dir = Directory::root(&place(&server, ID)).unwrap();
    let limits = Limits {
        segment: 2_000,
        ..Limits::default()
    };
    let mut log = EventLog::with_limits(dir, limits).unwrap();
    assert_eq!(log.append(&all).unwrap(), all.len());
    for limit in [9, 499, 500, 1000] {
        assert_eq!(backwards(&server, "log", limit), all, "{limit}");
    }
    let path = format!("/sessions/{ID}/output");
    assert_eq!(lines(&server, &format!("{path}?limit=3")), all[497..]);
    assert_eq!(lines(&server, &format!("{path}?before=1")), []);
    assert_eq!(
        lines(&server, &format!("{path}?before=9999&limit=1")),
        all[499..]
    );
    for query in [
        "before=x",
        "limit=0",
        "limit=1001",
        "before=3&after=1",
        "limit=2&follow=1",
    ] {
        check(
            &server,
            &get(&format!("{path}?{query}"), ""),
            400,
            "bad_request",
        );
    }
}

#[test]
fn events_that_are_long_come_in_parts_that_are_not() {
    let server = Server::start();
    let all: Vec<Event> = (1..=30)
        .map(|seq| Event::User {
            seq,
            at: 1,
            uuid: None,
            text: "x".repeat(100_000),
        })
        .collect();
    drop(log(&server, ID, &all));
    let path = format!("/sessions/{ID}/output?limit=1000");
    let newest = lines(&server, &path);
    assert_eq!(newest, all[all.len() - newest.len()..]);
    assert!(newest.len() < 10, "{}", newest.len());
    assert_eq!(backwards(&server, "log", 1000), all);
}

#[test]
fn a_transcript_is_read_from_its_end_on() {
    let server = Server::start();
    let path = write_transcript(&server, ID, CAPTURED);
    let all = lines(&server, &format!("/sessions/{ID}/output"));
    assert!(all.len() > 3);
    for limit in [7, 1000] {
        assert_eq!(
            seqs(&backwards(&server, "transcript", limit)),
            seqs(&all),
            "{limit}"
        );
    }
    // What says nothing is long, and the rest begins behind it.
    let mut long = CAPTURED.to_vec();
    for _ in 0..30 {
        let nothing = format!("{{\"type\":\"mode\",\"x\":\"{}\"}}\n", "y".repeat(50_000));
        long.extend_from_slice(nothing.as_bytes());
    }
    long.extend_from_slice(CAPTURED);
    fs::write(&path, &long).unwrap();
    let all = lines(&server, &format!("/sessions/{ID}/output"));
    for limit in [7, 1000] {
        assert_eq!(
            seqs(&backwards(&server, "transcript", limit)),
            seqs(&all),
            "{limit}"
        );
    }
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("jsonl.gz"), gzip(&long)).unwrap();
    assert_eq!(seqs(&backwards(&server, "transcript", 30)), seqs(&all));
}
