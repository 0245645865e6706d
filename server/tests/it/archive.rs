//! Compressing and restoring, killed at each step, on a full disk, and beside others who use the file.

mod crash;

use std::{
    cell::Cell,
    fs,
    io::{Read, Write},
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
    time::SystemTime,
};

use flate2::read::MultiGzDecoder;
use session_core::{cleanup::Version, id::UnixMillis, transcript::Place};
use session_manager::act::archive::{ArchiveError, Compressed, Step, compress, hold::Hold};

use crate::test_claude::{CAPTURED, ID, PROJECT, TestClaude, age, gzip, id};

fn place(config: &Path) -> Place {
    Place::new(config.to_owned(), PROJECT, id(ID)).unwrap()
}

fn version(path: &Path) -> Version {
    let metadata = fs::metadata(path).unwrap();
    let modified = metadata.modified().unwrap();
    let millis = modified
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    Version {
        bytes: metadata.len(),
        modified: UnixMillis(u64::try_from(millis).unwrap()),
    }
}

fn compress_at(config: &Path, after: impl FnMut(Step)) -> Result<Compressed, ArchiveError> {
    let place = place(config);
    let planned = version(&place.transcript_path());
    compress(&place, planned, |_| None, after)
}

fn restore_at(config: &Path, after: impl FnMut(Step)) -> Result<Hold, ArchiveError> {
    let mut hold = Hold::take(&place(config))?;
    hold.restore_by_steps(after)?;
    Ok(hold)
}

fn names(claude: &TestClaude) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(claude.project(PROJECT))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const PLAIN: &str = "086ce0db-50b0-42a3-b30a-e82a2d9c2aac.jsonl";
const GZIPPED: &str = "086ce0db-50b0-42a3-b30a-e82a2d9c2aac.jsonl.gz";

fn unpacked(path: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    MultiGzDecoder::new(fs::File::open(path).unwrap())
        .read_to_end(&mut content)
        .unwrap();
    content
}

#[test]
fn a_transcript_comes_back_byte_for_byte_with_its_mode_and_a_new_time() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    age(&path, 40);
    let before = fs::metadata(&path).unwrap();
    let compressed = compress_at(claude.config(), |_| {}).unwrap();
    assert_eq!(names(&claude), [GZIPPED]);
    let archive = claude.place().archive_path();
    let after = fs::metadata(&archive).unwrap();
    assert_eq!(after.len(), compressed.bytes);
    assert!(after.len() < before.len() / 4);
    assert_eq!(
        (after.mtime(), after.mtime_nsec()),
        (before.mtime(), before.mtime_nsec())
    );
    assert_eq!(
        (after.mode(), after.uid(), after.gid()),
        (before.mode(), before.uid(), before.gid())
    );

    let begun = SystemTime::now();
    let mut hold = Hold::take(&claude.place()).unwrap();
    let restored = hold.restore().unwrap();
    assert!(restored.from_archive);
    assert_eq!(
        (restored.path, restored.bytes),
        (path.clone(), before.len())
    );
    assert_eq!(fs::read(&path).unwrap(), CAPTURED);
    let back = fs::metadata(&path).unwrap();
    assert_eq!((back.mode(), back.uid()), (before.mode(), before.uid()));
    // File times come from a coarser clock than `now`.
    let tolerance = std::time::Duration::from_secs(1);
    assert!(back.modified().unwrap() + tolerance >= begun);
    assert_eq!(names(&claude), [PLAIN, GZIPPED]);
    assert!(hold.discard_archive().unwrap());
    assert_eq!(names(&claude), [PLAIN]);
}

#[test]
fn an_archive_goes_only_where_the_transcript_holds_all_of_it() {
    let claude = TestClaude::new();
    let archive = claude.archive(CAPTURED);
    let mut hold = Hold::take(&claude.place()).unwrap();
    hold.restore().unwrap();
    let path = claude.place().transcript_path();
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"more\n")
        .unwrap();
    assert!(hold.discard_archive().unwrap());
    assert!(!archive.exists());
    for other in [&CAPTURED[..100], b"something else", b""] {
        fs::write(&path, other).unwrap();
        claude.archive(CAPTURED);
        assert!(
            !Hold::take(&claude.place())
                .unwrap()
                .discard_archive()
                .unwrap()
        );
        assert!(archive.exists());
    }
}

#[test]
fn a_restore_is_undone_unless_somebody_wrote_since() {
    let claude = TestClaude::new();
    claude.archive(CAPTURED);
    let hold = restore_at(claude.config(), |_| {}).unwrap();
    assert!(hold.undo_restore().unwrap());
    assert_eq!(names(&claude), [GZIPPED]);
    let hold = restore_at(claude.config(), |_| {}).unwrap();
    let path = claude.place().transcript_path();
    fs::File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"more\n")
        .unwrap();
    assert!(!hold.undo_restore().unwrap());
    assert_eq!(names(&claude), [PLAIN, GZIPPED]);
}

#[test]
fn a_transcript_that_is_there_wins_over_its_archive() {
    let claude = TestClaude::new();
    claude.archive(b"older\n");
    let path = claude.transcript(b"newer\n");
    let restored = Hold::take(&claude.place()).unwrap().restore().unwrap();
    assert!(!restored.from_archive);
    assert_eq!(fs::read(&path).unwrap(), b"newer\n");
    let refused = compress_at(claude.config(), |_| {});
    assert!(matches!(refused, Err(ArchiveError::Conflict)));
    assert_eq!(unpacked(&claude.place().archive_path()), b"older\n");
}

#[test]
fn a_transcript_that_appears_during_a_restore_wins() {
    let claude = TestClaude::new();
    claude.archive(b"older\n");
    let refused = restore_at(claude.config(), |step| {
        if step == Step::Synced {
            claude.transcript(b"newer\n");
        }
    });
    assert!(matches!(refused, Err(ArchiveError::Conflict)));
    assert_eq!(names(&claude), [PLAIN, GZIPPED]);
    assert_eq!(
        fs::read(claude.place().transcript_path()).unwrap(),
        b"newer\n"
    );
}

#[test]
fn one_conversation_is_held_once() {
    let claude = TestClaude::new();
    claude.archive(CAPTURED);
    let hold = restore_at(claude.config(), |_| {
        let second = Hold::take(&claude.place());
        assert!(matches!(second, Err(ArchiveError::Busy(_))));
    })
    .unwrap();
    assert!(matches!(
        Hold::take(&claude.place()),
        Err(ArchiveError::Busy(_))
    ));
    drop(hold);
    fs::remove_file(claude.place().archive_path()).unwrap();
    compress_at(claude.config(), |_| {
        assert!(matches!(
            Hold::take(&claude.place()),
            Err(ArchiveError::Busy(_))
        ));
    })
    .unwrap();
    Hold::take(&claude.place()).unwrap();
}

#[test]
fn what_is_not_there_or_no_file_is_refused() {
    let claude = TestClaude::new();
    assert!(matches!(
        Hold::take(&claude.place()),
        Err(ArchiveError::Missing(_))
    ));
    claude.project(PROJECT);
    assert!(matches!(
        Hold::take(&claude.place()),
        Err(ArchiveError::Missing(_))
    ));
    let target = claude.write("-elsewhere", "target", CAPTURED);
    symlink(&target, claude.place().transcript_path()).unwrap();
    let refused = compress_at(claude.config(), |_| {}).unwrap_err();
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
    assert_eq!(fs::read(target).unwrap(), CAPTURED);
}

#[test]
fn a_damaged_archive_is_kept_and_nothing_is_restored() {
    let claude = TestClaude::new();
    let mut archive = gzip(CAPTURED);
    let checksum = archive.len() - 8;
    archive[checksum] ^= 1;
    for damaged in [
        &archive[..],
        &archive[..checksum],
        &archive[..40],
        b"",
        b"plain text",
    ] {
        claude.write(PROJECT, GZIPPED, damaged);
        let refused = restore_at(claude.config(), |_| {});
        assert!(
            matches!(refused, Err(ArchiveError::Damaged { .. })),
            "{refused:?}"
        );
        assert_eq!(names(&claude), [GZIPPED]);
    }
}

#[test]
fn only_the_planned_version_is_compressed() {
    let claude = TestClaude::new();
    let path = claude.transcript(CAPTURED);
    let planned = version(&path);
    let refused = |planned| {
        let result = compress(&claude.place(), planned, |_| None, |_| {});
        assert!(
            matches!(result, Err(ArchiveError::Changed(_))),
            "{result:?}"
        );
        assert_eq!(names(&claude), [PLAIN]);
    };
    refused(Version {
        bytes: 1,
        ..planned
    });
    refused(Version {
        modified: UnixMillis(1),
        ..planned
    });
}

#[test]
fn a_transcript_that_grows_or_is_used_meanwhile_is_kept() {
    for changed_at in Step::ALL {
        let claude = TestClaude::new();
        let path = claude.transcript(CAPTURED);
        let mut file = fs::File::options().append(true).open(&path).unwrap();
        let result = compress_at(claude.config(), |step| {
            if step == changed_at && step < Step::Removed {
                file.write_all(b"more\n").unwrap();
            }
        });
        if changed_at == Step::Removed {
            result.unwrap();
            continue;
        }
        assert!(
            matches!(result, Err(ArchiveError::Changed(_))),
            "{changed_at:?} {result:?}"
        );
        assert_eq!(names(&claude), [PLAIN], "{changed_at:?}");
        assert_eq!(
            fs::read(&path).unwrap(),
            [CAPTURED, b"more\n"].concat(),
            "{changed_at:?}"
        );
    }
    let claude = TestClaude::new();
    claude.transcript(CAPTURED);
    let asked = Cell::new(0);
    let in_use = |_| {
        asked.set(asked.get() + 1);
        (asked.get() == 2).then(|| "a process has it open".to_owned())
    };
    let planned = version(&claude.place().transcript_path());
    let result = compress(&claude.place(), planned, in_use, |_| {});
    assert_eq!(result.unwrap_err().to_string(), "a process has it open");
    assert_eq!(names(&claude), [PLAIN]);
}
