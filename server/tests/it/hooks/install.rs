//! `session-manager hooks`: what happens to Claude Code's settings, and to nothing else.

use std::os::unix::fs::{MetadataExt as _, chown};

use serde_json::Value;

use super::*;

const SETTINGS: &str = "{\n    \"model\": \"opus\",\n    \"hooks\": {\n        \"Stop\": []\n    },\n    \"n\": 1.50\n}\n";

impl TestHome {
    fn settings(&self) -> PathBuf {
        self.path().join(".claude/settings.json")
    }

    fn write_settings(&self, text: &str) {
        fs::create_dir_all(self.path().join(".claude")).unwrap();
        fs::write(self.settings(), text).unwrap();
    }

    /// A `claude` that tells this version.
    fn claude(&self, version: &str) {
        let source = self.path().join("source");
        fs::write(
            &source,
            format!("#!/bin/sh\necho '{version} (Claude Code)'\n"),
        )
        .unwrap();
        program(&source, &self.path().join("path/claude"));
    }

    fn hooks(&self, words: &[&str]) -> Output {
        let mut command = Command::new(BIN);
        command.arg("hooks").args(words).env_clear();
        command
            .env("HOME", self.path())
            .env("PATH", self.path().join("path"));
        command.output().unwrap()
    }

    /// The answer in JSON of what must succeed.
    fn done(&self, verb: &str) -> Value {
        let output = self.hooks(&[verb, "--json"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Asserts that nothing is installed and nothing is changed.
    fn refuses(&self, code: i32, words: &str) {
        let before = fs::read(self.settings()).ok();
        let output = self.hooks(&["install"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(fs::read(self.settings()).ok(), before);
        let answer: Value =
            serde_json::from_slice(&self.hooks(&["install", "--json"]).stdout).unwrap();
        assert_eq!(answer["ok"], false);
    }
}

#[test]
fn they_come_and_go_and_the_rest_stays_as_it_was() {
    let home = TestHome::new();
    home.claude("2.1.329");
    home.write_settings(SETTINGS);
    fs::set_permissions(home.settings(), Permissions::from_mode(0o640)).unwrap();
    assert_eq!(home.done("status")["state"], "absent");
    let answer = home.done("install");
    assert_eq!(
        (&answer["changed"], &answer["claude"]),
        (&true.into(), &"2.1.329".into())
    );
    assert_eq!(mode(&home.settings()), 0o640);
    assert_eq!(home.done("install")["changed"], false);
    let status = home.done("status");
    assert_eq!(
        (&status["state"], &status["binary"]),
        (&"installed".into(), &BIN.into())
    );
    assert_eq!(status["lastReportAt"], Value::Null);

    // What stands there is what a shell runs.
    let text = fs::read_to_string(home.settings()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let line = value["hooks"]["Stop"][0]["hooks"][0]["command"]
        .as_str()
        .unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("HOME", home.path());
    finish(start(shell, STOP));
    assert_eq!(home.report().unwrap().event, Event::Stop);
    assert!(home.done("status")["lastReportAt"].is_u64());

    let answer = home.done("uninstall");
    assert_eq!(
        (&answer["changed"], &answer["removedReports"]),
        (&true.into(), &1.into())
    );
    assert_eq!(fs::read_to_string(home.settings()).unwrap(), SETTINGS);
    assert_eq!(mode(&home.settings()), 0o640);
    assert_eq!(
        fs::read_dir(home.path().join(".claude")).unwrap().count(),
        1
    );
    assert!(!home.directory().exists());
    assert_eq!(home.done("uninstall")["changed"], false);
}

#[test]
fn the_command_is_silent_once_the_program_is_gone_or_another_one() {
    let home = TestHome::new();
    let here = home.path().join("it's a program");
    program(Path::new(BIN), &here);
    let mut install = Command::new(&here);
    install
        .args(["hooks", "install"])
        .env_clear()
        .env("HOME", home.path());
    assert!(install.output().unwrap().status.success());
    let value: Value = serde_json::from_slice(&fs::read(home.settings()).unwrap()).unwrap();
    let line = value["hooks"]["Stop"][0]["hooks"][0]["command"]
        .as_str()
        .unwrap();
    let run = || {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).env("HOME", home.path());
        // The program that stands in for ours below reads nothing; it may have ended by the time of writing.
        let output = shell.stdin(Stdio::null()).output().unwrap();
        assert_eq!((output.stdout, output.stderr), (Vec::new(), Vec::new()));
        assert!(output.status.success());
    };
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("HOME", home.path());
    finish(start(shell, STOP));
    assert!(home.report().is_some());
    assert_eq!(home.done("status")["state"], "other_binary");
    let source = home.path().join("source");
    fs::write(&source, "#!/bin/sh\necho noise; echo noise >&2; exit 2\n").unwrap();
    program(&source, &here);
    run();
    fs::remove_file(&here).unwrap();
    run();
    assert_eq!(home.done("status")["binaryExists"], false);
    assert_eq!(home.done("install")["changed"], true);
    assert_eq!(home.done("status")["binary"], BIN);
}

#[test]
fn an_old_claude_is_given_no_event_that_it_does_not_know() {
    let home = TestHome::new();
    for (version, all) in [("2.0.30", false), ("2.1.329", true), ("2.0.30", false)] {
        home.claude(version);
        let answer = home.done("install");
        assert_eq!(answer["changed"], true);
        let text = fs::read_to_string(home.settings()).unwrap();
        assert_eq!(text.contains("PermissionRequest"), all, "{version}");
        let state = if all { "installed" } else { "partial" };
        assert_eq!(home.done("status")["state"], state);
    }
    // One that isn't there might be old.
    let lone = TestHome::new();
    assert_eq!(lone.done("install")["claude"], Value::Null);
    assert_eq!(mode(&lone.settings()), 0o600);
    assert!(
        !fs::read_to_string(lone.settings())
            .unwrap()
            .contains("PermissionRequest")
    );
}

#[test]
fn a_link_is_written_through() {
    let home = TestHome::new();
    let target = home.path().join("dotfiles/claude.json");
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::create_dir(home.path().join(".claude")).unwrap();
    symlink(&target, home.settings()).unwrap();
    home.refuses(65, "a link to a file that is not there");
    fs::write(&target, "{}").unwrap();
    home.done("install");
    assert!(fs::symlink_metadata(home.settings()).unwrap().is_symlink());
    assert!(
        fs::read_to_string(&target)
            .unwrap()
            .contains("session-manager-hook")
    );
    home.done("uninstall");
    assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
    // Only root can give a file away.
    if chown(&target, Some(65_534), None).is_ok() {
        home.refuses(65, "another user's than the directory");
        assert_eq!(fs::read_to_string(&target).unwrap(), "{}");
    }
}

/// Root is led into nobody's files by another, and leaves nothing that is its own in anybody's home.
#[test]
fn in_a_users_home_root_changes_what_is_that_users() {
    if !rustix::process::geteuid().is_root() {
        // Only root can make another user's files.
        return;
    }
    let home = TestHome::new();
    let users = tempfile::tempdir().unwrap();
    let [mallory, alice] = ["mallory", "alice"].map(|name| users.path().join(name));
    let install = || home.hooks(&["install", "--home", mallory.to_str().unwrap()]);
    let give = |path: &Path, uid: u32| chown(path, Some(uid), Some(uid)).unwrap();
    for (user, uid) in [(&mallory, 54_321), (&alice, 54_322)] {
        fs::create_dir_all(user).unwrap();
        give(user, uid);
    }
    let refused = |words: &str| {
        let output = install();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    };

    refused("by starting Claude Code once");
    assert_eq!(fs::read_dir(&mallory).unwrap().count(), 0);

    // Without settings there as well as with them.
    let settings = alice.join(".claude/settings.json");
    fs::create_dir(alice.join(".claude")).unwrap();
    give(&alice.join(".claude"), 54_322);
    symlink("../alice/.claude", mallory.join(".claude")).unwrap();
    refused("another user than its parent");
    assert!(!settings.exists());
    fs::write(&settings, "{}").unwrap();
    give(&settings, 54_322);
    refused("another user than its parent");
    assert_eq!(fs::read_to_string(&settings).unwrap(), "{}");
    assert_eq!(fs::read_dir(alice.join(".claude")).unwrap().count(), 1);

    fs::remove_file(mallory.join(".claude")).unwrap();
    fs::create_dir(mallory.join(".claude")).unwrap();
    give(&mallory.join(".claude"), 54_321);
    assert!(install().status.success());
    let own = fs::metadata(mallory.join(".claude/settings.json")).unwrap();
    assert_eq!(
        (own.uid(), own.gid(), own.mode() & 0o777),
        (54_321, 54_321, 0o600)
    );
    assert_eq!(fs::read_dir(mallory.join(".claude")).unwrap().count(), 1);
}

#[test]
fn what_is_no_settings_file_is_refused_and_left_alone() {
    let home = TestHome::new();
    for (text, words) in [
        ("", "is not plain JSON"),
        (
            "{\n  // mine\n}",
            "line 2, column 3; comments are not allowed",
        ),
        ("[]", "is not a JSON object"),
        ("{\"hooks\":[]}", "has a \"hooks\" that is not an object"),
        (
            "{\"hooks\":{\"Stop\":1}}",
            "has a \"hooks.Stop\" that is not a list",
        ),
        ("{\"hooks\":{},\"hooks\":{}}", "has \"hooks\" twice"),
    ] {
        home.write_settings(text);
        home.refuses(65, words);
    }
    fs::write(home.settings(), b"{\"a\":\"\xff\"}").unwrap();
    home.refuses(65, "is not UTF-8");
    fs::remove_file(home.settings()).unwrap();
    mknodat(CWD, home.settings(), FileType::Fifo, Mode::RWXU, 0).unwrap();
    let output = home.hooks(&["install"]);
    assert_eq!(output.status.code(), Some(65));
}

#[test]
fn the_directory_that_was_named_is_meant_and_switched_off_hooks_are_told() {
    let home = TestHome::new();
    let other = home.path().join("config");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("settings.json"), "{\"disableAllHooks\":true}").unwrap();
    let named = other.to_str().unwrap();
    let output = home.hooks(&["install", "--config-dir", named]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("disableAllHooks"), "{said}");
    assert!(!home.settings().exists());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(other.join("settings.json"), Some(65534), Some(65534)).unwrap();
        home.hooks(&["uninstall", "--config-dir", named]);
        let file = fs::metadata(other.join("settings.json")).unwrap();
        assert_eq!((file.uid(), file.gid()), (65534, 65534));
    }
    let output = home.hooks(&["install", "--config-dir", named, "--home", "/"]);
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn approvals_are_asked_for_and_can_be_left_out_again() {
    let home = TestHome::new();
    home.claude("2.1.329");
    home.write_settings(SETTINGS);
    let said = |words: &[&str]| String::from_utf8(home.hooks(words).stdout).unwrap();
    assert_eq!(home.done("install")["approvals"], false);
    assert_eq!(home.done("status")["approvals"], false);
    assert!(said(&["status"]).contains("in their own terminals alone"));
    let plain = fs::read_to_string(home.settings()).unwrap();

    let installed = said(&["install", "--approvals"]);
    assert!(installed.contains("stays usable"), "{installed}");
    assert!(installed.contains("for 300 s"), "{installed}");
    let asking = fs::read_to_string(home.settings()).unwrap();
    assert!(asking.contains("hook --ask 2>/dev/null"));
    assert_eq!(home.done("status")["approvals"], true);
    assert_eq!(home.done("status")["state"], "installed");

    assert_eq!(home.done("install")["changed"], true);
    assert_eq!(fs::read_to_string(home.settings()).unwrap(), plain);
    home.hooks(&["install", "--approvals"]);
    home.done("uninstall");
    assert_eq!(fs::read_to_string(home.settings()).unwrap(), SETTINGS);
}

#[test]
fn a_claude_that_asks_no_hook_is_given_no_approvals() {
    let home = TestHome::new();
    home.claude("2.0.30");
    let output = home.hooks(&["install", "--approvals", "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["approvals"], false);
    assert_eq!(home.done("status")["approvals"], false);
}
