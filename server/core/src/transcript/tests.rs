mod captured;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{
    fold::{ASSISTANT_LIMIT, Fold},
    *,
};

fn fold(transcript: &[u8]) -> Fold {
    let mut fold = Fold::new();
    for line in transcript.split(|byte| *byte == b'\n').rev() {
        fold.line(line);
    }
    fold
}

fn digest(transcript: &[u8]) -> Digest {
    fold(transcript).finish()
}

fn check(transcript: &[u8], expected: Expect) {
    expected.assert_debug_eq(&digest(transcript));
}

fn prompt(transcript: &str) -> Option<String> {
    digest(transcript.as_bytes()).last_prompt
}

fn answer(transcript: &str) -> Option<String> {
    digest(transcript.as_bytes()).last_assistant
}

fn title(transcript: &str) -> Option<String> {
    digest(transcript.as_bytes()).title
}

const CAPTURED: [&[u8]; 6] = [
    include_bytes!("../../testdata/transcripts/after-clear-with-subagent.jsonl"),
    include_bytes!("../../testdata/transcripts/cli-2.0.30.jsonl"),
    include_bytes!("../../testdata/transcripts/cli-2.1.197.jsonl"),
    include_bytes!("../../testdata/transcripts/compacted.jsonl"),
    include_bytes!("../../testdata/transcripts/headless-p.jsonl"),
    include_bytes!("../../testdata/transcripts/interactive-all-states.jsonl"),
];

#[test]
fn the_newest_question_wins_whichever_line_carries_it() {
    let question = r#"{"type":"user","message":{"content":"newer"}}"#;
    let reminder = r#"{"type":"last-prompt","lastPrompt":"older"}"#;
    assert_eq!(
        prompt(&format!("{reminder}\n{question}\n")).unwrap(),
        "newer"
    );
    assert_eq!(
        prompt(&format!("{question}\n{reminder}\n")).unwrap(),
        "older"
    );
    let gone = r#"{"type":"last-prompt","leafUuid":"x"}"#;
    assert_eq!(prompt(&format!("{question}\n{gone}\n")).unwrap(), "newer");
}

#[test]
fn what_the_person_did_not_write_is_no_question() {
    let asked = r#"{"type":"user","message":{"content":"asked"}}"#;
    for aside in [
        r#"{"type":"user","isMeta":true,"message":{"content":"x"}}"#,
        r#"{"type":"user","isSidechain":true,"message":{"content":"x"}}"#,
        r#"{"type":"user","isCompactSummary":true,"message":{"content":"x"}}"#,
        r#"{"type":"user","message":{"content":[{"type":"tool_result","content":"x"}]}}"#,
        r#"{"type":"user","message":{"content":[{"type":"tool_result"},{"type":"text","text":"x"}]}}"#,
        r#"{"type":"user","message":{"content":"<command-name>/clear</command-name>"}}"#,
        r#"{"type":"user","message":{"content":"<local-command-stdout>x</local-command-stdout>"}}"#,
        r#"{"type":"user","message":{"content":[{"type":"text","text":"<system-reminder>x"}]}}"#,
        r#"{"type":"user","message":{"content":[{"type":"text","text":"[Request interrupted by user]"}]}}"#,
        r#"{"type":"user","message":{"content":"<task-notification>x"}}"#,
        r#"{"type":"user","message":{"content":[{"type":"image","source":{"data":"aGk="}}]}}"#,
        r#"{"type":"user","message":{"content":"  "}}"#,
        r#"{"type":"user","message":null}"#,
        r#"{"type":"user","message":"x"}"#,
    ] {
        assert_eq!(
            prompt(&format!("{asked}\n{aside}\n")).as_deref(),
            Some("asked"),
            "{aside}"
        );
    }
}

#[test]
fn a_question_in_blocks_keeps_what_the_person_wrote() {
    let line = r#"{"type":"user","message":{"content":[{"type":"text","text":"<ide_opened_file>a.rs</ide_opened_file>"},{"type":"image"},{"type":"text","text":"why?"}]}}"#;
    assert_eq!(prompt(line).unwrap(), "why?");
}

#[test]
fn an_answer_is_joined_from_the_lines_of_one_message() {
    let earlier = r#"{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"not this. "}]}}"#;
    let first =
        r#"{"type":"assistant","message":{"id":"m2","content":[{"type":"text","text":"one "}]}}"#;
    let tool =
        r#"{"type":"assistant","message":{"id":"m2","content":[{"type":"tool_use","input":{}}]}}"#;
    let second =
        r#"{"type":"assistant","message":{"id":"m2","content":[{"type":"text","text":"two"}]}}"#;
    let lines = [earlier, first, tool, second].join("\n");
    assert_eq!(answer(&lines).unwrap(), "one two");
    let interrupted = r#"{"type":"assistant","message":{"model":"<synthetic>","content":[{"type":"text","text":"No response requested."}]}}"#;
    assert_eq!(
        answer(&format!("{lines}\n{interrupted}")).unwrap(),
        "one two"
    );
    let subagent = r#"{"type":"assistant","isSidechain":true,"message":{"content":"sub"}}"#;
    assert_eq!(answer(&format!("{lines}\n{subagent}")).unwrap(), "one two");
}

fn said_in(message: &str, text: &str) -> String {
    format!(
        r#"{{"type":"assistant","message":{{"id":"{message}","content":[{{"type":"text","text":"{text}"}}]}}}}"#
    )
}

#[test]
fn an_answer_that_a_question_has_closed_does_not_go_on_in_another_part() {
    let question = r#"{"type":"user","message":{"content":"and?"}}"#;
    let older = [said_in("m", "one "), question.to_owned()].join("\n");
    let newer = said_in("m", "two");
    assert_eq!(answer(&format!("{older}\n{newer}")).unwrap(), "two");
    let joined = fold(newer.as_bytes()).before(fold(older.as_bytes()));
    assert_eq!(joined.finish().last_assistant.unwrap(), "two");
}

#[test]
fn a_long_answer_is_cut_without_splitting_a_pair() {
    let long = format!("{}🦀tail", "a".repeat(ASSISTANT_LIMIT - 1));
    let line = format!(r#"{{"type":"assistant","message":{{"content":"{long}"}}}}"#);
    assert_eq!(answer(&line).unwrap(), "a".repeat(ASSISTANT_LIMIT - 1));
}

#[test]
fn the_model_is_never_a_synthetic_one() {
    let real = r#"{"type":"assistant","message":{"model":"claude-x","content":[]}}"#;
    let made_up = r#"{"type":"assistant","message":{"model":"<synthetic>","content":"API Error"}}"#;
    let digest = digest(format!("{real}\n{made_up}\n").as_bytes());
    assert_eq!(digest.model.unwrap(), "claude-x");
    assert_eq!(digest.last_assistant.unwrap(), "API Error");
}

#[test]
fn the_newest_title_of_the_strongest_kind_wins() {
    let message = r#"{"type":"user","uuid":"u1","message":{"content":"x"}}"#;
    let summary = r#"{"type":"summary","summary":"summed","leafUuid":"u1"}"#;
    let foreign = r#"{"type":"summary","summary":"another's","leafUuid":"u2"}"#;
    let generated = r#"{"type":"ai-title","aiTitle":"generated"}"#;
    let agent = r#"{"type":"agent-name","agentName":"agent"}"#;
    let named = r#"{"type":"custom-title","customTitle":"named"}"#;
    let unnamed = r#"{"type":"custom-title","customTitle":""}"#;
    let of = |lines: &[&str]| title(&lines.join("\n"));
    assert_eq!(of(&[foreign, message, foreign]), None);
    assert_eq!(of(&[message, summary, foreign]).unwrap(), "summed");
    assert_eq!(of(&[generated, message, summary]).unwrap(), "generated");
    assert_eq!(of(&[agent, generated, message]).unwrap(), "agent");
    assert_eq!(of(&[named, agent, generated]).unwrap(), "named");
    assert_eq!(of(&[named, generated, unnamed]).unwrap(), "generated");
}

#[test]
fn the_branch_is_the_newest_messages_or_none() {
    let on = |branch: &str| {
        format!(r#"{{"type":"user","gitBranch":"{branch}","cwd":"/{branch}","message":{{}}}}"#)
    };
    let newest = |branch: &str| digest(format!("{}\n{}", on("old"), on(branch)).as_bytes());
    assert_eq!(newest("main").git_branch.unwrap(), "main");
    assert_eq!(newest("main").cwd.unwrap(), "/main");
    assert_eq!(newest("HEAD").git_branch, None);
    assert_eq!(newest("").git_branch, None);
}

#[test]
fn an_away_summary_is_found() {
    let line = r#"{"type":"system","subtype":"away_summary","content":"Two tasks ended."}"#;
    assert_eq!(
        digest(line.as_bytes()).away_summary.unwrap(),
        "Two tasks ended."
    );
}

#[test]
fn a_torn_line_costs_only_itself() {
    let whole = r#"{"type":"user","message":{"content":"whole"}}"#;
    for torn in [
        r#"{"type":"user","message":{"content":"to"#,
        r#""message":{"content":"torn"},"type":"user"}"#,
        r#"{"type":"user","message":{"content":"torn"}} {"#,
        "\0\0\0\0",
        "null",
        "[]",
    ] {
        assert_eq!(
            prompt(&format!("{whole}\n{torn}")).as_deref(),
            Some("whole"),
            "{torn}"
        );
    }
    let after_nuls = format!("\0\0\0{whole}\0");
    assert_eq!(prompt(&after_nuls).unwrap(), "whole");
}

#[test]
fn odd_bytes_and_halves_of_pairs_are_repaired() {
    let bad = b"{\"type\":\"user\",\"ignored\":\"\xff\",\"message\":{\"content\":\"a\xff\xfeb\"}}";
    assert_eq!(digest(bad).last_prompt.unwrap(), "a\u{fffd}\u{fffd}b");
    let ignored = b"{\"type\":\"user\",\"ignored\":\"\xff\",\"message\":{\"content\":\"fine\"}}";
    assert_eq!(digest(ignored).last_prompt.unwrap(), "fine");
    let cut = r#"{"type":"user","message":{"content":"a\ud83d \\ud83d \ud83e\udd80 \udd80"}}"#;
    assert_eq!(prompt(cut).unwrap(), "a\u{fffd} \\ud83d 🦀 \u{fffd}");
}

#[test]
fn fields_of_an_unexpected_type_count_as_absent() {
    let line = r#"{"type":"user","isMeta":"no","cwd":7,"gitBranch":["x"],"uuid":{},"isSidechain":null,"message":{"id":1.5,"content":[1,"x",null,[],{"type":"text","text":"asked"},{"type":"text","text":-1}]}}"#;
    assert_eq!(prompt(line).unwrap(), "asked");
    assert_eq!(digest(line.as_bytes()).cwd, None);
}

#[test]
fn a_subagents_file_and_an_empty_one_are_no_conversation() {
    let side = br#"{"type":"user","isSidechain":true,"message":{"content":"x"}}"#;
    assert_eq!(fold(side).talk(), Talk::SubagentOnly);
    assert_eq!(fold(b"\n").talk(), Talk::Silence);
    assert_eq!(fold(CAPTURED[4]).talk(), Talk::Conversation);
}

#[test]
fn a_lines_directory_is_found_unless_it_is_a_subagents() {
    assert_eq!(
        cwd_of(br#"{"type":"attachment","cwd":"/a b"}"#).unwrap(),
        "/a b"
    );
    assert_eq!(
        cwd_of(br#"{"type":"user","isSidechain":true,"cwd":"/a"}"#),
        None
    );
    assert_eq!(cwd_of(br#"{"type":"user","cwd":""}"#), None);
}

#[test]
fn a_file_name_is_a_conversations_or_not() {
    let id = "086ce0db-50b0-42a3-b30a-e82a2d9c2aac";
    let parsed = TranscriptName::parse(&format!("{id}.jsonl.gz")).unwrap();
    assert_eq!((parsed.id.as_str(), parsed.archived), (id, true));
    assert!(
        !TranscriptName::parse(&format!("{id}.jsonl"))
            .unwrap()
            .archived
    );
    for other in [
        "agent-1234abcd.jsonl",
        "x.jsonl",
        ".jsonl",
        "086ce0db",
        "086ce0db.json",
    ] {
        assert_eq!(TranscriptName::parse(other), None, "{other}");
    }
}

#[test]
fn a_place_can_not_leave_the_projects() {
    let place = |project| Place::new("/c".into(), project, SessionId::parse("086ce0db").unwrap());
    for bad in ["", ".", "..", "a/b", "/", "a\0b"] {
        assert_eq!(place(bad), None, "{bad:?}");
    }
    let path = place("-home").unwrap().archive_path();
    assert_eq!(path, PathBuf::from("/c/projects/-home/086ce0db.jsonl.gz"));
}

/// Every string that the transcript's whole lines hold, joined: what a digest may say.
fn said(transcript: &[u8]) -> String {
    let mut all = String::new();
    let mut values: Vec<serde_json::Value> = transcript
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    while let Some(value) = values.pop() {
        match value {
            serde_json::Value::String(text) => {
                all.push_str(&text);
                all.push('\n');
            }
            serde_json::Value::Array(items) => values.extend(items),
            serde_json::Value::Object(fields) => values.extend(fields.into_iter().map(|it| it.1)),
            serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
            }
        }
    }
    all
}

proptest! {
    #[test]
    fn a_name_is_read_as_it_is_written(name in "([0-9a-f-]{7,10}|agent-[0-9a-f]{8}|.{0,9})(\\.jsonl)?(\\.gz)?", project in ".{0,6}") {
        if let Some(read) = TranscriptName::parse(&name)
            && let Some(place) = Place::new("/c".into(), &project, read.id)
        {
            let written = if read.archived { place.archive_name() } else { place.transcript_name() };
            prop_assert_eq!(written, name);
            prop_assert_eq!(place.transcript_path().components().count(), 5);
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        digest(&bytes);
        cwd_of(&bytes);
    }

    #[test]
    fn any_json_like_text_is_survived(
        text in r#"(\{"type":"(user|assistant|summary)",)?[\\u"d8f0{}:,\[\]\n]{0,80}(\})?"#
    ) {
        digest(text.as_bytes());
    }

    #[test]
    fn damage_anywhere_is_survived(file in 0..6usize, at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = CAPTURED[file].to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        digest(&bytes);
    }

    #[test]
    fn a_prefix_says_nothing_that_is_not_in_it(file in 0..6usize, end in any::<usize>()) {
        let bytes = CAPTURED[file];
        let prefix = &bytes[..end % (bytes.len() + 1)];
        let said = said(prefix);
        let digest = digest(prefix);
        for text in [digest.last_prompt, digest.title, digest.model, digest.cwd, digest.git_branch]
            .into_iter()
            .flatten()
        {
            prop_assert!(said.contains(&text), "{text:?}");
        }
    }

    #[test]
    fn two_parts_joined_say_what_the_whole_says(file in 0..6usize, cut in any::<usize>()) {
        let bytes = CAPTURED[file];
        let cut = cut % bytes.len();
        let cut = bytes[..cut].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let (older, newer) = bytes.split_at(cut);
        let joined = fold(newer).before(fold(older));
        prop_assert_eq!(joined.finish(), digest(bytes));
    }

    #[test]
    fn parts_joined_in_any_order_of_lines_say_what_the_whole_says(
        picks in proptest::collection::vec(0..7usize, 0..12),
        cuts in (any::<usize>(), any::<usize>()),
    ) {
        let kinds = [
            said_in("m", "one "),
            said_in("m", "two"),
            said_in("n", "one "),
            r#"{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","input":{}}]}}"#.to_owned(),
            r#"{"type":"assistant","message":{"id":"n","content":[]}}"#.to_owned(),
            r#"{"type":"assistant","message":{"content":"no id"}}"#.to_owned(),
            r#"{"type":"user","message":{"content":"what?"}}"#.to_owned(),
        ];
        let lines: Vec<&str> = picks.iter().map(|pick| kinds[*pick].as_str()).collect();
        let first = cuts.0 % (lines.len() + 1);
        let second = first + cuts.1 % (lines.len() - first + 1);
        let part = |lines: &[&str]| fold(lines.join("\n").as_bytes());
        let (a, b, c) = (&lines[..first], &lines[first..second], &lines[second..]);
        let whole = part(&lines).finish();
        prop_assert_eq!(part(c).before(part(b)).before(part(a)).finish(), whole.clone());
        prop_assert_eq!(part(c).before(part(b).before(part(a))).finish(), whole);
    }
}
