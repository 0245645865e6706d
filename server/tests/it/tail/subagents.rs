//! The transcripts of a conversation's subagents: which are found, and what of them is read.

use std::{
    fs::{self, File, FileTimes},
    os::unix::fs::symlink,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use session_core::{
    id::UnixMillis,
    transcript::tail::{Tail, Turn},
};
use session_manager::observe::transcript::{Transcripts, tail_cache::TailCache};

use super::append;
use crate::test_claude::{ID, OTHER_ID, PROJECT, TestClaude};

fn line(conversation: &str, kind: &str, content: &str) -> String {
    let message = format!(r#"{{"id":"m","content":{content}}}"#);
    format!(
        r#"{{"type":"{kind}","isSidechain":true,"sessionId":"{conversation}","message":{message}}}"#
    ) + "\n"
}

fn prompt(conversation: &str) -> String {
    line(conversation, "user", r#""look""#)
}

fn call(conversation: &str, command: &str) -> String {
    let input = format!(r#"{{"command":"{command}"}}"#);
    let call = format!(r#"[{{"type":"tool_use","id":"t","name":"Bash","input":{input}}}]"#);
    line(conversation, "assistant", &call)
}

/// The directory that 2.1 makes for a conversation's subagents.
fn nest() -> String {
    format!("{PROJECT}/{ID}/subagents")
}

fn names(claude: &TestClaude, since: UnixMillis) -> Vec<String> {
    let found = Transcripts::at(claude.config()).subagents(&claude.place(), since);
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    found.iter().map(|it| name(&it.path())).collect()
}

fn tails(claude: &TestClaude, cache: &TailCache) -> Vec<Arc<Tail>> {
    let transcripts = Transcripts::at(claude.config());
    let found = transcripts.subagents(&claude.place(), UnixMillis(0));
    let tail = |it| cache.of_subagent(&transcripts, it).unwrap();
    found.iter().map(tail).collect()
}

fn changed(path: &Path, at: u64) {
    let file = File::options().write(true).open(path).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(at);
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn a_subagents_call_is_read_as_it_is_written() {
    let claude = TestClaude::new();
    let cache = TailCache::new();
    assert!(tails(&claude, &cache).is_empty());
    let path = claude.write(&nest(), "agent-a1.jsonl", prompt(ID).as_bytes());
    let [first] = &*tails(&claude, &cache) else {
        panic!("not one");
    };
    assert_eq!(first.turn(), Turn::Model);
    assert!(Arc::ptr_eq(first, &tails(&claude, &cache)[0]));
    append(&path, call(ID, "ls").as_bytes());
    let second = &tails(&claude, &cache)[0];
    assert_eq!(second.turn(), Turn::Tools);
    assert_eq!(second.open()[0].ask.subject(), "ls");
}

#[test]
fn the_youngest_are_listed_and_none_from_before() {
    let claude = TestClaude::new();
    for number in 1..=12 {
        let path = claude.write(&nest(), &format!("agent-{number}.jsonl"), b"");
        changed(&path, number * 1_000);
    }
    let youngest: Vec<_> = { (5..=12).rev() }
        .map(|number| format!("agent-{number}.jsonl"))
        .collect();
    assert_eq!(names(&claude, UnixMillis(0)), youngest);
    assert_eq!(
        names(&claude, UnixMillis(11_000)),
        ["agent-12.jsonl", "agent-11.jsonl"]
    );
}

#[test]
fn links_and_other_files_are_no_subagents() {
    let claude = TestClaude::new();
    let elsewhere = claude.write("-elsewhere", "agent-x.jsonl", prompt(ID).as_bytes());
    let real = claude.write(&nest(), "agent-a1.jsonl", b"");
    for other in ["agent-a1.meta.json", "agent-a1.jsonl.gz", "a1.jsonl"] {
        claude.write(&nest(), other, b"");
    }
    symlink(&elsewhere, real.with_file_name("agent-link.jsonl")).unwrap();
    fs::create_dir(real.with_file_name("agent-directory.jsonl")).unwrap();
    assert_eq!(names(&claude, UnixMillis(0)), ["agent-a1.jsonl"]);
    // Nor is one that is replaced by a link after it was listed.
    let transcripts = Transcripts::at(claude.config());
    let found = transcripts.subagents(&claude.place(), UnixMillis(0));
    fs::remove_file(&real).unwrap();
    symlink(&elsewhere, &real).unwrap();
    assert_eq!(TailCache::new().of_subagent(&transcripts, &found[0]), None);
    let nest = real.parent().unwrap();
    fs::remove_dir_all(nest).unwrap();
    symlink(elsewhere.parent().unwrap(), nest).unwrap();
    assert!(names(&claude, UnixMillis(0)).is_empty());
}

#[test]
fn beside_the_transcript_only_the_conversations_own_say_anything() {
    let claude = TestClaude::new();
    let cache = TailCache::new();
    let mine = [prompt(ID), call(ID, "ls")].concat();
    let path = claude.write(PROJECT, "agent-1a2b3c4.jsonl", mine.as_bytes());
    changed(&path, 2_000);
    let others = [prompt(OTHER_ID), call(OTHER_ID, "rm")].concat();
    let path = claude.write(PROJECT, "agent-5d6e7f8.jsonl", others.as_bytes());
    changed(&path, 1_000);
    let [own, foreign] = &*tails(&claude, &cache) else {
        panic!("not two");
    };
    assert_eq!(own.open()[0].ask.subject(), "ls");
    assert_eq!(foreign.turn(), Turn::Silent);
    // From 2.1 on there is a directory, and nothing is looked for beside.
    claude.write(&nest(), "agent-a1.jsonl", b"");
    assert_eq!(names(&claude, UnixMillis(0)), ["agent-a1.jsonl"]);
}
