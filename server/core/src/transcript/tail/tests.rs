use std::fmt::Write;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

mod captured;
mod lines;
mod queue;
mod subagent;

fn fold(transcript: &[u8]) -> Tail {
    let mut tail = Tail::new();
    for line in transcript.split(|byte| *byte == b'\n') {
        tail.line(line);
    }
    tail
}

/// The course of a transcript: each line after which something is different, by its number, and what is then so.
fn course(transcript: &[u8]) -> String {
    let mut tail = Tail::new();
    let mut said = String::new();
    let mut shown = String::new();
    for (number, line) in transcript.split(|byte| *byte == b'\n').enumerate() {
        tail.line(line);
        let mut now = format!("{:?}", tail.turn());
        for tool in tail.open() {
            write!(now, ", {} {:?}", tool.name, tool.ask.subject()).unwrap();
        }
        for task in tail.background().tasks() {
            write!(now, " & {:?}", task.kind).unwrap();
        }
        if let Some(question) = tail.question() {
            write!(now, ", asks {:?}", question.subject()).unwrap();
        }
        if tail.is_unstated() {
            now.push_str(", unstated");
        }
        if now != shown {
            writeln!(said, "{number:3} {now}").unwrap();
            shown = now;
        }
    }
    writeln!(said, "at {:?}, since {:?}", tail.at(), tail.since()).unwrap();
    said
}

fn check(transcript: &[u8], expected: Expect) {
    expected.assert_eq(&course(transcript));
}
