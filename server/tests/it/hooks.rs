//! `session-manager hook` as Claude Code runs it, and the reports that it leaves for the server.

mod install;
mod reader;

use std::{
    fs::{self, Permissions},
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use session_core::hook::{Event, Report};
use session_manager::observe::{hooks::HookReports, proc::ProcReader};

use crate::test_claude::{OTHER_ID, age, id};

const BIN: &str = env!("CARGO_BIN_EXE_session-manager");
/// The session of the captured payloads.
const SESSION: &str = "0bbf4eb8-832b-4ee0-81ee-71daf226ca30";
const START: &[u8] = include_bytes!("../../core/testdata/hooks/session-start-2.1.329.json");
const ASK: &[u8] = include_bytes!("../../core/testdata/hooks/permission-request-bash-2.1.329.json");
const DONE: &[u8] = include_bytes!("../../core/testdata/hooks/post-tool-use-bash-2.1.329.json");
const STOP: &[u8] = include_bytes!("../../core/testdata/hooks/stop-2.1.329.json");

struct TestHome {
    root: tempfile::TempDir,
}

impl TestHome {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> &Path {
        self.root.path()
    }

    fn reports(&self) -> HookReports {
        HookReports::at(self.path())
    }

    fn directory(&self) -> PathBuf {
        self.reports().path()
    }

    fn file(&self, session: &str) -> PathBuf {
        self.directory().join(format!("{session}.json"))
    }

    fn report(&self) -> Option<Report> {
        self.reports().of(&id(SESSION))
    }

    /// Runs the hook, which must be silent and content whatever it is given.
    fn hook(&self, payload: &[u8]) {
        finish(start(hook_in(self.path()), payload));
    }
}

fn hook_in(home: &Path) -> Command {
    let mut command = Command::new(BIN);
    command.arg("hook").env_clear().env("HOME", home);
    command
}

fn start(mut command: Command, payload: &[u8]) -> Child {
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // All of it is taken: Claude Code may mind a pipe that closes under it.
    child.stdin.take().unwrap().write_all(payload).unwrap();
    child
}

fn finish(child: Child) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    assert_eq!((status.code(), stdout, stderr), (Some(0), vec![], vec![]));
}

/// Puts a program in its place. Written by ourselves, it could be held open by a child that another test has just
/// forked, and then it can't be started.
fn program(source: &Path, to: &Path) {
    let mut install = Command::new("install");
    let install = install.args(["-D", "-m", "755"]).args([source, to]);
    assert!(install.status().unwrap().success());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_report_is_kept_for_our_eyes_only() {
    let home = TestHome::new();
    home.hook(ASK);
    let report = home.report().unwrap();
    assert_eq!(report.event, Event::PermissionRequest);
    assert_eq!(report.asked.unwrap().tool, "Bash");
    assert_eq!(home.reports().all(), [home.report().unwrap()]);
    assert_eq!(mode(&home.file(SESSION)), 0o600);
    assert_eq!(mode(&home.directory()), 0o700);
    assert_eq!(mode(home.directory().parent().unwrap()), 0o700);
    home.hook(DONE);
    let report = home.report().unwrap();
    assert_eq!((report.event, report.asked), (Event::PostToolUse, None));
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(home.directory()).unwrap().count(), 1);
}

#[test]
fn the_nearest_claude_above_the_hook_is_named() {
    let home = TestHome::new();
    home.hook(ASK);
    let started_by_a_test = home.report().unwrap().process;
    let claude = home.path().join("bin/claude.exe");
    program(Path::new("/bin/sh"), &claude);
    let mut command = Command::new(&claude);
    // It stays until the test has looked at it, with a shell between it and the hook as Claude Code has.
    let script = r#"sh -c '"$0" hook; exit $?' "$0"; read -r line </proc/$$/stat; echo "$line""#;
    command
        .args(["-c", script, BIN])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin");
    let output = start(command, STOP).wait_with_output().unwrap();
    let stat = String::from_utf8(output.stdout).unwrap();
    let fields: Vec<_> = stat.split(' ').collect();
    let process = home.report().unwrap().process.unwrap();
    assert_eq!(process.key.pid.to_string(), fields[0]);
    assert_eq!(process.key.start_ticks.to_string(), fields[21]);
    assert_eq!(
        process.namespace,
        ProcReader::at("/proc").unwrap().pid_namespace()
    );
    assert_ne!(Some(process), started_by_a_test);
}

#[test]
fn bad_input_leaves_nothing_behind() {
    let home = TestHome::new();
    let inputs: [&[u8]; 7] = [
        b"",
        b"\0\xff",
        b"{",
        br#"{"hook_event_name":"Stop"}"#,
        br#"{"hook_event_name":"Stop","session_id":"../../../../../../tmp/evil"}"#,
        br#"{"hook_event_name":"Stop","session_id":"/etc/passwd"}"#,
        br#"{"hook_event_name":"Boom","session_id":"0bbf4eb8-832b-4ee0-81ee-71daf226ca30"}"#,
    ];
    for input in inputs {
        home.hook(input);
        assert_eq!(
            fs::read_dir(home.path()).unwrap().count(),
            0,
            "{}",
            input.escape_ascii()
        );
    }
}

#[test]
fn a_payload_without_end_is_taken_and_its_beginning_counts() {
    let home = TestHome::new();
    home.hook(ASK);
    let head = String::from_utf8(DONE.to_vec()).unwrap();
    let (head, _) = head.split_once(r#","tool_response""#).unwrap();
    let response = "x".repeat(8 << 20);
    home.hook(format!(r#"{head},"tool_response":"{response}"}}"#).as_bytes());
    assert_eq!(home.report().unwrap().asked, None);
    let before = home.report();
    home.hook(&vec![b'['; 8 << 20]);
    assert_eq!(home.report(), before);
}

#[test]
fn without_a_home_of_ours_nothing_happens() {
    let home = TestHome::new();
    fs::write(home.path().join("file"), "").unwrap();
    let mut nowhere = hook_in(home.path());
    nowhere.env_remove("HOME");
    finish(start(nowhere, ASK));
    for wrong in ["", "relative", "/nowhere/at/all"] {
        finish(start(hook_in(Path::new(wrong)), ASK));
    }
    finish(start(hook_in(&home.path().join("file")), ASK));
    fs::write(home.path().join(".local"), "").unwrap();
    home.hook(ASK);
    assert_eq!(home.report(), None);
    if rustix::process::geteuid().is_root() {
        // Root with somebody else's home must leave nothing there that its owner can't change.
        let theirs = TestHome::new();
        std::os::unix::fs::chown(theirs.path(), Some(65534), None).unwrap();
        theirs.hook(ASK);
        assert_eq!(fs::read_dir(theirs.path()).unwrap().count(), 0);
    }
}

#[test]
fn what_lies_in_a_report_s_place_is_neither_opened_nor_followed() {
    let home = TestHome::new();
    home.hook(START);
    let (file, victim) = (home.file(SESSION), home.path().join("victim"));
    fs::write(&victim, "precious").unwrap();
    fs::remove_file(&file).unwrap();
    // Opened without thought, a FIFO waits for ever.
    mknodat(CWD, &file, FileType::Fifo, Mode::RWXU, 0).unwrap();
    home.hook(STOP);
    assert_eq!(home.report().unwrap().event, Event::Stop);
    fs::remove_file(&file).unwrap();
    symlink(&victim, &file).unwrap();
    home.hook(ASK);
    assert_eq!(home.report().unwrap().event, Event::PermissionRequest);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    home.hook(STOP);
    assert_eq!(home.report(), None);
    assert_eq!(fs::read_dir(home.directory()).unwrap().count(), 1);
}

#[test]
fn a_directory_that_is_a_link_is_not_written_to() {
    let home = TestHome::new();
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir_all(home.directory().parent().unwrap()).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, home.directory()).unwrap();
    home.hook(ASK);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn hooks_that_run_at_the_same_time_lose_nothing() {
    let home = TestHome::new();
    let ask = |agent: usize| {
        format!(
            r#"{{"session_id":"{SESSION}","hook_event_name":"PermissionRequest","agent_id":"a{agent}","tool_name":"Write","tool_input":{{}}}}"#
        )
    };
    for _ in 0..5 {
        let hooks: Vec<_> = (0..8)
            .map(|agent| start(hook_in(home.path()), ask(agent).as_bytes()))
            .collect();
        hooks.into_iter().for_each(finish);
        let report = home.report().unwrap();
        assert!(report.asked.is_some());
        assert_eq!(report.asked_next.len(), 7);
        fs::remove_file(home.file(SESSION)).unwrap();
    }
}

#[test]
fn a_hook_that_is_never_told_anything_ends_by_itself() {
    let home = TestHome::new();
    let mut command = hook_in(home.path());
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let held = child.stdin.take();
    assert!(child.wait().unwrap().success());
    drop(held);
}

#[test]
fn a_held_lock_does_not_hold_up_claude() {
    let home = TestHome::new();
    home.hook(ASK);
    let directory = fs::File::open(home.directory()).unwrap();
    rustix::fs::flock(&directory, rustix::fs::FlockOperation::LockExclusive).unwrap();
    home.hook(STOP);
    assert_eq!(home.report().unwrap().event, Event::Stop);
}

#[test]
fn reports_of_long_ago_go_when_a_session_starts() {
    let home = TestHome::new();
    home.hook(STOP);
    let (old, young) = (
        home.file(OTHER_ID),
        home.file("11111111-2222-3333-4444-555555555555"),
    );
    let (torn, foreign) = (
        home.directory().join(".x.1.tmp"),
        home.directory().join("notes.txt"),
    );
    for path in [&old, &young, &torn, &foreign] {
        fs::write(path, "{}").unwrap();
    }
    for path in [&old, &torn, &foreign] {
        age(path, 8);
    }
    age(&young, 6);
    home.hook(STOP);
    assert!(old.exists());
    home.hook(START);
    assert!(!old.exists() && !torn.exists());
    assert!(young.exists() && foreign.exists() && home.file(SESSION).exists());
}

#[test]
fn arguments_of_a_later_version_are_no_mistake() {
    let home = TestHome::new();
    let mut command = hook_in(home.path());
    command.args(["--later", "option"]);
    finish(start(command, STOP));
    assert_eq!(home.report().unwrap().event, Event::Stop);
    // Nor is a directory that only its owner may not write to.
    fs::set_permissions(home.directory(), Permissions::from_mode(0o500)).unwrap();
    home.hook(ASK);
    fs::set_permissions(home.directory(), Permissions::from_mode(0o700)).unwrap();
}
