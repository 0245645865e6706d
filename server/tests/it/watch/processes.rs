//! Processes: their starts, ends and stops.

use std::{env, fs};

use rustix::process::{Pid, Signal, kill_process};

use super::*;

/// A program that is called what Claude Code is called.
fn fake_claude(dir: &Path) -> PathBuf {
    let bin = dir.join("bin");
    fs::create_dir(&bin).unwrap();
    let program = bin.join("claude.exe");
    fs::copy("/bin/sleep", &program).unwrap();
    program
}

fn real() -> Watch {
    Watch::new(real_proc()).unwrap()
}

/// Both ways of hearing of a start; where the kernel tells nobody, the first is the second.
fn both_ways() -> [Watch; 2] {
    [real(), Watch::by_sweep(real_proc()).unwrap()]
}

#[test]
fn what_runs_already_and_what_starts_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let program = fake_claude(dir.path());
    let early = Guard::start(&program);
    for mut watch in both_ways() {
        expect(&mut watch, |events| events.started.contains(&early.0.id()));
        let late = Guard::start(&program);
        expect(&mut watch, |events| events.started.contains(&late.0.id()));
    }
}

#[test]
fn a_process_that_becomes_claude_later_is_told_then() {
    let dir = tempfile::tempdir().unwrap();
    let program = fake_claude(dir.path());
    for mut watch in both_ways() {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", r#"read line; exec "$0" 600"#])
            .arg(&program)
            .stdin(Stdio::piped());
        let mut shell = Guard(shell.spawn().unwrap());
        let pid = shell.0.id();
        // It is seen as what it is at first.
        for _ in 0..2 {
            watch.wait(Instant::now() + Duration::from_millis(500));
        }
        drop(shell.0.stdin.take());
        expect(&mut watch, |events| events.started.contains(&pid));
    }
}

#[test]
fn what_is_followed_is_not_told_to_have_started_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut watch = real();
    let claude = Guard::start(&fake_claude(dir.path()));
    let pid = claude.0.id();
    expect(&mut watch, |events| events.started.contains(&pid));
    // Whoever looked and saw no session yet is told again.
    expect(&mut watch, |events| events.started.contains(&pid));
    watch.follow(&[process(claude.key())], &[]);
    let patience = Instant::now() + Duration::from_secs(6);
    while Instant::now() < patience {
        assert!(!watch.wait(patience).started.contains(&pid));
    }
}

#[test]
fn an_end_is_told_once_and_before_the_process_is_reaped() {
    let mut watch = real();
    let (mut one, two) = (Guard::sleep(), Guard::sleep());
    let (first, second) = (one.key(), two.key());
    watch.follow(&[process(first), process(second)], &[]);
    one.end();
    expect(&mut watch, |events| events.ended == [first]);
    // Whoever still follows it is not told again.
    watch.follow(&[process(first), process(second)], &[]);
    drop(two);
    expect(&mut watch, |events| events.ended == [second]);
}

#[test]
fn a_process_that_had_ended_or_been_replaced_when_it_was_followed_is_told() {
    let mut watch = real();
    let child = Guard::sleep();
    let gone = child.key();
    drop(child);
    let other = Guard::sleep();
    let replaced = ProcessKey {
        start_ticks: other.key().start_ticks - 1,
        ..other.key()
    };
    watch.follow(&[process(gone), process(replaced)], &[]);
    let mut ended = told(&mut watch).ended;
    ended.sort();
    let mut both = [gone, replaced];
    both.sort();
    assert_eq!(ended, both);
    // The one that has the pid is followed by its own key.
    watch.follow(&[process(other.key())], &[]);
    let key = other.key();
    drop(other);
    expect(&mut watch, |events| events.ended == [key]);
}

#[test]
fn a_stop_and_a_continuation_are_told() {
    let child = Guard::sleep();
    let mut watch = real();
    let key = child.key();
    watch.follow(&[process(key)], &[]);
    for signal in [Signal::STOP, Signal::CONT] {
        kill_process(Pid::from_child(&child.0), signal).unwrap();
        expect(&mut watch, |events| events.stopped_or_continued == [key]);
    }
}

#[test]
fn a_pid_that_is_another_process_in_the_next_sweep_has_ended_and_started() {
    let (proc, mut watch) = quiet();
    let process_7 = proc.claude(7, 100);
    proc.add(8, 100);
    expect(&mut watch, |events| events.started == [7]);
    let key = ProcessKey {
        pid: 7,
        start_ticks: 100,
    };
    watch.follow(&[process(key)], &[]);
    process_7.file(
        "stat",
        b"7 (claude) S 1 7 7 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 200 1000 55 18446744073709551615 \
          1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
    );
    let mut seen = Events::default();
    while seen.ended.is_empty() || seen.started.is_empty() {
        let events = watch.wait(Instant::now() + Duration::from_secs(60));
        seen.ended.extend(events.ended);
        seen.started.extend(events.started);
    }
    assert_eq!((seen.ended, seen.started), (vec![key], vec![7]));
}

#[test]
fn the_time_that_followed_processes_have_used_is_told_along() {
    let (proc, mut watch) = quiet();
    let process_7 = proc.claude(7, 100);
    let key = ProcessKey {
        pid: 7,
        start_ticks: 100,
    };
    watch.follow(&[process(key)], &[]);
    let mut loads = Vec::new();
    while loads.is_empty() {
        loads = watch.wait(Instant::now() + Duration::from_secs(1)).loads;
    }
    assert_eq!(loads, [(key, 2)]);
    // No descriptor tells of its end, and the sweep does.
    let process_7 = process_7.state('T');
    expect(&mut watch, |events| events.stopped_or_continued == [key]);
    process_7.state('Z');
    expect(&mut watch, |events| events.ended == [key]);
}

#[test]
fn a_wait_can_be_ended_from_another_thread() {
    let (_proc, mut watch) = quiet();
    let waker = watch.waker();
    std::thread::scope(|scope| {
        scope.spawn(move || waker.wake());
        let events = watch.wait(Instant::now() + Duration::from_secs(600));
        assert!(!events.are_news());
    });
}

const REUSE: &str = "SESSION_MANAGER_TEST_REUSE";

/// Starts a program under a pid that was another's; in a pid namespace of its own nobody else takes it first.
fn start_as(pid: u32, program: &Path) -> Guard {
    fs::write("/proc/sys/kernel/ns_last_pid", (pid - 1).to_string()).unwrap();
    let child = Guard::start(program);
    assert_eq!(child.0.id(), pid);
    child
}

#[test]
fn a_pid_that_is_given_to_another_process_is_told() {
    if env::var_os(REUSE).is_none() {
        let name = "watch::processes::a_pid_that_is_given_to_another_process_is_told";
        let output = Command::new("unshare")
            .args([
                "--user",
                "--map-root-user",
                "--pid",
                "--fork",
                "--mount-proc",
            ])
            .arg(env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(REUSE, "1")
            .output();
        // Where there is no such program, or no such namespace is allowed.
        if let Ok(output) = output
            && !String::from_utf8_lossy(&output.stderr).contains("unshare:")
        {
            assert!(output.status.success(), "{output:?}");
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let program = fake_claude(dir.path());
    let mut watch = real();
    let first = Guard::start(&program);
    let pid = first.0.id();
    expect(&mut watch, |events| events.started.contains(&pid));
    // No connector tells anything in a pid namespace, whatever it promises.
    assert!(!watch.hears_of_starts());
    let key = first.key();
    watch.follow(&[process(key)], &[]);
    drop(first);
    let second = start_as(pid, &program);
    let mut seen = Events::default();
    while !seen.ended.contains(&key) || !seen.started.contains(&pid) {
        let events = watch.wait(Instant::now() + Duration::from_secs(60));
        seen.ended.extend(events.ended);
        seen.started.extend(events.started);
    }
    drop(second);

    // One that was no session, and that nobody followed.
    watch.follow(&[], &[]);
    let other = start_as(pid, Path::new("sleep"));
    while watch
        .wait(Instant::now() + Duration::from_secs(1))
        .are_news()
    {}
    drop(other);
    let _third = start_as(pid, &program);
    expect(&mut watch, |events| events.started.contains(&pid));
}
