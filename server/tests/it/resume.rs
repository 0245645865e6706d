//! Bringing a conversation back: the built program, a real tmux server of the test's own, and a script in
//! the place of Claude Code that writes the registry file it would write.

mod driven;
mod inherited;
mod parting;
mod rig;
mod twins;

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::rig::*;
use crate::{
    client::{Answer, Connection},
    test_claude::{OTHER_ID, PROJECT},
    test_session::TestSession,
};

#[test]
fn a_conversation_lives_again_in_a_terminal_of_its_own() {
    let rig = Rig::with_transcript(LIVES);
    let program = rig.start();
    let answer = program.resume(&rig.request());
    let resumed = answer.json();
    assert_eq!(answer.status, 200, "{resumed}");
    assert_eq!(resumed["ok"], true);
    assert_eq!(resumed["sessionId"], *rig.id);
    assert_eq!(resumed.get("note"), None, "{resumed}");
    let holder = json!({
        "type": "tmux",
        "session": rig.terminal(),
        "attach": format!("tmux attach -t {}", rig.terminal()),
    });
    assert_eq!(resumed["holder"], holder);
    assert_eq!(rig.terminals(), [rig.terminal()]);

    let row = program.row(&resumed["pid"]);
    assert_eq!(row["key"], resumed["key"]);
    assert_eq!(row["sessionId"], *rig.id);
    assert_eq!(row["state"], "idle");
    assert_eq!(row["cwd"], rig.path("work").to_str().unwrap());
    assert_eq!(row["actions"]["kill"], true);

    let work = rig.path("work");
    assert_eq!(
        read(&rig.home().join("pwd")).trim_end(),
        work.to_str().unwrap()
    );
    // What our host and the session that it was started from left in our environment.
    let environment = read(&rig.home().join("env"));
    for name in [
        "NODE_ENV",
        "PLUGIN_NAME",
        "CLAUDECODE",
        "CLAUDE_CODE_ENTRYPOINT",
        "CLAUDE_CONFIG_DIR",
    ] {
        let found = environment
            .lines()
            .find(|line| line.starts_with(&format!("{name}=")));
        assert_eq!(found, None);
    }
    assert!(environment.contains(&format!("HOME={}\n", rig.home().display())));

    let again = program.resume(&rig.request());
    refuse(&again, 409, "live");
    assert_eq!(again.json()["pid"], resumed["pid"]);
    assert_eq!(again.json()["key"], resumed["key"]);
    assert_eq!(again.json()["sessionId"], resumed["sessionId"]);
    assert_eq!(rig.terminals().len(), 1);

    // Our end is not the session's.
    drop(program);
    let program = rig.start();
    assert_eq!(program.row(&resumed["pid"])["key"], resumed["key"]);
    let path = format!("/sessions/{}/kill", resumed["pid"]);
    let body = json!({"key": resumed["key"]}).to_string();
    let killed = program.send("POST", &path, &body).receive().unwrap();
    assert_eq!(killed.json()["outcome"], "exited");
}

#[test]
fn one_that_ends_at_once_is_no_success_and_leaves_no_terminal() {
    let rig = Rig::with_transcript(DIES);
    let program = rig.start();
    let answer = program.resume(&rig.request());
    refuse(&answer, 500, "fault");
    let sentence = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(
        sentence.contains("No conversation found here"),
        "{sentence}"
    );
    assert_eq!(rig.terminals(), [""; 0]);
    // The conversation is free again.
    refuse(&program.resume(&rig.request()), 500, "fault");
}

#[test]
fn what_never_becomes_a_session_is_closed() {
    let rig = Rig::with_transcript(IDLES);
    let answer = rig.start().resume(&rig.request());
    refuse(&answer, 500, "fault");
    assert!(answer.body.contains("not today"), "{}", answer.body);
    assert_eq!(rig.terminals(), [""; 0]);
}

#[test]
fn one_that_waits_at_a_dialog_lives_and_is_noted() {
    let rig = Rig::with_transcript(ASKS);
    let versions = rig.home().join(".local/share/claude/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::copy("/bin/sh", versions.join("2.1.329")).unwrap();
    let program = rig.start();
    let answer = program.resume(&rig.request());
    let resumed = answer.json();
    assert_eq!(answer.status, 200, "{resumed}");
    let note = resumed["note"].as_str().unwrap();
    assert!(
        note.contains(&format!("tmux attach -t {}", rig.terminal())),
        "{note}"
    );
    let row = program.row(&resumed["pid"]);
    assert_eq!(row["state"], "starting");
    assert_eq!(row["sessionId"], Value::Null);
}

#[test]
fn one_resume_of_a_conversation_at_a_time() {
    let rig = Rig::with_transcript(LIVES);
    let program = rig.start();
    let mut both = [program.ask(&rig.request()), program.ask(&rig.request())];
    let mut statuses = both.each_mut().map(|one| one.receive().unwrap().status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(rig.terminals().len(), 1);
    assert_eq!(
        program
            .rows()
            .iter()
            .filter(|row| row["sessionId"] == *rig.id)
            .count(),
        1
    );
}

#[test]
fn a_name_that_is_taken_gets_a_number() {
    let rig = Rig::with_transcript(LIVES);
    let taken = rig.tmux(&["new-session", "-d", "-s", &rig.terminal(), "sleep", "600"]);
    assert!(taken.status.success(), "{taken:?}");
    let program = rig.start();
    let second = format!("{}-2", rig.terminal());
    let resumed = program.resume(&rig.request()).json();
    assert_eq!(resumed["holder"]["session"], second, "{resumed}");
    let mut terminals = rig.terminals();
    terminals.sort();
    assert_eq!(terminals, [rig.terminal(), second]);
}

#[test]
fn checks_come_in_the_order_that_clients_rely_on() {
    let rig = Rig::new(LIVES);
    rig.configure("claude = \"/nowhere/claude\"\n");
    let program = rig.start();
    // A relative directory is a mistake whatever else is wrong.
    let relative = json!({"sessionId": OTHER_ID, "cwd": "work"});
    refuse(&program.resume(&relative), 400, "bad_cwd");
    // Live before unknown: its transcript may not have been written yet.
    let live = TestSession::start();
    live.register(&rig.home(), &format!(r#","sessionId":"{OTHER_ID}""#));
    let refusal = program.resume(&json!({"sessionId": OTHER_ID, "cwd": "/nowhere"}));
    refuse(&refusal, 409, "live");
    assert_eq!(refusal.json()["pid"], live.pid());
    assert_eq!(refusal.json()["key"], live.key_text());
    // Unknown before its directory.
    let gone = json!({"sessionId": rig.id, "cwd": "/nowhere"});
    refuse(&program.resume(&gone), 404, "no_conversation");
    // The directory before the tools.
    rig.transcript(&json!({}));
    refuse(&program.resume(&gone), 400, "bad_cwd");
    refuse(&program.resume(&rig.request()), 400, "bad_cwd");
    rig.transcript(&json!({"cwd": rig.path("vanished")}));
    // The transcript's own wins over the one that is there.
    let here = json!({"sessionId": rig.id, "cwd": rig.path("work")});
    let refusal = program.resume(&here);
    refuse(&refusal, 400, "bad_cwd");
    assert!(refusal.body.contains("vanished"), "{}", refusal.body);
    fs::write(rig.path("vanished"), "a file").unwrap();
    refuse(&program.resume(&rig.request()), 400, "bad_cwd");
    rig.transcript(&json!({"cwd": rig.path("work")}));
    let refusal = program.resume(&rig.request());
    refuse(&refusal, 503, "no_claude");
    assert!(refusal.body.contains("/nowhere/claude"), "{}", refusal.body);
    assert_eq!(rig.terminals(), [""; 0]);
}

#[test]
fn the_bodys_directory_serves_where_the_transcript_has_none() {
    let rig = Rig::new(LIVES);
    rig.transcript(&json!({}));
    let program = rig.start();
    // `user` is a field of the old API and says nothing.
    let body = json!({"sessionId": rig.id, "cwd": rig.path("work"), "user": "nobody-at-all"});
    assert_eq!(program.resume(&body).status, 200);
    let work = rig.path("work");
    assert_eq!(
        read(&rig.home().join("pwd")).trim_end(),
        work.to_str().unwrap()
    );
}

/// A machine without tmux, for the program alone: the file is covered in a mount namespace of its own.
#[test]
fn without_tmux_the_answer_says_so() {
    let unshare: &[&str] = if rustix::process::geteuid().is_root() {
        &["unshare", "-m"]
    } else {
        &["unshare", "-rm"]
    };
    let may = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .output();
    if !may.is_ok_and(|tried| tried.status.success()) {
        // A container that has no right to mount; there is no other way to hide a file in /usr/bin.
        return;
    }
    let rig = Rig::with_transcript(LIVES);
    let hide = "for dir in /usr/local/bin /usr/bin /bin /usr/sbin; do \
                [ ! -f $dir/tmux ] || mount --bind /dev/null $dir/tmux; done; exec \"$0\"";
    let mut argv = unshare.to_vec();
    argv.extend(["sh", "-c", hide, env!("CARGO_BIN_EXE_session-manager")]);
    let program = rig.start_as(&argv);
    let refusal = program.resume(&rig.request());
    refuse(&refusal, 503, "no_tmux");
    assert!(refusal.body.contains("install"), "{}", refusal.body);
    let body = json!({"cwd": rig.path("work"), "holder": "tmux"}).to_string();
    let new = program.send("POST", "/sessions", &body).receive().unwrap();
    refuse(&new, 503, "no_tmux");
    let health = program.send("GET", "/health", "").receive().unwrap();
    assert_eq!(health.json()["tmux"], Value::Null);
}

/// Root brings a conversation back as the owner of its home, so that no file in it becomes root's.
#[test]
fn root_resumes_as_the_owner_of_the_home() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        // Only root can run something as another user.
        return;
    }
    let mut rig = Rig::with_transcript(LIVES);
    rig.give_to(NOBODY);
    let program = rig.start();
    let answer = program.resume(&rig.request());
    let resumed = answer.json();
    assert_eq!(answer.status, 200, "{resumed}");
    let attach = format!("runuser -u nobody -- tmux attach -t {}", rig.terminal());
    assert_eq!(resumed["holder"]["attach"], attach);
    assert_eq!(rig.terminals(), [rig.terminal()]);
    let row = program.row(&resumed["pid"]);
    assert_eq!(row["user"], "nobody");
    assert_eq!(row["actions"]["kill"], true);
    let written = fs::metadata(rig.home().join("env")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&written), NOBODY);
}
