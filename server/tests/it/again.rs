//! Runs a test once more, in a child process that may be killed or limited.
//!
//! A test that does so plays both parts: it asks `part` first, which is `None` for the parent.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const WORD: &str = "SESSION_MANAGER_TEST_WORD";
const DIRECTORY: &str = "SESSION_MANAGER_TEST_DIRECTORY";

/// What the child was told: a word and a directory.
pub(crate) fn part() -> Option<(String, PathBuf)> {
    Some((env::var(WORD).ok()?, env::var_os(DIRECTORY)?.into()))
}

/// Runs `test`, named as the harness names it, in a child.
pub(crate) fn run(test: &str, word: &str, directory: &Path) -> Output {
    child(
        Command::new(env::current_exe().unwrap()),
        test,
        word,
        directory,
    )
}

/// As `run`, where no file can grow beyond `kib` KiB: writing more fails, as on a full disk.
pub(crate) fn run_with_small_files(kib: u32, test: &str, word: &str, directory: &Path) -> Output {
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", kib * 2);
    command
        .arg("-c")
        .arg(script)
        .arg(env::current_exe().unwrap());
    child(command, test, word, directory)
}

/// Plays a test as root of a pid namespace of its own, in which the next pid can be chosen and which takes all of its
/// processes along when it ends. Does nothing where this machine allows no such namespace.
pub(crate) fn in_pid_namespace(test: &str, play: impl FnOnce(&Path)) {
    if let Some((_, directory)) = part() {
        return play(&directory);
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
        command
    };
    let script = "echo 1000 >/proc/sys/kernel/ns_last_pid";
    let tried = unshare().args(["sh", "-c", script]).output();
    if !tried.is_ok_and(|tried| tried.status.success()) {
        return;
    }
    let mut command = unshare();
    command.arg(env::current_exe().unwrap());
    let directory = tempfile::tempdir().unwrap();
    let output = child(command, test, "namespace", directory.path());
    assert!(output.status.success(), "{output:?}");
}

fn child(mut command: Command, test: &str, word: &str, directory: &Path) -> Output {
    command
        .args(["--exact", test, "--nocapture"])
        .env(WORD, word)
        .env(DIRECTORY, directory)
        .output()
        .unwrap()
}
