//! Who is meant, and what is said where that is nobody or several.

use expect_test::{Expect, expect};

use super::*;

fn candidate(id: &str, pid: u32, name: &str) -> Candidate {
    Candidate {
        id: Some(id.parse().unwrap()),
        key: Some(format!("{pid}:1").parse().unwrap()),
        name: Some(name.to_owned()),
        state: Some(State::Idle),
        project: Some("app".to_owned()),
        is_held: id.starts_with("cafe"),
    }
}

fn check(said: &str, expected: &Expect) {
    let candidates = [
        candidate("1234abcd-0000-4000-8000-000000000001", 77, "parser"),
        candidate("1234abcd-0000-4000-8000-000000000002", 78, "notes"),
        candidate("cafe0000-0000-4000-8000-000000000003", 1234, "notes"),
        candidate(
            "beef0000-0000-4000-8000-000000000004",
            2345,
            "\x1b[2Jhostile",
        ),
        Candidate {
            id: None,
            name: None,
            ..candidate("00000000", 4711, "")
        },
    ];
    let found = find(said, &candidates, Candidate::process);
    let shown = found.map_or_else(|error| error.to_string(), |who| who.to_string());
    expected.assert_eq(&shown);
}

#[test]
fn an_id_its_beginning_a_pid_and_a_name_name_a_session() {
    let second = expect!["78"];
    check("1234abcd-0000-4000-8000-000000000002", &second);
    check("78", &second);
    // That one is held.
    let third = expect!["cafe0000-0000-4000-8000-000000000003"];
    check("cafe", &third);
    check("parser", &expect!["77"]);
    check("4711", &expect!["4711"]);
}

#[test]
fn what_names_several_lists_them() {
    check(
        "notes",
        &expect![[r#"
        notes names several sessions; say which:
        idle, 1234abcd, pid 78, app, notes
        idle, cafe0000, pid 1234, app, notes"#]],
    );
    // The beginning of two ids, and the pid of a third.
    check(
        "1234",
        &expect![[r#"
        1234 names several sessions; say which:
        idle, 1234abcd, pid 77, app, parser
        idle, 1234abcd, pid 78, app, notes
        idle, cafe0000, pid 1234, app, notes"#]],
    );
}

#[test]
fn a_pid_is_meant_before_a_name_that_is_a_number() {
    let candidates = [
        candidate("1234abcd-0000-4000-8000-000000000001", 9018, "parser"),
        candidate("beef0000-0000-4000-8000-000000000002", 78, "9018"),
    ];
    let found = find("9018", &candidates, |one| one.key);
    assert_eq!(found.unwrap().pid.get(), 9018);
    let found = find("9018", &candidates[1..], |one| one.key);
    assert_eq!(found.unwrap().pid.get(), 78);
}

#[test]
fn what_has_ended_is_said_to_have() {
    let ended = |id: &str, name: &str| Candidate {
        key: None,
        state: None,
        ..candidate(id, 1, name)
    };
    let ended = [
        ended("1234abcd-0000-4000-8000-000000000001", "parser"),
        ended("5678abcd-0000-4000-8000-000000000002", "notes"),
        ended("9abcabcd-0000-4000-8000-000000000003", "notes"),
    ];
    let check = |said: &str, expected: &Expect| {
        let error = past(said, &ended).unwrap();
        assert_eq!(error.code(), Code::Ended);
        expected.assert_eq(&error.to_string());
    };
    check(
        "parser",
        &expect!["parser has ended; go on in it with `session-manager new --resume 1234abcd`."],
    );
    check(
        "5678",
        &expect!["5678 has ended; go on in it with `session-manager new --resume 5678abcd`."],
    );
    check(
        "notes",
        &expect![[r#"
        No session that runs is called notes, and several that have ended are; go on in one with `session-manager new --resume ID`:
        5678abcd, app, notes
        9abcabcd, app, notes"#]],
    );
    assert!(past("nobody", &ended).is_none());
}

#[test]
fn what_was_not_looked_at_is_said() {
    let sentence = unclear("nobody", &[], Some(200)).to_string();
    expect![
        "No session is called nobody, of those that run and the 200 that ended last (older ones are found by their ids); `session-manager list` shows those that run, and with --all those that ended lately."
    ]
    .assert_eq(&sentence);
}

#[test]
fn what_names_none_says_what_to_do() {
    check(
        "caf",
        &expect![
            "caf is no pid of a session and too short for the beginning of an id; give at least 4 digits."
        ],
    );
    check(
        "nobody",
        &expect![
            "No session is called nobody; `session-manager list` shows those that run, and with --all those that ended lately."
        ],
    );
    check(
        "\x1b[2J",
        &expect![
            "No session is called ␛[2J; `session-manager list` shows those that run, and with --all those that ended lately."
        ],
    );
    check(
        "",
        &expect![
            "That names no session; give its id, the beginning of its id, its pid, or its name."
        ],
    );
}
