//! Directories: what is written, what appears later, what goes.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::Write as _,
    os::unix::fs::symlink,
};

use super::*;

fn pids(events: &Events) -> Vec<u32> {
    events.registry.iter().copied().collect()
}

#[test]
fn a_registry_file_that_is_replaced_the_way_claude_does_is_told_by_its_pid() {
    let (_proc, mut watch) = quiet();
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("7.json"), "{}").unwrap();
    watch.follow(&[], &[Place::Registry(dir.path().to_owned())]);
    // It may have changed since somebody looked and before it was watched.
    assert_eq!(pids(&told(&mut watch)), [7]);
    assert_eq!(told(&mut watch), Events::default());

    let temporary = dir.path().join("8.json.tmp.1234");
    fs::write(&temporary, "{}").unwrap();
    fs::rename(&temporary, dir.path().join("8.json")).unwrap();
    assert_eq!(pids(&told(&mut watch)), [8]);
    fs::write(dir.path().join("9.0123abcd.key"), "x").unwrap();
    fs::write(dir.path().join("other.json"), "x").unwrap();
    fs::write(dir.path().join("+7.json"), "x").unwrap();
    assert_eq!(pids(&told(&mut watch)), [9]);
    let mut file = File::options()
        .append(true)
        .open(dir.path().join("7.json"))
        .unwrap();
    file.write_all(b" ").unwrap();
    assert_eq!(pids(&told(&mut watch)), [7]);
    fs::remove_file(dir.path().join("8.json")).unwrap();
    fs::rename(dir.path().join("7.json"), dir.path().join("10.json")).unwrap();
    assert_eq!(pids(&told(&mut watch)), [7, 8, 10]);
}

#[test]
fn a_transcript_and_a_hook_s_report_are_told_by_their_session() {
    let (_proc, mut watch) = quiet();
    let root = tempfile::tempdir().unwrap();
    let (project, hooks) = (root.path().join("project"), root.path().join("hooks"));
    fs::create_dir(&project).unwrap();
    fs::create_dir(&hooks).unwrap();
    fs::write(transcript(&project, 1), "{}\n").unwrap();
    fs::write(transcript(&project, 2), "{}\n").unwrap();
    let session = Followed {
        transcript: Some(transcript(&project, 1)),
        ..process(real_proc().stat(std::process::id()).unwrap().key)
    };
    watch.follow(&[session], &[Place::Hooks(hooks.clone())]);
    let events = told(&mut watch);
    assert_eq!(events.transcripts, BTreeSet::from([id(1)]));

    let mut file = File::options()
        .append(true)
        .open(transcript(&project, 1))
        .unwrap();
    file.write_all(b"{}\n").unwrap();
    // After /clear, the same process writes another one.
    fs::write(transcript(&project, 3), "{}\n").unwrap();
    fs::write(project.join("notes.txt"), "").unwrap();
    fs::write(hooks.join(format!(".{}.json.tmp", id(4))), "").unwrap();
    fs::write(hooks.join(format!("{}.json", id(5))), "").unwrap();
    let events = told(&mut watch);
    assert_eq!(events.transcripts, BTreeSet::from([id(1), id(3)]));
    assert_eq!(events.hooks, BTreeSet::from([id(5)]));
    assert!(!events.everything);
    // What inotify told is not told by the comparison of times again.
    assert!(!told(&mut watch).are_news());
}

#[test]
fn directories_that_appear_later_are_told_of_with_what_lies_in_them() {
    let (_proc, mut watch) = quiet();
    let root = tempfile::tempdir().unwrap();
    let config = root.path().join("home/.claude");
    let sessions = config.join("sessions");
    let project = config.join("projects/-home-dev");
    let session = Followed {
        transcript: Some(transcript(&project, 1)),
        ..process(real_proc().stat(std::process::id()).unwrap().key)
    };
    watch.follow(&[session], &[Place::Registry(sessions.clone())]);
    told(&mut watch);
    fs::create_dir(root.path().join("home")).unwrap();
    assert!(!told(&mut watch).are_news());
    // As fast as it can be, so that most of it happens before the next directory is watched.
    fs::create_dir_all(&sessions).unwrap();
    fs::write(sessions.join("7.json"), "{}").unwrap();
    fs::create_dir_all(&project).unwrap();
    fs::write(transcript(&project, 1), "{}\n").unwrap();
    let events = told(&mut watch);
    assert_eq!(pids(&events), [7]);
    assert_eq!(events.transcripts, BTreeSet::from([id(1)]));
    fs::write(sessions.join("8.json"), "{}").unwrap();
    assert_eq!(pids(&told(&mut watch)), [8]);
}

#[test]
fn a_directory_that_goes_and_comes_back_is_watched_again() {
    let (_proc, mut watch) = quiet();
    let root = tempfile::tempdir().unwrap();
    let sessions = root.path().join("sessions");
    fs::create_dir(&sessions).unwrap();
    watch.follow(&[], &[Place::Registry(sessions.clone())]);
    fs::remove_dir(&sessions).unwrap();
    assert!(told(&mut watch).everything);
    fs::create_dir(&sessions).unwrap();
    fs::write(sessions.join("7.json"), "{}").unwrap();
    assert_eq!(pids(&told(&mut watch)), [7]);

    // Moved aside whole, and another put in its place.
    fs::rename(&sessions, root.path().join("aside")).unwrap();
    assert!(told(&mut watch).everything);
    fs::create_dir(&sessions).unwrap();
    told(&mut watch);
    fs::write(root.path().join("aside/8.json"), "{}").unwrap();
    fs::write(sessions.join("9.json"), "{}").unwrap();
    assert_eq!(pids(&told(&mut watch)), [9]);
}

#[test]
fn a_link_that_is_pointed_elsewhere_is_noticed() {
    let (_proc, mut watch) = quiet();
    let root = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(root.path().join(name)).unwrap();
    }
    let link = root.path().join("sessions");
    symlink("a", &link).unwrap();
    // The directory by two names: both are told, by one watch.
    let direct = Place::Hooks(root.path().join("a"));
    watch.follow(&[], &[Place::Registry(link.clone()), direct.clone()]);
    fs::write(root.path().join("a/7.json"), "{}").unwrap();
    fs::write(root.path().join("a").join(format!("{}.json", id(1))), "").unwrap();
    let events = told(&mut watch);
    assert_eq!(pids(&events), [7]);
    assert_eq!(events.hooks, BTreeSet::from([id(1)]));

    fs::write(root.path().join("b/8.json"), "{}").unwrap();
    fs::remove_file(&link).unwrap();
    symlink("b", &link).unwrap();
    expect(&mut watch, |events| events.registry.contains(&8));
    fs::write(root.path().join("b/9.json"), "{}").unwrap();
    assert_eq!(pids(&told(&mut watch)), [9]);
    // The other name is watched still.
    fs::write(root.path().join("a").join(format!("{}.json", id(2))), "").unwrap();
    assert_eq!(told(&mut watch).hooks, BTreeSet::from([id(2)]));
}

#[test]
fn more_than_the_kernel_can_hold_is_told_as_everything() {
    let limit = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap();
    let limit: usize = limit.trim().parse().unwrap();
    if limit > 200_000 {
        // It would take too long to fill; the notice itself is tested where it is read.
        return;
    }
    let (_proc, mut watch) = quiet();
    let dir = tempfile::tempdir().unwrap();
    watch.follow(&[], &[Place::Registry(dir.path().to_owned())]);
    let (one, two) = (dir.path().join("a"), dir.path().join("b"));
    fs::write(&one, "").unwrap();
    for _ in 0..limit.div_ceil(4) + 1 {
        fs::rename(&one, &two).unwrap();
        fs::rename(&two, &one).unwrap();
    }
    assert!(told(&mut watch).everything);
    // It goes on working.
    while watch.wait(Instant::now()).are_news() {}
    fs::write(dir.path().join("7.json"), "{}").unwrap();
    assert_eq!(pids(&told(&mut watch)), [7]);
}

#[test]
fn a_change_that_inotify_does_not_see_is_found_by_comparing() {
    let (_proc, mut watch) = quiet();
    let root = tempfile::tempdir().unwrap();
    let sessions = root.path().join("sessions");
    fs::create_dir(&sessions).unwrap();
    let file = sessions.join("7.json");
    fs::write(&file, "{}").unwrap();
    let session = Followed {
        registry: Some(file.clone()),
        ..process(real_proc().stat(std::process::id()).unwrap().key)
    };
    watch.follow(&[session], &[Place::Registry(sessions)]);
    told(&mut watch);
    // Under another name in another directory, as another machine does on a network file system.
    let elsewhere = root.path().join("elsewhere");
    fs::hard_link(&file, &elsewhere).unwrap();
    fs::write(&elsewhere, "{ }").unwrap();
    assert!(!told(&mut watch).are_news());
    expect(&mut watch, |events| pids(events) == [7]);
    assert!(!told(&mut watch).are_news());
}
