//! What a session gets of the server's own: its environment where it is the same user's, never its limits.

use super::*;

const NOBODY: u32 = 65_534;

fn file_of(pid: &Value, file: &str) -> String {
    // The environment is separated by NUL, and need not be UTF-8.
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap();
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

/// The soft and the hard limit of open files.
fn open_files(pid: &Value) -> (String, String) {
    let limits = file_of(pid, "limits");
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max open files"));
    let mut words = line.unwrap().split_whitespace().skip(3).map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap())
}

#[test]
fn root_hands_nothing_of_its_environment_to_another_user() {
    if !rustix::process::geteuid().is_root() {
        // Only root can run something as another user.
        return;
    }
    let mut rig = Rig::with_transcript(LIVES);
    rig.give_to(NOBODY);
    let program = rig.start_as(&[
        "env",
        "ANTHROPIC_API_KEY=sk-root-s-own",
        "SSH_AUTH_SOCK=/run/root-s-own",
        "XDG_RUNTIME_DIR=/run/user/0",
        "LC_ALL=C.UTF-8",
        "TZ=Europe/Berlin",
        env!("CARGO_BIN_EXE_session-manager"),
    ]);
    let resumed = program.resume(&rig.request()).json();
    assert_eq!(resumed["ok"], true, "{resumed}");
    let server = rig.tmux(&["display-message", "-p", "#{pid}"]);
    let server: Value = serde_json::from_slice(&server.stdout).unwrap();
    for pid in [&resumed["pid"], &server] {
        let environment = file_of(pid, "environ");
        assert!(!environment.contains("root-s-own"), "{environment}");
        let names = environment.lines().filter_map(|line| line.split_once('='));
        let names: Vec<&str> = names.map(|(name, _)| name).collect();
        for name in &names {
            let expected = [
                "PATH",
                "LC_ALL",
                "TZ",
                "TMUX_TMPDIR",
                "HOME",
                "SHELL",
                "USER",
                "LOGNAME",
                // These are tmux's and the shell's own; HOME is set for the session.
                "TERM",
                "TERM_PROGRAM",
                "TERM_PROGRAM_VERSION",
                "TMUX",
                "TMUX_PANE",
                "PWD",
                "OLDPWD",
                "SHLVL",
                "_",
            ];
            assert!(expected.contains(name), "{name} in {environment}");
        }
        for line in [
            "USER=nobody",
            "LOGNAME=nobody",
            "LC_ALL=C.UTF-8",
            "TZ=Europe/Berlin",
        ] {
            assert!(environment.lines().any(|set| set == line), "{environment}");
        }
    }
    let environment = file_of(&resumed["pid"], "environ");
    assert!(environment.contains(&format!("HOME={}\n", rig.home().display())));
}

#[test]
fn ones_own_environment_stays() {
    let rig = Rig::with_transcript(LIVES);
    let program = rig.start_as(&[
        "env",
        "ANTHROPIC_API_KEY=ones-own",
        env!("CARGO_BIN_EXE_session-manager"),
    ]);
    let resumed = program.resume(&rig.request()).json();
    assert_eq!(resumed["ok"], true, "{resumed}");
    assert!(file_of(&resumed["pid"], "environ").contains("ANTHROPIC_API_KEY=ones-own\n"));
}

#[test]
fn the_limit_of_open_files_is_the_one_that_the_server_was_started_with() {
    let rig = Rig::with_transcript(LIVES);
    let program = rig.start_as(&[
        "prlimit",
        "--nofile=257:1031",
        env!("CARGO_BIN_EXE_session-manager"),
    ]);
    assert_eq!(
        open_files(&json!(program.pid())),
        ("1031".to_owned(), "1031".to_owned())
    );
    let resumed = program.resume(&rig.request()).json();
    assert_eq!(resumed["ok"], true, "{resumed}");
    assert_eq!(
        open_files(&resumed["pid"]),
        ("257".to_owned(), "1031".to_owned())
    );
}
