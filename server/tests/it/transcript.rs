//! Transcripts in a temporary configuration directory: found, read, listed, and refused where they are no files.

use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
};

use proptest::{collection::vec, prelude::*, sample::Index};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use session_core::{id::UnixMillis, transcript::Talk};
use session_manager::observe::transcript::{
    Transcript, Transcripts, digest_cache::DigestCache, reading::Reading,
};

use crate::{
    test_claude::{CAPTURED, ID, OTHER_ID, PROJECT, TestClaude, age, gzip, id},
    unprivileged,
};

const CWD_OF_PROJECT: &str = "/home/dev/work/p1";

fn find(claude: &TestClaude, cwd: Option<&str>) -> Option<Transcript> {
    Transcripts::at(claude.config()).find(&id(ID), cwd).unwrap()
}

fn read(claude: &TestClaude) -> Result<Reading, String> {
    let transcripts = Transcripts::at(claude.config());
    let transcript = transcripts.find(&id(ID), None).unwrap().unwrap();
    transcripts
        .digest(&transcript)
        .map_err(|error| error.to_string())
}

fn refused(claude: &TestClaude, why: &str) {
    let transcripts = Transcripts::at(claude.config());
    let transcript = transcripts.find(&id(ID), None).unwrap().unwrap();
    let sentence = transcripts.digest(&transcript).unwrap_err().to_string();
    assert!(sentence.contains(why), "{sentence}");
    assert!(
        sentence.contains(ID) && sentence.ends_with('.'),
        "{sentence}"
    );
    assert_eq!(
        transcripts.first_cwd(&transcript).unwrap_err().to_string(),
        sentence
    );
}

fn user(text: &str) -> String {
    format!(r#"{{"type":"user","cwd":"/a","gitBranch":"main","message":{{"content":"{text}"}}}}"#)
}

fn prompt(reading: &Reading) -> Option<&str> {
    reading.digest.last_prompt.as_deref()
}

#[test]
fn the_exact_directory_is_looked_at_first_and_then_all_others() {
    let claude = TestClaude::new();
    let elsewhere = claude.write("-elsewhere", &format!("{ID}.jsonl"), b"newer");
    assert_eq!(find(&claude, Some(CWD_OF_PROJECT)).unwrap().path, elsewhere);
    let exact = claude.transcript(b"older");
    age(&exact, 1);
    assert_eq!(find(&claude, Some(CWD_OF_PROJECT)).unwrap().path, exact);
    assert_eq!(find(&claude, None).unwrap().path, elsewhere);
}

#[test]
fn what_is_not_archived_wins() {
    let claude = TestClaude::new();
    let archive = claude.archive(b"x");
    let found = find(&claude, Some(CWD_OF_PROJECT)).unwrap();
    assert!(found.archived && found.path == archive);
    let elsewhere = claude.write("-elsewhere", &format!("{ID}.jsonl"), b"x");
    age(&elsewhere, 9);
    assert_eq!(find(&claude, Some(CWD_OF_PROJECT)).unwrap().path, elsewhere);
    let beside = claude.transcript(b"x");
    let found = find(&claude, Some(CWD_OF_PROJECT)).unwrap();
    assert!(!found.archived && found.path == beside);
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let claude = TestClaude::new();
    assert_eq!(find(&claude, Some(CWD_OF_PROJECT)), None);
    claude.write(PROJECT, &format!("{OTHER_ID}.jsonl"), b"x");
    assert_eq!(find(&claude, None), None);
    let missing = Transcripts::at(&claude.config().join("missing"));
    assert_eq!(missing.find(&id(ID), None).unwrap(), None);
    assert!(
        missing
            .recent(UnixMillis(0), &DigestCache::new())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_captured_transcript_reads_the_same_plain_and_archived() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    let plain = read(&claude).unwrap();
    assert_eq!(plain.digest.title.as_deref(), Some("my-nice-name"));
    assert_eq!(plain.talk, Talk::Conversation);
    fs::remove_file(path).unwrap();
    claude.archive(CAPTURED);
    let archived = read(&claude).unwrap();
    assert_eq!(archived, plain);
}

#[test]
fn the_first_directory_is_the_one_it_was_started_in() {
    let claude = TestClaude::new();
    let moved = r#"{"type":"user","cwd":"/moved"}"#;
    let content = format!("{{\"type\":\"mode\"}}\n{}\n{moved}\n", user("x"));
    claude.transcript(content.as_bytes());
    let transcripts = Transcripts::at(claude.config());
    let first = || {
        let found = transcripts.find(&id(ID), None).unwrap().unwrap();
        transcripts.first_cwd(&found).unwrap()
    };
    assert_eq!(first().unwrap(), "/a");
    fs::remove_file(claude.place().transcript_path()).unwrap();
    claude.archive(content.as_bytes());
    assert_eq!(first().unwrap(), "/a");
    claude.archive(b"{}\n");
    assert_eq!(first(), None);
}

#[test]
fn a_line_of_20_mb_is_passed_over() {
    let claude = TestClaude::new();
    let huge = user(&"x".repeat(20 << 20));
    claude.transcript(format!("{}\n{huge}\n{{\"type\":\"mode\"}}\n", user("before")).as_bytes());
    let reading = read(&claude).unwrap();
    assert_eq!(prompt(&reading), Some("before"));
    assert!(!reading.whole);
    claude.transcript(huge.as_bytes());
    assert_eq!(prompt(&read(&claude).unwrap()), None);
}

#[test]
fn torn_lines_odd_bytes_and_nuls_cost_only_themselves() {
    let claude = TestClaude::new();
    let mut content = user("asked").into_bytes();
    content.extend_from_slice(b"\n\xff\xfe not json \xff\n\0\0\0\0\0\n{\"type\":\"user\",\"mess");
    claude.transcript(&content);
    assert_eq!(prompt(&read(&claude).unwrap()), Some("asked"));
    claude.transcript(b"");
    assert_eq!(prompt(&read(&claude).unwrap()), None);
}

#[test]
fn a_damaged_archive_tells_what_could_be_read() {
    let claude = TestClaude::new();
    let mut content = format!("{}\n", user("early"));
    // Not compressible, so that half of the archive is half of the transcript.
    let mut state = 1_u32;
    while content.len() < 1 << 20 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        content.push_str(&format!("{{\"noise\":\"{state:x}\"}}\n"));
    }
    content.push_str(&user("late"));
    let mut archive = gzip(content.as_bytes());
    archive.truncate(archive.len() / 2);
    claude.write(PROJECT, &format!("{ID}.jsonl.gz"), &archive);
    let reading = read(&claude).unwrap();
    assert_eq!(prompt(&reading), Some("early"));
    assert!(reading.note.unwrap().contains("damaged"));
    for content in [&b"no gzip at all"[..], b"", b"\x1f"] {
        claude.write(PROJECT, &format!("{ID}.jsonl.gz"), content);
        assert!(read(&claude).unwrap().note.is_some(), "{content:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happened_to_an_archive_it_is_read_right_or_said_to_be_damaged(
        cut in proptest::option::of(any::<Index>()),
        changes in vec((any::<Index>(), any::<u8>()), 0..4),
        more in vec(any::<u8>(), 0..4),
    ) {
        let claude = TestClaude::new();
        claude.archive(CAPTURED);
        let whole = read(&claude).unwrap();
        let mut archive = gzip(CAPTURED);
        for (at, byte) in &changes {
            let at = at.index(archive.len());
            archive[at] = *byte;
        }
        archive.truncate(cut.map_or(archive.len(), |cut| cut.index(archive.len())));
        archive.extend(more);
        claude.write(PROJECT, &format!("{ID}.jsonl.gz"), &archive);
        let reading = read(&claude).unwrap();
        prop_assert!(reading.note.is_some() || reading == whole, "{reading:?}");
        prop_assert!(reading.note.is_none() || !reading.whole);
    }
}

#[test]
fn what_is_no_file_is_refused_without_waiting() {
    let claude = TestClaude::new();
    let path = claude.project(PROJECT).join(format!("{ID}.jsonl"));
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    refused(&claude, "FIFO");
    fs::remove_file(&path).unwrap();
    let target = claude.write("-elsewhere", "target", CAPTURED);
    symlink(target, &path).unwrap();
    refused(&claude, "symbolic link");
    fs::remove_file(&path).unwrap();
    symlink("/dev/zero", &path).unwrap();
    refused(&claude, "symbolic link");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused(&claude, "directory");
}

#[test]
fn a_linked_project_is_not_entered() {
    let claude = TestClaude::new();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join(format!("{ID}.jsonl")), CAPTURED).unwrap();
    symlink(
        outside.path(),
        claude.config().join("projects").join(PROJECT),
    )
    .unwrap();
    assert_eq!(find(&claude, Some(CWD_OF_PROJECT)), None);
    assert!(recent(&claude, 0).is_empty());
}

#[test]
fn what_there_is_no_permission_to_read_is_refused() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(claude.config(), fs::Permissions::from_mode(0o755)).unwrap();
    let sentence = unprivileged::run(|| read(&claude).unwrap_err());
    assert!(sentence.contains("no permission"), "{sentence}");
    assert!(unprivileged::run(|| recent(&claude, 0)).is_empty());
}

fn recent(claude: &TestClaude, since: u64) -> Vec<(String, Option<String>)> {
    let cache = DigestCache::new();
    let list = || {
        let listed = Transcripts::at(claude.config())
            .recent(UnixMillis(since), &cache)
            .unwrap();
        listed
            .into_iter()
            .map(|it| (it.transcript.id().to_string(), it.brief.last_prompt.clone()))
            .collect::<Vec<_>>()
    };
    let first = list();
    // From memory it must read the same.
    assert_eq!(list(), first);
    first
}

#[test]
fn the_recent_are_conversations_newest_first() {
    let claude = TestClaude::new();
    let third = "33333333-0000-4000-8000-000000000000";
    let old = claude.write("-b", &format!("{OTHER_ID}.jsonl"), user("old").as_bytes());
    age(&old, 3);
    let ancient = claude.write("-b", &format!("{third}.jsonl"), user("ancient").as_bytes());
    age(&ancient, 30);
    claude.transcript(user("new").as_bytes());
    age(&claude.archive(user("archived").as_bytes()), 1);
    claude.write("-b", "agent-1234abcd.jsonl", user("agent").as_bytes());
    claude.write("-b", "44444444.jsonl", b"");
    let side = r#"{"type":"user","isSidechain":true,"message":{"content":"x"}}"#;
    claude.write("-b", "55555555.jsonl", side.as_bytes());
    claude.write("-b", "66666666.jsonl.tmp", user("temporary").as_bytes());
    let days = |count: u128| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        u64::try_from(now - count * 86_400_000).unwrap()
    };
    let new = (ID.to_owned(), Some("new".to_owned()));
    let old = (OTHER_ID.to_owned(), Some("old".to_owned()));
    assert_eq!(recent(&claude, days(7)), [new.clone(), old]);
    assert_eq!(recent(&claude, days(2)), [new]);
}

#[test]
fn a_row_costs_its_ends_only_and_is_read_again_once_it_changed() {
    let claude = TestClaude::new();
    let title = r#"{"type":"ai-title","aiTitle":"the title"}"#;
    let noise = format!("{{\"noise\":\"{}\"}}\n", "x".repeat(1 << 10)).repeat(3 << 10);
    let path = claude.transcript(format!("{title}\n{noise}{}\n", user("asked")).as_bytes());
    let cache = DigestCache::new();
    let transcripts = Transcripts::at(claude.config());
    let brief = || {
        let found = transcripts.find(&id(ID), None).unwrap().unwrap();
        transcripts.brief(&found, &cache).unwrap()
    };
    let first = brief();
    assert_eq!(first.title.as_deref(), Some("the title"));
    assert_eq!(first.last_prompt.as_deref(), Some("asked"));
    assert_eq!(first.git_branch.as_deref(), Some("main"));
    let mut file = fs::File::options().append(true).open(path).unwrap();
    file.write_all(user("again").as_bytes()).unwrap();
    assert_eq!(brief().last_prompt.as_deref(), Some("again"));
}

#[test]
fn the_first_question_is_not_taken_for_the_last_where_the_middle_was_not_read() {
    let claude = TestClaude::new();
    let tool = format!(
        r#"{{"type":"user","message":{{"content":[{{"type":"tool_result","content":"{}"}}]}}}}"#,
        "x".repeat(1 << 10)
    );
    let tail = format!("{tool}\n").repeat(600);
    claude.transcript(format!("{}\n{}\n{tail}", user("first"), user("last")).as_bytes());
    let transcripts = Transcripts::at(claude.config());
    let found = transcripts.find(&id(ID), None).unwrap().unwrap();
    let brief = transcripts.brief(&found, &DigestCache::new()).unwrap();
    assert_eq!(
        (&brief.last_prompt, brief.cwd.as_deref()),
        (&None, Some("/a"))
    );
    assert_eq!(prompt(&read(&claude).unwrap()), Some("last"));
}

#[test]
fn a_conversation_that_ends_in_a_long_subagent_is_still_one() {
    let claude = TestClaude::new();
    let side = r#"{"type":"user","isSidechain":true,"message":{"content":"x"}}"#;
    let sides = format!("{side}\n").repeat(20_000);
    claude.transcript(format!("{}\n{sides}", user("asked")).as_bytes());
    claude.write("-b", "55555555.jsonl", sides.as_bytes());
    assert_eq!(recent(&claude, 0), [(ID.to_owned(), None)]);
}
