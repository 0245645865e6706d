//! A cleanup's plan, executed on real files.

use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
};

use session_core::{
    cleanup::{Action, Ending, Item, Orphan, Plan, Version},
    id::UnixMillis,
    transcript::Place,
};
use session_manager::{
    act::cleanup::{Outcome, Recheck, execute},
    beneath::FileId,
    observe::open_files::OpenFiles,
};

use crate::test_claude::{CAPTURED, ID, TestClaude, age};

fn item(path: &Path, action: Action) -> Item {
    Item {
        path: path.to_owned(),
        bytes: 0,
        reason: "tested".to_owned(),
        action,
    }
}

fn delete(claude: &TestClaude, pid: u32, content: &[u8]) -> Item {
    let orphan = Orphan {
        config: claude.config().to_owned(),
        pid,
        ending: Ending::Gone { pid },
        content: content.to_vec(),
    };
    item(claude.config(), Action::Delete(orphan))
}

fn compress(place: Place) -> Item {
    let path = place.transcript_path();
    let metadata = fs::metadata(&path).unwrap();
    let millis = metadata.mtime() * 1_000 + metadata.mtime_nsec() / 1_000_000;
    let version = Version {
        bytes: metadata.len(),
        modified: UnixMillis(u64::try_from(millis).unwrap()),
    };
    item(&path, Action::Compress { place, version })
}

fn run(items: Vec<Item>, process: Option<&str>, transcript: Option<&str>) -> Vec<Outcome> {
    let recheck = Recheck {
        process: &|_| process.map(str::to_owned),
        transcript: &|_, _| transcript.map(str::to_owned),
    };
    execute(Plan { items }, &recheck)
        .into_iter()
        .map(|done| done.outcome)
        .collect()
}

fn skipped(reason: &str) -> Outcome {
    Outcome::Skipped {
        reason: reason.to_owned(),
    }
}

#[test]
fn what_is_planned_is_done_and_the_rest_is_kept() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    age(&path, 40);
    let registry = claude.config().join("sessions/4000000.json");
    fs::write(&registry, b"{}").unwrap();
    let kept = item(&path, Action::Keep);
    let items = vec![
        kept,
        delete(&claude, 4_000_000, b"{}"),
        compress(claude.place()),
    ];
    let outcomes = run(items, None, None);
    assert_eq!(outcomes[..2], [Outcome::Kept, Outcome::Deleted]);
    let bytes = fs::metadata(claude.place().archive_path()).unwrap().len();
    assert_eq!(outcomes[2], Outcome::Compressed { bytes });
    assert!(!registry.exists() && !path.exists());
}

#[test]
fn a_registry_file_that_is_not_the_planned_one_stays() {
    let claude = TestClaude::new();
    let registry = claude.config().join("sessions/4000000.json");
    let outcome = |content: &[u8], process| {
        let item = delete(&claude, 4_000_000, content);
        run(vec![item], process, None).remove(0)
    };
    assert_eq!(outcome(b"{}", None), skipped("it is gone already"));
    fs::write(&registry, b"{\"new\":1}").unwrap();
    let changed = skipped("it changed since the plan was made");
    assert_eq!(outcome(b"{}", None), changed);
    assert_eq!(outcome(b"{\"new\":1}", Some("it runs")), skipped("it runs"));
    assert!(registry.exists());
    fs::remove_file(&registry).unwrap();
    let target = claude.write("-p", "target", b"{}");
    symlink(&target, &registry).unwrap();
    assert!(matches!(outcome(b"{}", None), Outcome::Failed { .. }));
    assert!(target.exists() && registry.is_symlink());
}

#[test]
fn one_failure_does_not_stop_the_next_item() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    let compressible = compress(claude.place());
    let registry = claude.config().join("sessions/4000000.json");
    fs::create_dir(&registry).unwrap();
    let items = vec![delete(&claude, 4_000_000, b""), compressible];
    let outcomes = run(items, None, None);
    assert!(
        matches!(outcomes[0], Outcome::Failed { .. }),
        "{outcomes:?}"
    );
    assert!(matches!(outcomes[1], Outcome::Compressed { .. }));
    assert!(!path.exists());
}

#[test]
fn a_transcript_that_is_used_after_all_stays() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    let outcomes = run(
        vec![compress(claude.place())],
        None,
        Some("its session runs"),
    );
    assert_eq!(outcomes, [skipped("its session runs")]);
    assert_eq!(fs::read(&path).unwrap(), CAPTURED);
    let gone = compress(claude.place());
    fs::remove_file(&path).unwrap();
    let missing = skipped(&format!("no transcript of {ID} is there"));
    assert_eq!(run(vec![gone], None, None), [missing]);
}

#[test]
fn an_open_transcript_is_seen_whatever_it_is_called_there() {
    let claude = TestClaude::new();
    let open = claude.transcript(CAPTURED);
    let closed = claude.write("-p", "11111111.jsonl", CAPTURED);
    let id = |path: &Path| {
        let metadata = fs::metadata(path).unwrap();
        FileId {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    };
    // `/proc` as a tree of our own: one process that has the file open, and what else may lie there.
    let proc = tempfile::tempdir().unwrap();
    let descriptors = proc.path().join("77/fd");
    fs::create_dir_all(&descriptors).unwrap();
    symlink(&open, descriptors.join("3")).unwrap();
    symlink("/gone.jsonl", descriptors.join("4")).unwrap();
    symlink("socket:[1]", descriptors.join("5")).unwrap();
    fs::create_dir_all(proc.path().join("78")).unwrap();
    fs::write(proc.path().join("stat"), b"").unwrap();
    let files = OpenFiles::scan(proc.path(), 1);
    assert!(files.contains(id(&open)) && !files.contains(id(&closed)));
    assert_eq!(OpenFiles::scan(proc.path(), 77), OpenFiles::default());

    // The real one: this very process has it open.
    let held = fs::File::open(&closed).unwrap();
    let real = |except| OpenFiles::scan(Path::new("/proc"), except).contains(id(&closed));
    assert!(real(1) && !real(std::process::id()));
    drop(held);
}
