//! The clients of the race: they decide, hang up, drive and follow, and read what was noted.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use wire::{AuditEntry, DecisionOutcome, Event, Output};

use super::{AT_ONCE, TURNS, Won, command, name_of, scattered, text, until};
use crate::{
    client::{Answer, get, post_json},
    output::stream::Stream,
    test_program::TestProgram,
};

pub(super) fn ask(server: &TestProgram, request: &str) -> Answer {
    let mut connection = server.connect();
    let request = request.replace("PORT", &server.port.to_string());
    connection.send(&request.replace('\n', "\r\n"));
    connection.receive().unwrap()
}

pub(super) fn post(server: &TestProgram, path: &str, body: &Value) -> Answer {
    ask(server, &post_json(path, &body.to_string()))
}

pub(super) fn open(server: &TestProgram) -> Vec<Value> {
    let listed = ask(server, &get("/approvals", "")).json();
    listed["approvals"].as_array().unwrap().clone()
}

/// Decides whatever is open, one way or the other, again and again.
pub(super) fn decide(server: &TestProgram, who: u64, is_over: &AtomicBool, won: &Won) {
    let mut tries = 0;
    while !is_over.load(Ordering::Relaxed) {
        let mut open = open(server);
        open.sort_by_key(|asked| scattered(asked["at"].as_u64().unwrap() + tries, who));
        for asked in open {
            tries += 1;
            let (session, request) = (text(&asked["sessionId"]), text(&asked["id"]));
            assert_eq!(
                asked["input"]["command"],
                command(name_of(&session), &request)
            );
            let decision = match scattered(tries, who) % 2 {
                0 => DecisionOutcome::Allow,
                _ => DecisionOutcome::Deny,
            };
            let reason = format!("{who} says no to {request} of {session}");
            let body = json!({ "sessionId": session, "decision": decision, "reason": reason });
            let path = format!("/approvals/{request}");
            let answer = post(server, &path, &body);
            match answer.verdict() {
                (200, _) => {
                    let outcome = serde_json::from_value(answer.json()["outcome"].clone());
                    let mut won = won.lock().unwrap();
                    let wins = won.entry((session, request)).or_default();
                    wins.push((reason, outcome.unwrap()));
                }
                (409, code) if code == "decided" || code == "ended" || code == "not_held" => {}
                (404, code) if code == "no_approval" => {}
                other => panic!("{other:?}: {}", answer.body),
            }
            thread::sleep(Duration::from_millis(scattered(tries, who + 7) % 8));
        }
    }
}

/// Denies what is open, and never hears what came of it: the connection breaks first, and it comes back.
pub(super) fn hang_up(server: &TestProgram, is_over: &AtomicBool) {
    let mut tries = 0;
    while !is_over.load(Ordering::Relaxed) {
        for asked in open(server) {
            let (session, request) = (text(&asked["sessionId"]), text(&asked["id"]));
            let reason = format!("nobody says no to {request} of {session}");
            let body = json!({ "sessionId": session, "decision": "deny", "reason": reason });
            let said = post_json(&format!("/approvals/{request}"), &body.to_string());
            let said = said.replace("PORT", &server.port.to_string());
            // Others are to have their turn as well.
            thread::sleep(Duration::from_millis(50));
            for _ in 0..2 {
                tries += 1;
                let mut connection = server.connect();
                connection.send(&said.replace('\n', "\r\n"));
                thread::sleep(Duration::from_millis(scattered(tries, 5) % 6));
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Has a session ask, turn after turn; some turns are interrupted, and the last one is ended with the session.
pub(super) fn drive(server: &TestProgram, id: &str, salt: u64) {
    let path = |verb: &str| format!("/sessions/{id}/{verb}");
    for turn in 0..TURNS {
        let body = json!({ "text": format!("ask {AT_ONCE}") });
        let said = post(server, &path("message"), &body);
        assert_eq!(said.status, 200, "{}", said.body);
        let pause = Duration::from_millis(scattered(turn, salt) % 250);
        let verb = match (turn + 1 == TURNS, scattered(turn, salt + 1) % 2) {
            (true, _) => "cancel",
            (false, 0) => "interrupt",
            (false, _) => "",
        };
        if !verb.is_empty() {
            thread::sleep(pause);
            let ended = post(server, &path(verb), &json!({}));
            assert_eq!(ended.status, 200, "{verb}: {}", ended.body);
        }
        if verb != "cancel" {
            let since = said.json()["seq"].as_u64().unwrap();
            let path = format!("/sessions/{id}/output?after={since}");
            until("the turn is over", || {
                let mut output = Stream::over(server.connect(), server.port, &path, "");
                output.text().contains(r#""type":"usage""#)
            });
        }
    }
}

/// Follows a session to its end, and comes back after each few events that it was told.
pub(super) fn follow(server: &TestProgram, id: &str) -> Vec<Event> {
    let mut told: Vec<Event> = Vec::new();
    let path = format!("/sessions/{id}/output?follow=1&after=0");
    loop {
        let header = match told.last() {
            Some(last) => format!("Last-Event-ID: {}\n", last.seq()),
            None => String::new(),
        };
        let mut stream = Stream::over(server.connect(), server.port, &path, &header);
        let enough = told.len() + 7;
        while told.len() < enough {
            match stream.event() {
                Some((_, _, Output::Events { events, .. })) => told.extend(events),
                Some((_, _, Output::End { .. })) => return told,
                Some((_, _, Output::Delta { .. } | Output::Caught { .. })) => {}
                None => break,
            }
        }
    }
}

/// The decisions of one session that the audit log has, each by the request that it names.
pub(super) fn audited(server: &TestProgram, id: &str) -> (BTreeMap<String, Vec<String>>, u64) {
    let mut by_person: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut by_rule = 0;
    let page = ask(server, &get("/audit?limit=1000", "")).json();
    let mut entries: Vec<AuditEntry> = serde_json::from_value(page["entries"].clone()).unwrap();
    while let Some(oldest) = entries.last().map(|entry| entry.id.clone()) {
        let page = ask(
            server,
            &get(&format!("/audit?limit=1000&before={oldest}"), ""),
        )
        .json();
        let more: Vec<AuditEntry> = serde_json::from_value(page["entries"].clone()).unwrap();
        if more.is_empty() {
            break;
        }
        entries.extend(more);
    }
    for entry in entries {
        let target = entry.target.and_then(|target| target.session_id);
        let is_decision = entry.verb == wire::Verb::Decide;
        if !is_decision || target.is_none_or(|target| target.as_str() != id) {
            continue;
        }
        let outcome = entry.outcome.unwrap();
        match entry.plan {
            Some(plan) if outcome == "allow" || outcome == "deny" => {
                let request = plan.strip_prefix("request ").unwrap().to_owned();
                by_person.entry(request).or_default().push(outcome);
            }
            Some(_) => assert!(
                ["decided", "no_approval", "ended"].contains(&&*outcome),
                "{outcome}"
            ),
            None => {
                by_rule += 1;
                assert_eq!(outcome, "deny");
            }
        }
    }
    (by_person, by_rule)
}
