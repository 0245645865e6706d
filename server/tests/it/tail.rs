//! The end of a transcript, read as it grows, is cut, or becomes another file.

mod subagents;

use std::{
    fs::{self, File},
    io::{Seek, SeekFrom, Write},
    path::Path,
    sync::Arc,
};

use session_core::{
    ask::Ask,
    transcript::tail::{Tail, Turn, background::TaskKind},
};
use session_manager::observe::transcript::{
    Transcript, Transcripts, tail::Known, tail_cache::TailCache,
};

use crate::test_claude::{CAPTURED, ID, PROJECT, TestClaude, age, id};

const PROMPT: &str = r#"{"type":"user","message":{"content":"go"}}"#;
const CALL: &str = r#"{"type":"assistant","message":{"id":"m","content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"ls"}}]}}"#;
const RESULT: &str =
    r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t"}]}}"#;
const DONE: &str =
    r#"{"type":"assistant","message":{"id":"n","stop_reason":"end_turn","content":"done"}}"#;

fn find(claude: &TestClaude) -> Transcript {
    Transcripts::at(claude.config())
        .find(&id(ID), None)
        .unwrap()
        .unwrap()
}

fn read(claude: &TestClaude, known: Option<Known>) -> Known {
    Transcripts::at(claude.config())
        .tail(&find(claude), known)
        .unwrap()
}

fn append(path: &Path, bytes: &[u8]) {
    let mut file = File::options().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

fn whole(bytes: &[u8]) -> Tail {
    let mut tail = Tail::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        tail.line(line);
    }
    tail
}

#[test]
fn growth_in_pieces_says_what_the_whole_says() {
    for size in [700, 10_007, 70_000] {
        let claude = TestClaude::new();
        let path = claude.transcript(b"");
        let mut known = read(&claude, None);
        let mut written = Vec::new();
        for piece in CAPTURED.chunks(size) {
            append(&path, piece);
            written.extend_from_slice(piece);
            known = read(&claude, Some(known));
            let finished = written.iter().rposition(|byte| *byte == b'\n');
            let lines = &written[..finished.map_or(0, |at| at + 1)];
            assert_eq!(**known.tail(), whole(lines));
        }
    }
}

#[test]
fn a_torn_line_counts_once_it_is_whole() {
    let claude = TestClaude::new();
    let (start, end) = CALL.split_at(40);
    let path = claude.transcript(format!("{PROMPT}\n{start}").as_bytes());
    let known = read(&claude, None);
    assert_eq!(known.tail().turn(), Turn::Model);
    append(&path, end.as_bytes());
    let known = read(&claude, Some(known));
    assert_eq!(known.tail().turn(), Turn::Model);
    append(&path, b"\n");
    let known = read(&claude, Some(known));
    assert_eq!(known.tail().turn(), Turn::Tools);
    assert_eq!(known.tail().open()[0].ask.subject(), "ls");
}

#[test]
fn a_file_that_was_cut_or_written_over_is_read_anew() {
    let claude = TestClaude::new();
    let path = claude.transcript(format!("{PROMPT}\n{CALL}\n{RESULT}\n{DONE}\n").as_bytes());
    let known = read(&claude, None);
    assert_eq!(known.tail().turn(), Turn::Done);
    let file = File::options().write(true).open(&path).unwrap();
    let shorter = (PROMPT.len() + CALL.len() + 2) as u64;
    file.set_len(shorter).unwrap();
    let known = read(&claude, Some(known));
    assert_eq!(known.tail().turn(), Turn::Tools);
    // Cut and grown beyond the place where reading would go on.
    file.set_len(0).unwrap();
    let text = "x".repeat(1_000);
    append(
        &path,
        format!("{}\n{DONE}\n", PROMPT.replace("go", &text)).as_bytes(),
    );
    let known = read(&claude, Some(known));
    assert_eq!(known.tail().turn(), Turn::Done);
    assert!(known.tail().open().is_empty());
}

#[test]
fn another_file_under_the_same_name_is_read_anew() {
    let claude = TestClaude::new();
    let path = claude.transcript(format!("{PROMPT}\n{CALL}\n").as_bytes());
    let known = read(&claude, None);
    let other = claude.write(
        PROJECT,
        "other",
        format!("{PROMPT}\n{CALL}\n{PROMPT}\n").as_bytes(),
    );
    fs::rename(other, path).unwrap();
    let known = read(&claude, Some(known));
    assert_eq!(known.tail().turn(), Turn::Model);
}

#[test]
fn the_end_of_300_mb_is_read_like_any_other() {
    let claude = TestClaude::new();
    let path = claude.transcript(b"");
    let mut file = File::options().write(true).open(&path).unwrap();
    file.seek(SeekFrom::Start(300 << 20)).unwrap();
    file.write_all(format!("\n{PROMPT}\n{CALL}\n").as_bytes())
        .unwrap();
    let known = read(&claude, None);
    assert_eq!(known.tail().turn(), Turn::Tools);
    append(&path, format!("{RESULT}\n").as_bytes());
    assert_eq!(read(&claude, Some(known)).tail().turn(), Turn::Model);
}

#[test]
fn nuls_and_odd_bytes_cost_only_their_line() {
    let claude = TestClaude::new();
    let mut content = format!("{PROMPT}\n").into_bytes();
    content.extend_from_slice(b"\xff\xfe{\xff\n\0\0\0\0\n\n{}\n\0\0");
    let path = claude.transcript(&content);
    let known = read(&claude, None);
    assert_eq!(known.tail().turn(), Turn::Model);
    append(&path, format!("\0{CALL}\n").as_bytes());
    let known = read(&claude, Some(known));
    assert_eq!(known.tail().turn(), Turn::Tools);
    append(
        &path,
        b"{\"type\":\"user\",\"message\":{\"content\":\"a\xffb\"}}\n",
    );
    assert_eq!(read(&claude, Some(known)).tail().turn(), Turn::Model);
}

#[test]
fn from_memory_it_is_the_same_until_the_file_changes() {
    let claude = TestClaude::new();
    let path = claude.transcript(format!("{PROMPT}\n").as_bytes());
    let (cache, transcripts) = (TailCache::new(), Transcripts::at(claude.config()));
    let get = || cache.get(&transcripts, &find(&claude));
    let first = get().unwrap();
    assert_eq!(first.turn(), Turn::Model);
    assert!(Arc::ptr_eq(&first, &get().unwrap()));
    append(&path, format!("{CALL}\n").as_bytes());
    let second = get().unwrap();
    assert_eq!((first.turn(), second.turn()), (Turn::Model, Turn::Tools));
    // What was found before the last change is read as it is now.
    let stale = find(&claude);
    append(&path, format!("{RESULT}\n").as_bytes());
    age(&path, 1);
    assert_eq!(get().unwrap().turn(), Turn::Model);
    assert_eq!(cache.get(&transcripts, &stale).unwrap().turn(), Turn::Model);
}

#[test]
fn what_is_forgotten_is_read_anew() {
    let claude = TestClaude::new();
    let path = claude.transcript(format!("{PROMPT}\n").as_bytes());
    let (cache, transcripts) = (TailCache::new(), Transcripts::at(claude.config()));
    let get = || cache.get(&transcripts, &find(&claude)).unwrap();
    let first = get();
    cache.forget(&path.with_file_name("another.jsonl"));
    assert!(Arc::ptr_eq(&first, &get()));
    cache.forget(&path);
    assert!(!Arc::ptr_eq(&first, &get()));
}

#[test]
fn there_is_no_end_of_an_archive_or_of_what_is_no_file() {
    let claude = TestClaude::new();
    claude.archive(CAPTURED);
    let (cache, transcripts) = (TailCache::new(), Transcripts::at(claude.config()));
    assert_eq!(cache.get(&transcripts, &find(&claude)), None);
    assert_eq!(read(&claude, None).tail().turn(), Turn::Silent);
    let path = claude.transcript(b"x");
    let found = find(&claude);
    fs::remove_file(&path).unwrap();
    assert_eq!(cache.get(&transcripts, &found), None);
    fs::create_dir(&path).unwrap();
    assert_eq!(cache.get(&transcripts, &find(&claude)), None);
}

#[test]
fn what_was_not_asked_for_longest_makes_room() {
    let claude = TestClaude::new();
    let (cache, transcripts) = (TailCache::new(), Transcripts::at(claude.config()));
    let name = |number: u32| format!("{number:08x}.jsonl");
    let get = |number: u32| {
        let found = transcripts
            .find(&id(&format!("{number:08x}")), Some("/p"))
            .unwrap()
            .unwrap();
        cache.get(&transcripts, &found).unwrap()
    };
    for number in 0..1_025 {
        claude.write("-p", &name(number), format!("{PROMPT}\n").as_bytes());
    }
    let first = get(0);
    let second = get(1);
    for number in 2..1_024 {
        get(number);
    }
    assert!(Arc::ptr_eq(&first, &get(0)));
    get(1_024);
    assert!(Arc::ptr_eq(&first, &get(0)));
    assert!(!Arc::ptr_eq(&second, &get(1)));
}

/// In a terminal, 2.1 gives a prompt back when Esc comes before the first word of the answer, and writes nothing of that; nor
/// does it of a command that a person runs in the session.
const NOT_WRITTEN: [&str; 4] = [
    "after-esc-api",
    "after-esc-retry",
    "print-api-delay",
    "user-shell",
];

#[test]
fn in_every_captured_state_the_end_tells_as_much_as_was_written() {
    let evidence = Path::new(env!("CARGO_MANIFEST_DIR")).join("core/testdata/evidence");
    let mut checked = 0;
    let programs = fs::read_dir(evidence).unwrap().map(|it| it.unwrap().path());
    let states = programs
        .filter(|path| path.is_dir())
        .flat_map(|program| fs::read_dir(program).unwrap())
        .map(|it| it.unwrap().path());
    for state in states {
        let name = state.file_name().unwrap().to_str().unwrap();
        let process = fs::read(state.join("process.json")).unwrap();
        let process: serde_json::Value = serde_json::from_slice(&process).unwrap();
        let claude = TestClaude::new();
        claude.transcript(&fs::read(state.join("tail.jsonl")).unwrap());
        let known = read(&claude, None);
        let tail = known.tail();
        let turn = tail.turn();
        let has = |kind| tail.background().tasks().iter().any(|it| it.kind == kind);
        let fits = match process["state"].as_str().unwrap() {
            _ if NOT_WRITTEN.contains(&name) => true,
            "working" => turn.is_running() || has(TaskKind::Agent),
            "waiting_permission" => turn == Turn::Tools || has(TaskKind::Agent),
            "waiting_input" => {
                matches!(tail.open(), [tool] if matches!(tool.ask, Ask::Questions(_)))
            }
            "idle" => !turn.is_running() && !has(TaskKind::Agent),
            "shell" if name == "background-shell" => turn == Turn::Done && has(TaskKind::Shell),
            // Its start stands before these lines, or before /clear in another file.
            "shell" => !turn.is_running(),
            // A dialog and a stop may come at any moment.
            "waiting_dialog" | "stopped" => true,
            other => panic!("{other}"),
        };
        assert!(fits, "{}: {tail:?}", state.display());
        checked += 1;
    }
    assert!(checked >= 60, "{checked}");
}
