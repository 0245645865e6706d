use std::fmt::Write;

use expect_test::expect_file;
use proptest::prelude::*;

use super::*;
use crate::stream::{Origin, Speaker, Words};

fn all(lines: &str) -> Vec<Said> {
    lines
        .lines()
        .flat_map(|line| said(line.as_bytes()))
        .collect()
}

macro_rules! stream {
    ($name:literal) => {
        include_str!(concat!("../../../testdata/stream/", $name, ".jsonl"))
    };
}

/// Which lines of the conversation there are, and what each says.
fn conversation(said: &[Said]) -> Vec<(String, String)> {
    said.iter().filter_map(spoken).collect()
}

fn spoken(said: &Said) -> Option<(String, String)> {
    let (origin, text) = match said {
        Said::User {
            origin,
            text,
            words,
            attachments,
            is_replay: _,
        } => (origin, format!("{words:?} {text} {attachments}")),
        Said::Text {
            origin,
            text,
            answer,
        } => (origin, format!("{answer:?} {text}")),
        Said::Thinking { origin, text } => (origin, text.clone()),
        Said::ToolUse(it) => (
            &it.origin,
            format!("{} {} {}", it.id, it.name, it.input.get()),
        ),
        Said::ToolResult(it) => (
            &it.origin,
            format!("{:?} {} {}", it.tool_use_id, it.is_error, it.text),
        ),
        Said::Init(_)
        | Said::Spent { .. }
        | Said::Delta(_)
        | Said::CanUseTool(_)
        | Said::Request { .. }
        | Said::Cancelled { .. }
        | Said::Answer(_)
        | Said::Result(_)
        | Said::Lifecycle { .. }
        | Said::Status { .. }
        | Said::Compacted { .. }
        | Said::Retry { .. }
        | Said::Title(_)
        | Said::Reset
        | Said::Other { .. }
        | Said::NotJson(_) => return None,
    };
    let Origin {
        uuid,
        message_id,
        speaker,
        at: _,
    } = origin;
    // A subagent's lines stand in a transcript of its own.
    (*speaker == Speaker::Session).then(|| (format!("{uuid:?} {message_id:?}"), text))
}

#[test]
fn the_stream_and_the_transcript_tell_of_one_conversation() {
    let of = |stream, transcript| {
        let stream: Vec<Said> = str::lines(stream)
            .flat_map(|line| Said::parse(line.as_bytes()))
            .collect();
        (conversation(&stream), conversation(&all(transcript)))
    };
    let person = |(_, text): &(String, String)| text.starts_with(&format!("{:?} ", Words::Person));

    let (stream, transcript) = of(
        stream!("2.1.329/turns"),
        stream!("2.1.329/turns.transcript"),
    );
    assert_eq!(stream.len(), 12);
    assert_eq!(stream, transcript);

    // The second message was sent together with the third one, under the id of that.
    let (mut stream, transcript) = of(
        stream!("2.1.329/queue"),
        stream!("2.1.329/queue.transcript"),
    );
    let merged = |(_, text): &(String, String)| text == "Person say second 0";
    assert_eq!(stream.iter().filter(|it| merged(it)).count(), 1);
    stream.retain(|it| !merged(it));
    assert_eq!(stream, transcript);

    // Nobody asked for the messages to be given back.
    for (stream, transcript) in [
        (
            stream!("2.1.329/interrupt-streaming"),
            stream!("2.1.329/interrupt-streaming.transcript"),
        ),
        (
            stream!("2.1.197/subagent"),
            stream!("2.1.197/subagent.transcript"),
        ),
        (
            stream!("2.0.30/interrupt-permission"),
            stream!("2.0.30/interrupt-permission.transcript"),
        ),
    ] {
        let (stream, mut transcript) = of(stream, transcript);
        let before = transcript.len();
        transcript.retain(|it| !person(it));
        assert!(transcript.len() < before && !stream.is_empty());
        assert_eq!(stream, transcript);
    }
}

/// One line for each thing said, but for what says nothing.
fn told(said: &[Said]) -> String {
    let mut told = String::new();
    for said in said {
        match (spoken(said), said) {
            (_, Said::Other { .. }) => Ok(()),
            (Some((_, text)), Said::User { .. }) => writeln!(told, "user {text:?}"),
            (Some((_, text)), Said::ToolUse(_)) => writeln!(told, "use {text}"),
            (Some((_, text)), Said::ToolResult(_)) => writeln!(told, "result {text:?}"),
            (Some((_, text)), _) => writeln!(told, "text {text:?}"),
            (
                None,
                Said::Spent {
                    model,
                    stop_reason,
                    usage,
                    ..
                },
            ) => {
                writeln!(told, "spent {model:?} {stop_reason:?} {:?}", usage.output)
            }
            (None, Said::Result(it)) => writeln!(told, "turn {:?} ms", it.duration_ms),
            (None, said) => writeln!(told, "{said:?}"),
        }
        .unwrap();
    }
    told
}

macro_rules! check {
    ($name:literal) => {
        expect_file![concat!("../../../testdata/", $name, ".txt")].assert_eq(&told(&all(
            include_str!(concat!("../../../testdata/", $name, ".jsonl")),
        )));
    };
}

#[test]
fn what_transcripts_of_terminals_say() {
    check!("transcripts/cli-2.0.30");
    check!("transcripts/cli-2.1.197");
    check!("transcripts/compacted");
    check!("transcripts/interactive-all-states");
    check!("turns/late-api-errors-sdk-2.1.197");
}

#[test]
fn a_torn_line_says_nothing() {
    for line in [
        &b""[..],
        b" \n",
        b"\0\0\0",
        b"{\"type\":\"us",
        b"[]",
        b"\xff",
    ] {
        assert!(said(line).is_empty(), "{line:?}");
    }
    let padded = [
        b"\0\0".as_slice(),
        br#"{"type":"custom-title","customTitle":"x"}"#,
    ]
    .concat();
    assert!(matches!(&said(&padded)[..], [Said::Title(title)] if title == "x"));
}

#[test]
fn a_subagents_line_is_its_own() {
    let lines = include_str!("../../../testdata/evidence/2.0.76/subagent/subagent.jsonl");
    let said = all(lines);
    assert!(!said.is_empty());
    assert!(conversation(&said).is_empty());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        told(&said(&bytes));
    }

    #[test]
    fn a_start_of_a_line_says_nothing(which in 0..100_usize, at in any::<prop::sample::Index>()) {
        let lines: Vec<&str> = include_str!("../../../testdata/transcripts/cli-2.1.197.jsonl").lines().collect();
        let line = lines[which % lines.len()].trim_end().as_bytes();
        prop_assert!(said(&line[..at.index(line.len())]).is_empty());
    }
}
