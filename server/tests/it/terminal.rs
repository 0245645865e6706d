//! `list` and `why` of the built program: the same verdict as the API's, without a server.

use std::{
    fs,
    io::Read as _,
    os::fd::OwnedFd,
    path::Path,
    process::{Command, Output, Stdio},
};

use rustix::{
    pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    client::{Server, get},
    test_claude::ID,
    test_session::TestSession,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_session-manager");

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null());
    command
}

/// Runs it to its end; code, standard output and standard error.
fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(home, arguments).output().unwrap();
    (
        status.code().unwrap(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A session that waits, in a home of its own.
fn waiting(home: &Path) -> TestSession {
    let session = TestSession::start();
    let fields = format!(
        r#","sessionId":"{ID}","status":"waiting","waitingFor":"permission prompt","name":"\u001b[31mp1-42","statusUpdatedAt":7"#
    );
    session.register(home, &fields);
    session
}

/// The line about a process. The machine may run others.
fn line(list: &str, pid: u32) -> String {
    let end = format!(" {pid}");
    let mut lines = list.lines().filter(|line| line.ends_with(&end));
    let line = lines.next().unwrap_or_else(|| panic!("{pid}: {list}"));
    assert_eq!(lines.next(), None);
    line.to_owned()
}

fn broken() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join(".config/session-manager");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("config.toml"), "\nport = \"many\"\n").unwrap();
    home
}

#[test]
fn json_is_what_the_api_answers() {
    let server = Server::start();
    let session = waiting(server.home());
    let transcripts = server.home().join(".claude/projects/-somewhere");
    fs::create_dir_all(&transcripts).unwrap();
    let prompt = json!({"type": "user", "message": {"content": "hello"}, "cwd": "/somewhere"});
    let file = transcripts.join(format!("{ID}.jsonl"));
    fs::write(file, format!("{prompt}\n")).unwrap();
    let pid = session.pid();
    let row = |text: &str| {
        let rows: Vec<Value> = serde_json::from_str(text).unwrap();
        let mut row = rows.into_iter().find(|row| row["pid"] == pid).unwrap();
        // Each program reckons for itself when the machine started, to some milliseconds.
        for age in [
            "elapsed",
            "elapsedSec",
            "wchan",
            "rssBytes",
            "startedAt",
            "lastActivityAt",
        ] {
            assert!(row.as_object_mut().unwrap().remove(age).is_some(), "{age}");
        }
        row
    };
    let api = row(&server.ask(&get("/sessions", "")).body);
    assert_eq!(api["state"], "waiting_permission");

    let (code, list, errors) = run(server.home(), &["list", "--json"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(row(&list), api);

    let (code, all, errors) = run(server.home(), &["list", "--all", "--json"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let all: Value = serde_json::from_str(&all).unwrap();
    assert_eq!(row(&all["sessions"].to_string()), api);
    let conversation = |recent: &Value| {
        let mut all = recent.as_array().unwrap().iter();
        all.find(|one| one["sessionId"] == ID).unwrap().clone()
    };
    let api = server.ask(&get("/sessions?scope=recent&days=7", "")).json();
    assert_eq!(conversation(&all["recent"]), conversation(&api["sessions"]));

    let (code, why, errors) = run(server.home(), &["why", &pid.to_string(), "--json"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let reasons = |text: &str| {
        let mut why: Value = serde_json::from_str(text).unwrap();
        for evidence in why["evidence"].as_array_mut().unwrap() {
            if evidence["source"] == "process" {
                evidence["at"].take();
            }
        }
        why
    };
    let path = format!("/sessions/{pid}/why");
    let api = server.ask(&get(&path, "")).body;
    assert_eq!(reasons(&why), reasons(&api));
}

#[test]
fn a_session_has_its_line_and_its_reason() {
    let home = tempfile::tempdir().unwrap();
    let session = waiting(home.path());
    let pid = session.pid();

    let (code, list, errors) = run(home.path(), &["list"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(list.starts_with("  STATE"), "{list}");
    let line = line(&list, pid);
    assert!(line.starts_with("! permission "), "{line}");
    assert!(line.contains(" ␛[31mp1-42 "), "{line}");
    assert!(!list.contains('\x1b'), "{list:?}");
    assert!(list.lines().last().unwrap().contains(" need"), "{list}");

    let (code, why, errors) = run(home.path(), &["why", &pid.to_string()]);
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(why.starts_with(&format!("Process {pid} waits for a permission (")));
    let decided: Vec<&str> = why.lines().filter(|line| line.starts_with('>')).collect();
    assert_eq!(decided.len(), 1, "{why}");
    assert!(decided[0].starts_with("> registry "), "{why}");
}

#[test]
fn a_terminal_has_its_width_and_its_colours() {
    let home = tempfile::tempdir().unwrap();
    let session = waiting(home.path());
    let on_terminal = |name: &str, value: &str| {
        let (master, slave) = terminal(64);
        let mut list = command(home.path(), &["list"]);
        list.env(name, value).stdout(slave);
        assert!(list.status().unwrap().success());
        // The slave's last descriptor is the command's.
        drop(list);
        read_terminal(master)
    };

    let shown = on_terminal("TERM", "xterm-256color");
    let line = line(
        &anstream::adapter::strip_str(&shown).to_string(),
        session.pid(),
    );
    assert_eq!(line.chars().count(), 64, "{line}");
    assert!(shown.contains("\x1b["), "{shown:?}");
    assert!(!on_terminal("NO_COLOR", "1").contains("\x1b["));
}

/// Both sides of a terminal with so many columns.
fn terminal(columns: u16) -> (OwnedFd, OwnedFd) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    unlockpt(&master).unwrap();
    let slave = ioctl_tiocgptpeer(&master, OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&slave, size).unwrap();
    (master, slave)
}

/// What was written to a terminal that nobody holds open any more.
fn read_terminal(master: OwnedFd) -> String {
    let mut bytes = Vec::new();
    let mut file = fs::File::from(master);
    // A terminal without a writer ends with an error.
    assert!(file.read_to_end(&mut bytes).is_err());
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}

#[test]
fn who_is_no_session_is_said_so() {
    let home = tempfile::tempdir().unwrap();
    let mut sleep = Command::new("sleep");
    sleep.arg("600");
    let other = TestSession::spawn(sleep);
    for json in [&[][..], &["--json"]] {
        let pid = other.pid().to_string();
        let arguments = [&["why", &pid], json].concat();
        let (code, why, errors) = run(home.path(), &arguments);
        assert_eq!((code, why.as_str()), (1, ""));
        let sentence = format!(
            "session-manager: Process {pid} is no Claude Code session; `session-manager list` shows those that run.\n"
        );
        assert_eq!(errors, sentence);
    }
}

#[test]
fn bad_usage_is_64() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["why"][..],
        &["why", "1", "2"],
        &["list", "1"],
        &["list", "--jason"],
    ] {
        let (code, output, errors) = run(home.path(), arguments);
        assert_eq!((code, output.as_str()), (64, ""), "{arguments:?}");
        assert!(errors.starts_with("error: "), "{errors}");
    }
    // What could be a name is looked for.
    for said in ["0", "nobody", ""] {
        let (code, output, errors) = run(home.path(), &["why", said]);
        assert_eq!((code, output.as_str()), (64, ""), "{said:?}");
        assert!(errors.starts_with("session-manager: "), "{errors}");
    }
    let (code, help, _) = run(home.path(), &["list", "--help"]);
    assert_eq!(code, 0);
    assert!(help.contains("Exit codes:\n  0 "), "{help}");
}

#[test]
fn a_mistake_in_the_configuration_is_named_and_keeps_nothing_back() {
    let home = broken();
    let session = waiting(home.path());
    let pid = session.pid().to_string();
    for arguments in [&["list"][..], &["why", &pid]] {
        let (code, output, errors) = run(home.path(), arguments);
        assert_eq!(code, 64, "{arguments:?}");
        assert!(output.contains(&pid), "{arguments:?}: {output}");
        assert!(errors.starts_with("session-manager: "), "{errors}");
        assert!(errors.contains("config.toml, line 2"), "{errors}");
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let home = tempfile::tempdir().unwrap();
    let session = waiting(home.path());
    let pid = session.pid().to_string();
    for arguments in [
        &["list"][..],
        &["list", "--json"],
        &["why", &pid],
        &["list", "--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut program = command(home.path(), arguments);
        let output = program.stdout(writer).stderr(Stdio::piped()).output();
        let output = output.unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
    }
}

#[test]
fn an_answer_that_can_not_be_written_is_a_failure() {
    let home = tempfile::tempdir().unwrap();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut program = command(home.path(), &["list"]);
    let output = program.stdout(full).stderr(Stdio::piped()).output();
    let output = output.unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.starts_with("session-manager: writing the answer: "),
        "{errors}"
    );
}

#[test]
fn why_takes_a_session_by_its_name_as_well() {
    let home = tempfile::tempdir().unwrap();
    let session = waiting(home.path());
    let by_pid = run(home.path(), &["why", &session.pid().to_string(), "--json"]);
    assert_eq!(by_pid.0, 0, "{}", by_pid.2);
    let pid = |json: &str| serde_json::from_str::<Value>(json).unwrap()["pid"].clone();
    for said in [ID, ID.get(..8).unwrap(), "\u{1b}[31mp1-42"] {
        let (code, why, errors) = run(home.path(), &["why", said, "--json"]);
        assert_eq!(code, 0, "{errors}");
        assert_eq!(pid(&why), pid(&by_pid.1));
    }
}

#[test]
fn what_can_not_be_read_is_said_in_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let (code, output, errors) = run(home.path(), &["rules", "import", "/nonexist"]);
    assert_eq!((code, output.as_str()), (1, ""));
    assert_eq!(
        errors,
        "session-manager: reading /nonexist: No such file or directory (os error 2)\n"
    );
}

#[test]
fn bash_completes_verbs() {
    let home = tempfile::tempdir().unwrap();
    let (code, script, errors) = run(home.path(), &["completions", "bash"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    let asks = r#"
        for word in app ho; do
            COMPREPLY=() COMP_WORDS=(session-manager "$word") COMP_CWORD=1
            _session__manager session-manager "$word" session-manager
            echo "${COMPREPLY[@]}"
        done"#;
    let mut bash = Command::new("bash");
    let output = bash.args(["-c", &format!("{script}{asks}")]).output();
    let completed = String::from_utf8(output.unwrap().stdout).unwrap();
    // Not what only we ourselves start.
    assert_eq!(completed, "approve\nhooks host-token\n");
}

#[test]
fn without_a_verb_a_person_is_shown_the_help() {
    let home = tempfile::tempdir().unwrap();
    let (master, terminal) = terminal(100);
    let status = command(home.path(), &[]).stdout(terminal).status();
    assert_eq!(status.unwrap().code(), Some(0));
    let shown = read_terminal(master);
    assert!(shown.contains("Usage: session-manager"), "{shown}");
}

#[test]
fn nothing_is_written_into_the_home() {
    let home = tempfile::tempdir().unwrap();
    let session = waiting(home.path());
    let paths = || {
        let all = walkdir::WalkDir::new(home.path()).sort_by_file_name();
        let all = all.into_iter().map(|entry| entry.unwrap().into_path());
        all.collect::<Vec<_>>()
    };
    let before = paths();
    run(home.path(), &["list", "--all"]);
    run(home.path(), &["why", &session.pid().to_string()]);
    assert_eq!(paths(), before);
}
