//! Two servers of one user write at once, and files are put aside under them.

use std::collections::BTreeSet;

use super::*;
use crate::again;

/// Each of the two writes so many entries, of more than a kilobyte each: they fill two files and a part of a third.
const EACH: usize = 1000;

fn write(directory: &Path, word: &str) {
    let log = AuditLog::at(StateDir::at(directory));
    for number in 0..EACH {
        let outcome = Outcome {
            word: word.to_owned(),
            detail: Some(format!("{number} {}", "x".repeat(1000))),
        };
        let record = log.begin(deed(), Some(number.to_string()));
        assert_eq!(record.end(outcome), None);
    }
}

#[test]
fn two_at_once_lose_nothing_and_tear_nothing() {
    const TEST: &str = "audit::writers::two_at_once_lose_nothing_and_tear_nothing";
    if let Some((word, directory)) = again::part() {
        write(&directory, &word);
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("state");
    std::thread::scope(|scope| {
        for word in ["one", "other"] {
            let directory = &directory;
            scope.spawn(move || {
                let output = again::run(TEST, word, directory);
                assert!(output.status.success(), "{output:?}");
            });
        }
    });
    // Nothing is torn: each line is whole, and no file is longer than it may be.
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "jsonl")
        {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.len() <= 1 << 20, "{}", path.display());
            for line in text.lines() {
                serde_json::from_str::<Value>(line).unwrap();
            }
            names.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
        }
    }
    let expected = ["audit.jsonl", "audit.1.jsonl", "audit.2.jsonl"];
    assert_eq!(names, expected.map(str::to_owned).into());
    // Nothing is lost: every entry is told once, with its end, in an order that both kept to.
    let log = AuditLog::at(StateDir::at(&directory));
    let mut before = None;
    let mut told = Vec::new();
    loop {
        let page = wire::Page { limit: 300, before };
        let audit = log.page(page).unwrap();
        assert!(audit.entries.len() <= 300);
        told.extend(audit.entries);
        if !audit.more {
            break;
        }
        before = told.last().map(|entry| entry.id.parse().unwrap());
    }
    assert_eq!(told.len(), 2 * EACH);
    let ids: Vec<u64> = told.iter().map(|entry| entry.id.parse().unwrap()).collect();
    assert!(ids.is_sorted_by(|a, b| a > b));
    for word in ["one", "other"] {
        let of_one = told.iter().rev();
        let plans = of_one
            .filter(|entry| entry.outcome.as_deref() == Some(word))
            .map(|entry| entry.plan.clone().unwrap());
        let expected = (0..EACH).map(|number| number.to_string());
        assert!(plans.eq(expected), "{word}");
    }
}

#[test]
fn no_more_than_six_files_are_kept() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("state");
    let log = AuditLog::at(StateDir::at(&directory));
    let long = |number: usize| Outcome {
        word: number.to_string(),
        detail: Some("x".repeat(4000)),
    };
    for number in 0..2000 {
        assert_eq!(log.note(deed(), long(number)), None);
    }
    let files = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap());
    let bytes: u64 = files.map(|entry| entry.metadata().unwrap().len()).sum();
    assert!((5 << 20..6 << 20).contains(&bytes), "{bytes}");
    let audit = log.page(wire::Page::default()).unwrap();
    let words = audit
        .entries
        .iter()
        .map(|entry| entry.outcome.clone().unwrap());
    assert!(words.eq((1900..2000).rev().map(|number| number.to_string())));
    // A file that is missing takes no other with it.
    fs::remove_file(directory.join("audit.2.jsonl")).unwrap();
    let oldest = |before| {
        let page = wire::Page {
            limit: 1000,
            before,
        };
        log.page(page).unwrap().entries.pop().unwrap()
    };
    let last: u64 = oldest(None).id.parse().unwrap();
    assert!(oldest(Some(last)).id.parse::<u64>().unwrap() < last);
}

#[test]
fn numbers_grow_though_the_clock_is_set_back() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("state");
    let log = AuditLog::at(StateDir::at(&directory));
    log.note(deed(), outcome("now"));
    // As if it had been written long after today.
    let late = 9_000_000_000_000_000_000_u64;
    fs::write(directory.join("audit.lock"), format!("{late:020}")).unwrap();
    log.note(deed(), outcome("late"));
    log.note(deed(), outcome("later"));
    let ids = |log: &AuditLog| -> Vec<(u64, String)> {
        let entries = log.page(wire::Page::default()).unwrap().entries;
        let told = entries.into_iter();
        told.map(|entry| (entry.id.parse().unwrap(), entry.outcome.unwrap()))
            .collect()
    };
    let told = ids(&log);
    assert_eq!(told[0], (late + 2, "later".to_owned()));
    assert_eq!(told[1], (late + 1, "late".to_owned()));
    assert!(told[2].0 < late);
    // What can't be read there is as good as nothing.
    fs::write(directory.join("audit.lock"), "torn").unwrap();
    assert_eq!(log.note(deed(), outcome("again")), None);
    assert_eq!(ids(&log).len(), 4);
}

#[test]
fn a_line_that_was_cut_short_spoils_no_other() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("state");
    let log = AuditLog::at(StateDir::at(&directory));
    log.note(deed(), outcome("first"));
    let path = directory.join("audit.jsonl");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(r#"{"event":"begun","id":"17"#);
    fs::write(&path, text).unwrap();
    log.note(deed(), outcome("second"));
    let entries = log.page(wire::Page::default()).unwrap().entries;
    let words: Vec<&str> = entries
        .iter()
        .map(|entry| entry.outcome.as_deref().unwrap())
        .collect();
    assert_eq!(words, ["second", "first"]);
}
