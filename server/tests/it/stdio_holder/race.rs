//! Two hundred requests of held sessions, under the same ids in each of them: decided by several at once, by rules, by clients
//! that hang up, taken back by the session, interrupted and cancelled. Each is decided exactly once, and with its own input.

mod clients;

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use wire::{DecidedBy, DecisionOutcome, Event};

use super::*;
use crate::test_program::TestProgram;

use self::clients::{audited, decide, drive, follow, hang_up, open, post};

/// Sessions, and what each of them asks in each of its turns.
const SESSIONS: [(&str, &str); 4] = [
    ("5ca1ab1e-0000-4000-8000-00000000000a", "ada"),
    ("5ca1ab1e-0000-4000-8000-00000000000b", "bob"),
    ("5ca1ab1e-0000-4000-8000-00000000000c", "cyd"),
    ("5ca1ab1e-0000-4000-8000-00000000000d", "dan"),
];
const TURNS: u64 = 5;
const AT_ONCE: u64 = 10;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request: the session's id, and the request's in it.
type Asked = (String, String);

/// Who has heard that it was they who decided a request, and what.
type Won = Mutex<BTreeMap<Asked, Vec<(String, DecisionOutcome)>>>;

/// A number that differs from call to call, the same in each run.
fn scattered(i: u64, salt: u64) -> u64 {
    let mut x = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x.wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The command that is asked about under this id.
fn command(name: &str, request: &str) -> String {
    let number: u64 = request.strip_prefix("r-").unwrap().parse().unwrap();
    match number % 7 {
        3 => format!("ruled echo {number} of {name}"),
        _ => format!("echo {number} of {name}"),
    }
}

fn name_of(session: &str) -> &'static str {
    let known = SESSIONS.iter().find(|(id, _)| *id == session);
    known.unwrap().1
}

/// What Claude Code was answered, by the request's id.
fn heard(holder: &TestHolder) -> BTreeMap<String, Vec<Value>> {
    let mut heard: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in fs::read_to_string(&holder.heard).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["type"] == "control_response" {
            let answer = &line["response"];
            let answers = heard.entry(text(&answer["request_id"])).or_default();
            answers.push(answer["response"].clone());
        }
    }
    heard
}

#[derive(Debug, Default)]
struct Counts {
    allowed: u64,
    denied: u64,
    ruled: u64,
    withdrawn: u64,
    unheard: u64,
}

/// Checks what became of one request against everything that was said of it.
fn check(
    asked: &Asked,
    decision: &Event,
    answers: &[Value],
    wins: &[(String, DecisionOutcome)],
    counts: &mut Counts,
) {
    let (session, request) = asked;
    let Event::Decision {
        outcome,
        by,
        reason,
        ..
    } = decision
    else {
        panic!("{decision:?}");
    };
    assert!(wins.len() <= 1, "{asked:?} was decided by {wins:?}");
    assert!(answers.len() <= 1, "{asked:?} was answered {answers:?}");
    let command = command(name_of(session), request);
    let allows = json!({ "behavior": "allow", "updatedInput": { "command": command } });
    match (outcome, by) {
        (DecisionOutcome::Allow, DecidedBy::Person) => {
            counts.allowed += 1;
            assert_eq!(wins.len(), 1, "{asked:?}");
            assert_eq!(wins[0].1, DecisionOutcome::Allow, "{asked:?}");
            // What is said to a session that is ending may not be read any more.
            assert!(
                answers.iter().all(|answer| *answer == allows),
                "{answers:?}"
            );
        }
        (DecisionOutcome::Deny, DecidedBy::Person) => {
            counts.denied += 1;
            let reason = reason.as_deref().unwrap();
            let its = format!("says no to {request} of {session}");
            assert!(
                reason.ends_with(&its),
                "{asked:?} was denied with {reason:?}"
            );
            match wins {
                [] => {
                    counts.unheard += 1;
                    assert!(reason.starts_with("nobody"), "{asked:?}: {reason}");
                }
                [win, ..] => assert_eq!(*win, (reason.to_owned(), DecisionOutcome::Deny)),
            }
            let denies = json!({ "behavior": "deny", "message": reason });
            assert!(
                answers.iter().all(|answer| *answer == denies),
                "{answers:?}"
            );
        }
        (DecisionOutcome::Deny, DecidedBy::Rule) => {
            counts.ruled += 1;
            assert!(command.starts_with("ruled"), "{asked:?}");
            assert_eq!(wins, [], "{asked:?}");
        }
        (DecisionOutcome::Withdrawn, DecidedBy::Session) => {
            counts.withdrawn += 1;
            assert_eq!(wins, [], "{asked:?}");
            assert_eq!(answers, [] as [Value; 0], "{asked:?}");
        }
        other => panic!("{asked:?}: {other:?}"),
    }
}

#[test]
fn each_request_is_decided_exactly_once_and_with_its_own_input() {
    let home = tempfile::tempdir().unwrap();
    let server = TestProgram::start(home.path());
    let rules =
        json!({ "rev": 0, "rules": [{ "tool": "Bash", "pattern": "ruled *", "action": "deny" }] });
    assert_eq!(post(&server, "/rules", &rules).status, 200);
    let holders: Vec<TestHolder> = SESSIONS
        .iter()
        .map(|(id, name)| hold(home.path(), id, name))
        .collect();
    for holder in &holders {
        until("the server knows it", || {
            let path = format!("/sessions/{}/interrupt", holder.id);
            post(&server, &path, &json!({})).status == 200
        });
    }

    let (is_over, won) = (AtomicBool::new(false), Won::default());
    let told: Vec<Vec<Event>> = thread::scope(|scope| {
        let (server, is_over, won) = (&server, &is_over, &won);
        let deciders: Vec<_> = (1..=3)
            .map(|who| scope.spawn(move || decide(server, who, is_over, won)))
            .collect();
        let hanging = scope.spawn(move || hang_up(server, is_over));
        let follows = SESSIONS.map(|(id, _)| scope.spawn(move || follow(server, id)));
        let drives = (0..).zip(SESSIONS);
        let drives: Vec<_> = drives
            .map(|(salt, (id, _))| scope.spawn(move || drive(server, id, salt * 17)))
            .collect();
        let driven: Vec<_> = drives
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        is_over.store(true, Ordering::Relaxed);
        for decider in deciders {
            decider.join().unwrap();
        }
        hanging.join().unwrap();
        driven.into_iter().for_each(Result::unwrap);
        follows.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert!(open(&server).is_empty());

    let won = won.into_inner().unwrap();
    let (mut requests, mut counts) = (0, Counts::default());
    for (holder, told) in holders.iter().zip(told) {
        let numbers: Vec<u64> = told.iter().map(Event::seq).collect();
        assert!(
            numbers.iter().copied().eq(1..=numbers.len() as u64),
            "{numbers:?}"
        );
        assert!(matches!(
            told.last(),
            Some(Event::Exit {
                cancelled: true,
                ..
            })
        ));
        let (mut asked, mut decided) = (Vec::new(), BTreeMap::<String, Vec<&Event>>::new());
        let name = name_of(holder.id.as_str());
        for event in &told {
            if let Event::Approval {
                request_id, input, ..
            } = event
            {
                assert_eq!(input["command"], command(name, request_id));
                asked.push(request_id.clone());
            } else if let Event::Decision { request_id, .. } = event {
                // Never before it was asked.
                assert!(asked.contains(request_id), "{request_id}");
                decided.entry(request_id.clone()).or_default().push(event);
            }
        }
        let heard = heard(holder);
        let decisions = decided.values().flatten();
        let is_person = |event: &&&Event| {
            matches!(
                event,
                Event::Decision {
                    by: DecidedBy::Person,
                    ..
                }
            )
        };
        let persons = decisions.filter(is_person).count();
        // Of whoever has hung up it may be noted a moment later.
        let is_noted = || audited(&server, holder.id.as_str()).0.len() == persons;
        until("all of it is noted", is_noted);
        let (by_person, by_rule) = audited(&server, holder.id.as_str());
        let ruled_before = counts.ruled;
        for request in &asked {
            let asked = (holder.id.as_str().to_owned(), request.clone());
            let [decision] = decided[request][..] else {
                panic!("{asked:?}: {:?}", decided[request]);
            };
            let answers = heard.get(request).cloned().unwrap_or_default();
            let wins = won.get(&asked).cloned().unwrap_or_default();
            check(&asked, decision, &answers, &wins, &mut counts);
            let noted = by_person.get(request).cloned().unwrap_or_default();
            let mut expected = Vec::new();
            if let Event::Decision {
                by: DecidedBy::Person,
                outcome,
                ..
            } = decision
            {
                expected.push(serde_json::to_value(outcome).unwrap());
            }
            assert_eq!(noted, expected, "{asked:?}");
        }
        assert_eq!(by_rule, counts.ruled - ruled_before);
        assert!(heard.keys().all(|request| decided.contains_key(request)));
        assert_eq!(asked.len(), decided.len());
        requests += asked.len() as u64;
    }
    assert_eq!(requests, SESSIONS.len() as u64 * TURNS * AT_ONCE);
    // The race has to be one: something of each kind. Whether whoever hangs up is ever the first is luck.
    let Counts {
        allowed,
        denied,
        ruled,
        withdrawn,
        unheard,
    } = counts;
    assert!(unheard <= denied, "{counts:?}");
    let least = [allowed, denied, ruled, withdrawn].into_iter().min();
    assert!(least > Some(0), "{counts:?}");
}
