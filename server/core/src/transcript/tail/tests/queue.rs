//! Prompts and commands that are taken from the queue.

use super::{
    lines::{PROMPT, after, call, open, text, turn, user},
    *,
};

fn queue(operation: &str, at: &str) -> String {
    format!(
        r#"{{"type":"queue-operation","operation":"{operation}","timestamp":"2026-01-01T00:00:{at}.000Z"}}"#
    )
}

#[test]
fn a_prompt_that_is_taken_from_the_queue_has_begun_before_it_is_written() {
    let done = text("m", r#""end_turn""#, "Shall I?");
    let (enqueued, dequeued) = (queue("enqueue", "05"), queue("dequeue", "06"));
    let prompted = [PROMPT, &done, &enqueued, &dequeued];
    assert_eq!(turn(&[PROMPT, &done, &enqueued]), Turn::Done);
    assert_eq!(turn(&prompted), Turn::Model);
    assert_eq!(after(&prompted).since(), after(&prompted).at());
    assert_eq!(turn(&[&enqueued, &dequeued]), Turn::Model);
    // A prompt that joins a running turn changes nothing.
    assert_eq!(open(&[PROMPT, &call("m", "a"), &dequeued]), ["a"]);
    for operation in ["remove", "popAll"] {
        assert_eq!(turn(&[PROMPT, &done, &queue(operation, "06")]), Turn::Done);
    }
}

#[test]
fn a_command_that_is_taken_from_the_queue_ends_with_what_it_says() {
    let done = text("m", r#""end_turn""#, "Shall I?");
    let dequeued = queue("dequeue", "06");
    for said in ["<local-command-stdout>x", "Unknown slash command: x"] {
        let ran = after(&[PROMPT, &done, &dequeued, &user("", said)]);
        assert_eq!(ran.turn(), Turn::Done, "{said}");
        assert_eq!(ran.since(), after(&[PROMPT, &done]).since());
        assert_eq!(ran.question(), after(&[PROMPT, &done]).question());
        assert!(ran.question().is_some());
    }
    // Once the prompt stands there, a command's output ends nothing.
    let local = user("", "<local-command-stdout>x");
    assert_eq!(
        turn(&[PROMPT, &done, &dequeued, PROMPT, &local]),
        Turn::Model
    );
}
