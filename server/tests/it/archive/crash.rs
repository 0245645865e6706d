//! The machine stops or its disk fills up in the middle: the conversation is whole in at least one of its files.

use std::{fs, os::unix::process::ExitStatusExt};

use rustix::process::{Signal, getpid, kill_process};
use session_manager::act::archive::{ArchiveError, Step, hold::Hold};

use super::{GZIPPED, PLAIN, compress_at, names, restore_at, unpacked};
use crate::{
    again, small_disk,
    test_claude::{CAPTURED, PROJECT, TestClaude},
};

/// Text that gzip can't make much smaller.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut content = Vec::with_capacity(bytes + 40);
    while content.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(format!("{{\"n\":\"{state:x}\"}}\n").as_bytes());
    }
    content
}

/// Ends the process at once at the step that is named `word`.
fn die_at(word: &str) -> impl FnMut(Step) {
    move |step| {
        if format!("{step:?}") == word {
            kill_process(getpid(), Signal::KILL).unwrap();
        }
    }
}

/// The conversation is whole in at least one of its two files, and neither is half.
fn nothing_is_lost(claude: &TestClaude, step: Step) {
    let (plain, archive) = (
        claude.place().transcript_path(),
        claude.place().archive_path(),
    );
    assert!(plain.exists() || archive.exists(), "{step:?}");
    if plain.exists() {
        assert_eq!(fs::read(&plain).unwrap(), CAPTURED, "{step:?}");
    }
    if archive.exists() {
        assert_eq!(unpacked(&archive), CAPTURED, "{step:?}");
    }
}

#[test]
fn a_kill_at_any_step_of_compressing_loses_nothing() {
    if let Some((step, config)) = again::part() {
        compress_at(&config, die_at(&step)).unwrap();
        return;
    }
    for step in Step::ALL {
        let claude = TestClaude::new();
        claude.transcript(CAPTURED);
        let test = "archive::crash::a_kill_at_any_step_of_compressing_loses_nothing";
        let output = again::run(test, &format!("{step:?}"), claude.config());
        assert_eq!(output.status.signal(), Some(9), "{step:?} {output:?}");
        nothing_is_lost(&claude, step);
        // Whatever is left, the next action copes and tidies.
        let mut hold = Hold::take(&claude.place()).unwrap();
        hold.restore().unwrap();
        hold.discard_archive().unwrap();
        assert_eq!(names(&claude), [PLAIN], "{step:?}");
        assert_eq!(
            fs::read(claude.place().transcript_path()).unwrap(),
            CAPTURED
        );
    }
}

#[test]
fn a_kill_at_any_step_of_restoring_loses_nothing() {
    if let Some((step, config)) = again::part() {
        restore_at(&config, die_at(&step)).unwrap();
        return;
    }
    let steps = Step::ALL
        .into_iter()
        .filter(|step| !matches!(step, Step::Verified | Step::Rechecked | Step::Removed));
    for step in steps {
        let claude = TestClaude::new();
        claude.archive(CAPTURED);
        let test = "archive::crash::a_kill_at_any_step_of_restoring_loses_nothing";
        let output = again::run(test, &format!("{step:?}"), claude.config());
        assert_eq!(output.status.signal(), Some(9), "{step:?} {output:?}");
        assert_eq!(unpacked(&claude.place().archive_path()), CAPTURED);
        nothing_is_lost(&claude, step);
        let hold = restore_at(claude.config(), |_| {}).unwrap();
        assert!(hold.discard_archive().unwrap());
        assert_eq!(names(&claude), [PLAIN], "{step:?}");
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    if let Some((word, config)) = again::part() {
        let error = match word.as_str() {
            "compress" => compress_at(&config, |_| {}).unwrap_err(),
            _ => restore_at(&config, |_| {}).unwrap_err(),
        };
        assert!(matches!(error, ArchiveError::Fault { .. }), "{error:?}");
        return;
    }
    let content = noise(1 << 20);
    let claude = TestClaude::new();
    let path = claude.transcript(&content);
    let check = |word, left: &str| {
        let test = "archive::crash::a_full_disk_loses_nothing";
        let output = again::run_with_small_files(64, test, word, claude.config());
        assert!(output.status.success(), "{output:?}");
        assert_eq!(names(&claude), [left]);
    };
    check("compress", PLAIN);
    assert_eq!(fs::read(&path).unwrap(), content);
    fs::remove_file(path).unwrap();
    let archive = claude.archive(&content);
    check("restore", GZIPPED);
    assert_eq!(unpacked(&archive), content);
}

#[test]
fn a_disk_that_is_really_full_loses_nothing() {
    let claude = TestClaude::new();
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if !small_disk::mount(claude.config()) {
                // `a_full_disk_loses_nothing` needs nobody's leave.
                return;
            }
            let content = noise(400 << 10);
            let path = claude.transcript(&content);
            let filler = claude.write(PROJECT, "filler", &noise(500 << 10));
            let refused = compress_at(claude.config(), |_| {});
            assert!(
                matches!(refused, Err(ArchiveError::Fault { .. })),
                "{refused:?}"
            );
            assert_eq!(names(&claude), [PLAIN, "filler"]);
            assert_eq!(fs::read(&path).unwrap(), content);
            fs::remove_file(&path).unwrap();
            let archive = claude.archive(&content);
            let refused = restore_at(claude.config(), |_| {});
            assert!(
                matches!(refused, Err(ArchiveError::Fault { .. })),
                "{refused:?}"
            );
            assert_eq!(names(&claude), [GZIPPED, "filler"]);
            assert_eq!(unpacked(&archive), content);
            fs::remove_file(filler).unwrap();
            drop(restore_at(claude.config(), |_| {}).unwrap());
            assert_eq!(fs::read(&path).unwrap(), content);
        });
        thread.join().unwrap();
    });
    assert!(!claude.config().join("projects").join(PROJECT).exists());
}
