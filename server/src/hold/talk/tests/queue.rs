//! When a session works for a message that was handed over, and when it does not any more.

use super::{
    super::requests::{FIRST_WORD_MS, NEXT_MS, NEXT_UNTOLD_MS, STOP_MS},
    *,
};

const INIT: &str = r#"{"type":"system","subtype":"init"}"#;
const RESULT: &str = r#"{"type":"result","subtype":"success"}"#;

fn life(talk: &mut Talk, uuid: &str, state: &str) {
    hear(
        talk,
        &format!(r#"{{"type":"command_lifecycle","command_uuid":"{uuid}","state":"{state}"}}"#),
    );
}

/// A session in the turn of the message `u1`, of a version that says how far messages have come.
fn told() -> Talk {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    life(&mut talk, "u1", "queued");
    life(&mut talk, "u1", "started");
    hear(&mut talk, INIT);
    talk
}

/// The same of a version that says nothing.
fn untold() -> Talk {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    hear(&mut talk, INIT);
    talk
}

fn outcome(effects: &[Effect]) -> DriveOutcome {
    let Reply::Done { outcome, .. } = replies(effects)[0].1 else {
        panic!("{effects:?}");
    };
    *outcome
}

fn is(talk: &Talk, state: State) {
    assert_eq!(talk.now().state, state);
}

#[test]
fn a_message_of_the_moment_in_which_a_turn_ends_is_the_next_turn() {
    // Claude Code has said the end of the turn before it took the message: it is not queued yet.
    let mut talk = told();
    assert_eq!(outcome(&message(&mut talk, 2, "u2")), DriveOutcome::Queued);
    hear(&mut talk, RESULT);
    is(&talk, State::Working);
    life(&mut talk, "u1", "completed");
    life(&mut talk, "u2", "queued");
    is(&talk, State::Working);
    life(&mut talk, "u2", "started");
    hear(&mut talk, INIT);
    hear(&mut talk, RESULT);
    is(&talk, State::Idle);

    let mut talk = untold();
    message(&mut talk, 2, "u2");
    hear(&mut talk, RESULT);
    is(&talk, State::Working);
    hear(&mut talk, INIT);
    hear(&mut talk, RESULT);
    is(&talk, State::Idle);
    assert!(!talk.is_waiting());
}

#[test]
fn a_message_that_is_read_within_the_turn_has_none_of_its_own() {
    let mut talk = told();
    message(&mut talk, 2, "u2");
    for state in ["queued", "started", "completed"] {
        life(&mut talk, "u2", state);
    }
    hear(&mut talk, RESULT);
    is(&talk, State::Idle);

    // It is not said, so that the next turn is waited for.
    let mut talk = untold();
    message(&mut talk, 2, "u2");
    hear(&mut talk, RESULT);
    talk.tick(2 + NEXT_UNTOLD_MS - 1);
    is(&talk, State::Working);
    talk.tick(2 + NEXT_UNTOLD_MS);
    is(&talk, State::Idle);
}

#[test]
fn several_messages_have_a_turn_each_or_one_together() {
    // 2.0.30
    let mut talk = untold();
    message(&mut talk, 2, "u2");
    message(&mut talk, 3, "u3");
    for _ in 0..2 {
        hear(&mut talk, RESULT);
        is(&talk, State::Working);
        hear(&mut talk, INIT);
    }
    hear(&mut talk, RESULT);
    is(&talk, State::Idle);

    // 2.1.197
    let mut talk = untold();
    message(&mut talk, 2, "u2");
    message(&mut talk, 3, "u3");
    hear(&mut talk, RESULT);
    hear(&mut talk, INIT);
    hear(&mut talk, RESULT);
    talk.tick(2 + NEXT_UNTOLD_MS);
    is(&talk, State::Idle);

    // 2.1.329
    let mut talk = told();
    message(&mut talk, 2, "u2");
    message(&mut talk, 3, "u3");
    life(&mut talk, "u2", "queued");
    life(&mut talk, "u3", "queued");
    hear(&mut talk, RESULT);
    life(&mut talk, "u2", "started");
    life(&mut talk, "u3", "started");
    hear(&mut talk, INIT);
    is(&talk, State::Working);
    hear(&mut talk, RESULT);
    is(&talk, State::Idle);
}

#[test]
fn a_message_of_which_nothing_becomes_keeps_no_session_working() {
    // Claude Code knows its id, from another program.
    let mut talk = told();
    message(&mut talk, 2, "u2");
    hear(&mut talk, RESULT);
    talk.tick(2 + NEXT_MS - 1);
    is(&talk, State::Working);
    talk.tick(2 + NEXT_MS);
    is(&talk, State::Idle);

    let mut talk = ready();
    assert_eq!(outcome(&message(&mut talk, 1, "u1")), DriveOutcome::Sent);
    talk.tick(2 + FIRST_WORD_MS - 1);
    is(&talk, State::Working);
    talk.tick(2 + FIRST_WORD_MS);
    is(&talk, State::Idle);
    assert!(!talk.is_waiting());

    // Something that it says to itself.
    let mut talk = ready();
    life(&mut talk, "its own", "queued");
    is(&talk, State::Working);
    talk.tick(2 + FIRST_WORD_MS);
    is(&talk, State::Idle);
}

#[test]
fn a_message_that_is_taken_back_has_no_turn() {
    let mut talk = told();
    message(&mut talk, 2, "u2");
    life(&mut talk, "u2", "queued");
    hear(&mut talk, RESULT);
    life(&mut talk, "u2", "cancelled");
    is(&talk, State::Idle);

    // A cancel takes back what Claude Code has not said to wait yet.
    let mut talk = told();
    message(&mut talk, 2, "u2");
    let effects = talk.command(3, Do::Cancel, String::new(), 2);
    let lines = lines(&effects);
    assert!(
        lines.len() == 2 && lines[0].contains("u2") && lines[1].contains("interrupt"),
        "{lines:?}"
    );
    let effects = hear(&mut talk, RESULT);
    assert!(
        effects.iter().any(|it| matches!(it, Effect::Close)),
        "{effects:?}"
    );
}

#[test]
fn an_interrupt_leaves_what_waits() {
    let mut talk = told();
    message(&mut talk, 2, "u2");
    life(&mut talk, "u2", "queued");
    talk.command(3, Do::Interrupt, String::new(), 2);
    hear(&mut talk, &answer("sm-2"));
    hear(&mut talk, RESULT);
    life(&mut talk, "u1", "cancelled");
    is(&talk, State::Working);
    // Between two turns there is something to interrupt, too.
    let effects = talk.command(4, Do::Interrupt, String::new(), 2);
    assert_eq!(lines(&effects).len(), 1, "{effects:?}");
    life(&mut talk, "u2", "started");
    hear(&mut talk, RESULT);
    is(&talk, State::Idle);
}

/// Whatever moment a message is handed over in, and nothing becomes of it: the session ends up as it would have without.
#[test]
fn no_message_is_waited_for_for_ever() {
    for (name, stream) in captures() {
        let stream: Vec<&str> = stream.lines().collect();
        let ends = |before: usize| {
            let mut talk = ready();
            for (at, line) in stream.iter().enumerate() {
                if at == before {
                    message(&mut talk, 1, "lost");
                }
                hear(&mut talk, line);
            }
            if before == stream.len() {
                message(&mut talk, 1, "lost");
            }
            talk.tick(2 + FIRST_WORD_MS);
            talk.now().state
        };
        let end = ends(usize::MAX);
        for before in 0..=stream.len() {
            assert_eq!(ends(before), end, "{name}, line {before}");
        }
    }
}

/// Each captured message that Claude Code says to begin, handed over at any moment before that: the session never seems to rest until then.
#[test]
fn a_session_never_rests_while_it_was_told_something() {
    let mut messages = 0;
    for (name, stream) in captures() {
        let stream: Vec<&str> = stream.lines().collect();
        let state = |line: &str| match Said::parse(line.as_bytes()).pop() {
            Some(Said::Lifecycle { uuid, state }) => Some((uuid, state)),
            _ => None,
        };
        let queued = stream.iter().enumerate().filter_map(|(at, line)| {
            let (uuid, state) = state(line)?;
            (state == Lifecycle::Queued).then_some((at, uuid))
        });
        for (queued, uuid) in queued {
            messages += 1;
            for handed_over in 0..=queued {
                let mut talk = ready();
                for line in &stream[..handed_over] {
                    hear(&mut talk, line);
                }
                message(&mut talk, 1, &uuid);
                for line in &stream[handed_over..] {
                    let now = talk.now().state;
                    assert_ne!(now, State::Idle, "{name}, {uuid} at {handed_over}: {line}");
                    if state(line)
                        .is_some_and(|(it, state)| it == uuid && state != Lifecycle::Queued)
                    {
                        break;
                    }
                    hear(&mut talk, line);
                }
            }
        }
    }
    assert!(messages > 5, "{messages}");
}

#[test]
fn a_message_that_an_earlier_holder_said_begins_no_turn_unless_claude_code_does_not_know_it() {
    let mut talk = Talk::new(talk().now(), VecDeque::from(["u0".to_owned()]));
    talk.begin(1);
    hear(&mut talk, &answer("sm-1"));
    let said = message(&mut talk, 1, "u0");
    let Reply::Done { outcome, .. } = replies(&said)[0].1 else {
        panic!("{said:?}");
    };
    assert_eq!(*outcome, DriveOutcome::AlreadySent);
    // That holder may have been killed before Claude Code had it.
    assert_eq!(lines(&said).len(), 1);
    assert_eq!((said.len(), talk.now().state), (2, State::Idle));
    assert_eq!(lines(&message(&mut talk, 2, "u0")), [""; 0]);
    hear(
        &mut talk,
        r#"{"type":"system","subtype":"status","status":"requesting"}"#,
    );
    assert_eq!(talk.now().state, State::Working);
}

#[test]
fn what_is_interrupted_and_says_nothing_has_no_turn() {
    let mut talk = ready();
    message(&mut talk, 1, "u1");
    talk.command(2, Do::Interrupt, String::new(), 10);
    hear(&mut talk, &answer("sm-2"));
    assert_eq!(talk.now().state, State::Working);
    talk.tick(2 + STOP_MS - 1);
    assert_eq!(talk.now().state, State::Working);
    talk.tick(2 + STOP_MS);
    assert_eq!(talk.now().state, State::Idle);
    assert!(!talk.is_waiting());

    // What was queued is the next turn.
    message(&mut talk, 3, "u2");
    talk.command(4, Do::Interrupt, String::new(), 10);
    hear(&mut talk, &answer("sm-3"));
    hear(
        &mut talk,
        r#"{"type":"system","subtype":"status","status":"requesting"}"#,
    );
    talk.tick(2 + STOP_MS);
    assert_eq!(talk.now().state, State::Working);
}
