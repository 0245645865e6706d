//! What the watch holds of the kernel: that it lets go, and what it does where there is no more to have.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File},
    io::Write as _,
};

use super::*;
use crate::{again, held::held};

/// In a process of its own: other tests open descriptors too.
#[test]
fn ten_thousand_sessions_that_come_and_go_leave_nothing_behind() {
    let Some((_, root)) = again::part() else {
        let dir = tempfile::tempdir().unwrap();
        let name = "watch::limits::ten_thousand_sessions_that_come_and_go_leave_nothing_behind";
        let output = again::run(name, "churn", dir.path());
        assert!(output.status.success(), "{output:?}");
        return;
    };
    let before = held();
    let mut watch = Watch::new(real_proc()).unwrap();
    let children: Vec<_> = (0..4).map(|_| Guard::sleep()).collect();
    let keys: Vec<_> = children.iter().map(Guard::key).collect();
    let sessions: Vec<_> = (0..8)
        .map(|n| {
            // Every other directory is not there.
            let project = root.join(format!("projects/{n}"));
            if n % 2 == 0 {
                fs::create_dir_all(&project).unwrap();
            }
            Followed {
                key: keys[n % 4],
                registry: Some(root.join(format!("sessions/{n}.json"))),
                transcript: Some(transcript(&project, 1)),
            }
        })
        .collect();
    let mut settled = None;
    for turn in 0..10_000 {
        let some = &sessions[turn % 8..(turn % 8 + turn % 3).min(8)];
        let places = [
            Place::Registry(root.join("sessions")),
            Place::Hooks(root.join("hooks")),
        ];
        watch.follow(some, &places[..turn % 3]);
        if turn % 50 == 0 {
            let sessions = root.join("sessions");
            // One of the two does nothing.
            fs::remove_dir(&sessions)
                .or_else(|_| fs::create_dir(&sessions))
                .unwrap();
            watch.wait(Instant::now());
        }
        if turn == 1_000 {
            watch.follow(&[], &[]);
            settled = Some(held());
        }
    }
    watch.follow(&[], &[]);
    assert_eq!(settled, Some(held()));
    drop(watch);
    drop(children);
    assert_eq!(held(), before);
}

const LIMIT: &str = "SESSION_MANAGER_TEST_LIMIT";

/// Plays the test again in a user namespace where `limit` is 0; false where this machine allows no such namespace.
fn runs_with_none_of(limit: &str, test: &str) -> bool {
    let script =
        r#"echo 0 > "/proc/sys/user/$SESSION_MANAGER_TEST_LIMIT" || exit 77; exec "$0" "$@""#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(LIMIT, limit)
        .output();
    let Ok(output) = output else {
        return false;
    };
    let text = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || text.contains("unshare:") {
        return false;
    }
    assert!(output.status.success(), "{output:?}");
    true
}

#[test]
fn where_the_kernel_has_no_watch_left_the_directories_are_compared() {
    let Ok(limit) = env::var(LIMIT) else {
        let name = "watch::limits::where_the_kernel_has_no_watch_left_the_directories_are_compared";
        for limit in ["max_inotify_watches", "max_inotify_instances"] {
            runs_with_none_of(limit, name);
        }
        return;
    };
    let (_proc, mut watch) = quiet();
    let root = tempfile::tempdir().unwrap();
    let (sessions, project) = (root.path().join("sessions"), root.path().join("project"));
    fs::create_dir(&sessions).unwrap();
    fs::create_dir(&project).unwrap();
    fs::write(sessions.join("7.json"), "{}").unwrap();
    let session = Followed {
        transcript: Some(transcript(&project, 1)),
        ..process(real_proc().stat(std::process::id()).unwrap().key)
    };
    watch.follow(&[session], &[Place::Registry(sessions.clone())]);
    assert_eq!(told(&mut watch).registry, BTreeSet::from([7]));
    let reason = watch.degraded().unwrap();
    assert!(reason.starts_with("2 directories"), "{reason}");

    fs::write(sessions.join("8.json"), "{}").unwrap();
    fs::remove_file(sessions.join("7.json")).unwrap();
    let mut seen = BTreeSet::new();
    while seen != BTreeSet::from([7, 8]) {
        seen.extend(
            watch
                .wait(Instant::now() + Duration::from_secs(60))
                .registry,
        );
    }
    let mut file = File::create(transcript(&project, 1)).unwrap();
    file.write_all(b"{}\n").unwrap();
    expect(&mut watch, |events| events.transcripts.contains(&id(1)));

    // Somebody raises the limit.
    fs::write(Path::new("/proc/sys/user").join(limit), "100").unwrap();
    while watch.degraded().is_some() {
        watch.wait(Instant::now() + Duration::from_secs(1));
    }
    while watch.wait(Instant::now()).are_news() {}
    fs::write(sessions.join("9.json"), "{}").unwrap();
    assert_eq!(told(&mut watch).registry, BTreeSet::from([9]));
}
