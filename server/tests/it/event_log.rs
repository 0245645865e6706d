//! The event log of a session, over real files.

mod disk;
mod together;

use std::{fs, path::Path};

use proptest::prelude::*;
use session_manager::{
    beneath::Directory,
    event_log::{EventLog, Limits, LogReader},
};
use tempfile::TempDir;
use wire::{Event, NoteCode};

const SMALL: Limits = Limits {
    segment: 1000,
    total: 20_000,
};

fn user(seq: u64, text: &str) -> Event {
    Event::User {
        seq,
        at: 1000 + seq,
        uuid: None,
        text: text.to_owned(),
    }
}

/// Events of these numbers, with texts of different lengths.
fn users(numbers: impl IntoIterator<Item = u64>) -> Vec<Event> {
    let texts = numbers.into_iter();
    texts
        .map(|seq| user(seq, &format!("é\n{}", "x".repeat((seq % 37) as usize))))
        .collect()
}

fn handle(dir: &Path) -> Directory {
    Directory::root(dir).unwrap()
}

fn open(dir: &Path) -> EventLog {
    EventLog::with_limits(handle(dir), SMALL).unwrap()
}

fn write(dir: &Path, numbers: impl IntoIterator<Item = u64>) {
    let events = users(numbers);
    assert_eq!(open(dir).append(&events).unwrap(), events.len());
}

/// Everything after `after`, in small bites.
fn read(dir: &Path, after: u64) -> Vec<Event> {
    let mut reader = LogReader::open(&handle(dir), after).unwrap();
    let mut all = Vec::new();
    loop {
        let events = reader.next(200).unwrap();
        if events.is_empty() {
            return all;
        }
        all.extend(events);
    }
}

/// The segments' paths, the oldest first.
fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir.join("log")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The numbers, and what a note says in their place.
fn told(events: &[Event]) -> Vec<(u64, Option<NoteCode>)> {
    let told = |event: &Event| {
        let code = if let Event::Note { code, .. } = event {
            Some(*code)
        } else {
            None
        };
        (event.seq(), code)
    };
    events.iter().map(told).collect()
}

#[test]
fn what_is_added_is_read_from_any_event_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = open(dir.path());
    assert_eq!((log.last_seq(), read(dir.path(), 0)), (0, vec![]));
    let events = users(1..=100);
    assert_eq!(log.append(&events[..40]).unwrap(), 40);
    assert_eq!(log.append(&[]).unwrap(), 0);
    for event in &events[40..50] {
        assert_eq!(log.append(std::slice::from_ref(event)).unwrap(), 1);
    }
    drop(log);
    let mut log = open(dir.path());
    assert_eq!(log.last_seq(), 50);
    // More than has room in one segment.
    assert_eq!(log.append(&events[50..70]).unwrap(), 20);
    assert!(segments(dir.path()).len() > 3);
    for after in 0..=70 {
        assert_eq!(
            read(dir.path(), after),
            &events[after as usize..70],
            "{after}"
        );
    }
    assert_eq!(read(dir.path(), 71), []);
    log.sync().unwrap();
    // Who has no more to read for now is told of what comes.
    let mut reader = LogReader::open(&handle(dir.path()), 69).unwrap();
    assert_eq!(reader.next(1).unwrap(), &events[69..70]);
    assert_eq!(reader.next(1).unwrap(), []);
    for event in &events[70..] {
        log.append(std::slice::from_ref(event)).unwrap();
        assert_eq!(reader.next(1).unwrap(), std::slice::from_ref(event));
        assert_eq!(reader.next(1).unwrap(), []);
    }
}

#[test]
fn a_number_is_given_in_order_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1..=3);
    for numbers in [vec![3], vec![5], vec![0], vec![4, 6]] {
        let error = open(dir.path()).append(&users(numbers)).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
    assert_eq!(read(dir.path(), 0), users(1..=3));
}

#[test]
fn one_process_writes() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let error = EventLog::open(handle(dir.path())).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    drop(log);
    open(dir.path());
}

#[test]
fn a_crash_at_any_byte_leaves_a_log_that_goes_on() {
    let whole = tempfile::tempdir().unwrap();
    let events = users(1..=30);
    write(whole.path(), 1..=30);
    let segments = segments(whole.path());
    let (last, full) = segments.split_last().unwrap();
    assert!(!full.is_empty());
    let content = fs::read(last).unwrap();
    let before = read_len(full);
    for length in 0..=content.len() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("log")).unwrap();
        let to = |path: &Path| dir.path().join("log").join(path.file_name().unwrap());
        for path in full {
            fs::copy(path, to(path)).unwrap();
        }
        fs::write(to(last), &content[..length]).unwrap();
        let kept = before
            + content[..length]
                .iter()
                .filter(|byte| **byte == b'\n')
                .count();
        assert_eq!(read(dir.path(), 0), &events[..kept], "{length}");
        let mut log = open(dir.path());
        assert_eq!(log.last_seq(), kept as u64);
        assert_eq!(log.append(&events[kept..]).unwrap(), events.len() - kept);
        assert_eq!(read(dir.path(), 0), events);
        let ends = segments_of(dir.path());
        assert!(ends.iter().all(|text| text.ends_with(b"\n")));
    }
}

fn read_len(segments: &[std::path::PathBuf]) -> usize {
    let lines = segments.iter().map(|path| fs::read(path).unwrap());
    lines
        .map(|text| text.iter().filter(|byte| **byte == b'\n').count())
        .sum()
}

fn segments_of(dir: &Path) -> Vec<Vec<u8>> {
    segments(dir)
        .iter()
        .map(|path| fs::read(path).unwrap())
        .collect()
}

#[test]
fn what_is_damaged_is_told_in_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    fs::create_dir(&log).unwrap();
    let line = |seq| serde_json::to_string(&user(seq, "x")).unwrap();
    let of_a_later_version = r#"{"type":"dream","seq":8,"at":1008,"about":"sheep"}"#;
    let long = "x".repeat(5 << 20);
    let lines = [
        line(1),
        "\0\0\0\0".to_owned(),
        line(3),
        line(3),
        line(2),
        r#"{"type":"user","seq":4,"te"#.to_owned(),
        String::new(),
        long,
        line(7),
        of_a_later_version.to_owned(),
        line(9),
        // A power cut: it has arrived as nothing but its length.
        "\0\0\0\0\0\0".to_owned(),
    ];
    let name = log.join("00000000000000000001.jsonl");
    fs::write(&name, lines.join("\n")).unwrap();
    let incomplete = Some(NoteCode::Incomplete);
    let expected = [
        (1, None),
        (2, incomplete),
        (3, None),
        (6, incomplete),
        (7, None),
        (8, incomplete),
        (9, None),
    ];
    assert_eq!(told(&read(dir.path(), 0)), expected);
    assert_eq!(told(&read(dir.path(), 5)), &expected[3..]);
    let Event::Note { at, text, .. } = &read(dir.path(), 3)[0] else {
        panic!("no note");
    };
    assert_eq!(
        (*at, text.as_str()),
        (1007, "Events 4 to 6 are lost, since the log is damaged.")
    );
    let mut log = EventLog::open(handle(dir.path())).unwrap();
    assert_eq!(log.last_seq(), 9);
    log.append(&users([10])).unwrap();
    let read = read(dir.path(), 0);
    assert_eq!(told(&read[..7]), expected);
    assert_eq!(read[7..], users([10]));
}

#[test]
fn a_segment_that_is_missing_or_ends_torn_is_told() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), 1..=45);
    let paths = segments(dir.path());
    assert!(paths.len() > 3);
    let first = |path: &Path| {
        path.file_stem()
            .unwrap()
            .to_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    fs::remove_file(&paths[1]).unwrap();
    let torn = fs::read(&paths[2]).unwrap();
    fs::write(&paths[2], &torn[..torn.len() - 5]).unwrap();
    let (lost, next) = (first(&paths[2]) - 1, first(&paths[3]));
    let notes: Vec<_> = told(&read(dir.path(), 0))
        .into_iter()
        .filter(|(_, code)| code.is_some())
        .collect();
    let incomplete = Some(NoteCode::Incomplete);
    assert_eq!(notes, [(lost, incomplete), (next - 1, incomplete)]);
}

#[test]
fn the_oldest_are_dropped_and_it_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let mut late = None;
    for seq in 1..=600 {
        write(dir.path(), [seq]);
        if seq == 2 {
            let mut reader = LogReader::open(&handle(dir.path()), 0).unwrap();
            assert_eq!(reader.next(1).unwrap(), users([1]));
            late = Some(reader);
        }
        let bytes: usize = segments_of(dir.path()).iter().map(Vec::len).sum();
        assert!(bytes <= 20_000, "{seq}: {bytes}");
    }
    let kept = segments(dir.path())[0].file_stem().unwrap().to_owned();
    let first: u64 = kept.to_str().unwrap().parse().unwrap();
    assert!(first > 100);
    for after in [0, 1, first - 2] {
        let events = read(dir.path(), after);
        assert_eq!(told(&events)[0], (first - 1, Some(NoteCode::Dropped)));
        assert_eq!(events[1..], users(first..=600));
    }
    assert_eq!(read(dir.path(), first - 1), users(first..=600));
    // Who is in the middle of what is dropped reads it to its end.
    let mut late = late.unwrap();
    let mut seen = Vec::new();
    while let Some(event) = late.next(1).unwrap().into_iter().next() {
        seen.push(event);
        seen.extend(late.next(1).unwrap());
    }
    let notes: Vec<_> = told(&seen)
        .into_iter()
        .filter(|(_, code)| code.is_some())
        .collect();
    assert_eq!(notes, [(first - 1, Some(NoteCode::Dropped))]);
    assert_eq!(seen.first(), users([2]).first());
    assert_eq!(seen.last(), users([600]).first());
}

#[test]
fn where_there_is_no_log_nobody_reads() {
    let dir = tempfile::tempdir().unwrap();
    let error = LogReader::open(&handle(dir.path()), 0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}

/// What happens to a log.
#[derive(Clone, Debug)]
enum Step {
    /// So many events of these lengths at once.
    Append(Vec<usize>),
    Reopen,
    /// So much of the last line has not arrived.
    Tear(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let lengths = proptest::collection::vec(0_usize..1500, 0..8);
    prop_oneof![
        4 => lengths.prop_map(Step::Append),
        1 => Just(Step::Reopen),
        1 => (1_usize..400).prop_map(Step::Tear),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_numbers_go_on(
        steps in proptest::collection::vec(step(), 1..30),
        bite in 1_usize..3000,
        after in 0_u64..40,
    ) {
        let limits = Limits { segment: 2000, total: u64::MAX };
        let dir = tempfile::tempdir().unwrap();
        let open = || EventLog::with_limits(handle(dir.path()), limits).unwrap();
        let mut log = open();
        let mut all = Vec::new();
        let mut reader = LogReader::open(&handle(dir.path()), after).unwrap();
        let mut seen = Vec::new();
        for step in steps {
            match step {
                Step::Append(lengths) => {
                    let numbers = all.len() as u64 + 1..;
                    let events: Vec<_> = numbers.zip(lengths).map(|(seq, length)| user(seq, &"x".repeat(length))).collect();
                    prop_assert_eq!(log.append(&events).unwrap(), events.len());
                    all.extend(events);
                }
                Step::Reopen => {
                    drop(log);
                    log = open();
                }
                Step::Tear(bytes) => {
                    drop(log);
                    if let Some(newest) = segments(dir.path()).last() {
                        let text = fs::read(newest).unwrap();
                        let line = text.iter().rev().skip(1).take_while(|byte| **byte != b'\n').count() + 1;
                        // What somebody has read is not taken back.
                        if text.len() > 1 && (seen.len() as u64 + after) < all.len() as u64 {
                            let bytes = bytes.min(line);
                            fs::write(newest, &text[..text.len() - bytes]).unwrap();
                            all.pop();
                        }
                    }
                    log = open();
                }
            }
            prop_assert_eq!(log.last_seq(), all.len() as u64);
            seen.extend(reader.next(bite).unwrap());
        }
        loop {
            let events = reader.next(bite).unwrap();
            if events.is_empty() {
                break;
            }
            seen.extend(events);
        }
        let expected = all.get(after as usize..).unwrap_or_default();
        prop_assert_eq!(seen, expected);
    }
}
