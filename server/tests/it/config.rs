//! The configuration: every key, a mistake in each, and who wins.

use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use expect_test::{Expect, expect};
use session_manager::config::{Config, Surroundings};
use tempfile::TempDir;

/// A machine with the logins `me` (that is us) and `other`.
struct Machine {
    home: TempDir,
    variables: HashMap<&'static str, OsString>,
    is_root: bool,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let variables = HashMap::from([("HOME", home.path().into())]);
        Self {
            home,
            variables,
            is_root: false,
        }
    }

    fn with_file(text: &str) -> Self {
        let machine = Self::new();
        machine.write(text.as_bytes());
        machine
    }

    fn file(&self) -> PathBuf {
        self.home.path().join(".config/session-manager/config.toml")
    }

    fn write(&self, text: &[u8]) {
        fs::create_dir_all(self.file().parent().unwrap()).unwrap();
        fs::write(self.file(), text).unwrap();
    }

    fn read(&self) -> Config {
        Config::read(&Surroundings {
            variable: &|name| self.variables.get(name).cloned(),
            has_login: &|login| ["me", "other"].contains(&login),
            login: Some("me".to_owned()),
            login_home: Some("/home/in-passwd".into()),
            is_root: self.is_root,
        })
    }

    /// The mistakes, without the directory that differs from run to run.
    fn mistakes(&self, config: &Config) -> String {
        let home = self.home.path().display().to_string();
        let lines = config.mistakes.iter().map(|mistake| format!("{mistake}\n"));
        lines.collect::<String>().replace(&home, "HOME")
    }
}

fn check_mistakes(text: &str, expected: Expect) {
    let machine = Machine::with_file(text);
    expected.assert_eq(&machine.mistakes(&machine.read()));
}

#[test]
fn without_a_file_everything_has_its_default() {
    let machine = Machine::new();
    let config = machine.read();
    assert_eq!(config.mistakes, Vec::<String>::new());
    assert_eq!(config.homes, [machine.home.path()]);
    assert_eq!(config.path, Some(machine.file()));
    assert_eq!((config.user, config.port, config.claude), (None, 0, None));
    assert_eq!(config.allowed_hosts, Vec::<String>::new());
    assert_eq!(config.grace, Duration::from_millis(10_000));
    assert_eq!(config.stuck_after, Duration::from_secs(1800));
    assert_eq!(config.abandoned_after, Duration::from_secs(1800));
    assert_eq!(config.compress_after, Duration::from_secs(30 * 86_400));
    assert_eq!(config.approval_wait, Duration::from_secs(300));
    assert_eq!(config.actions_per_second.get(), 20);
    assert_eq!(config.detach_keys.to_string(), "Ctrl-B D");
    assert_eq!(
        config.search_path,
        ["/usr/local/bin", "/usr/bin", "/bin"].map(Path::new)
    );
}

#[test]
fn every_key_counts() {
    let mut machine = Machine::with_file(
        r#"
            homes = ["~", "/home/a/", "/home/a", "~/b"]
            user = "other"
            port = 7900
            allowed_hosts = ["Example.org", "127.0.0.1:8080", "[::1]:81"]
            claude = "~/bin/claude"
            grace_ms = 0
            stuck_after_minutes = 1
            abandoned_after_minutes = 2
            compress_after_days = 3
            actions_per_second = 4
            detach_keys = "ctrl-a q"
        "#,
    );
    machine.is_root = true;
    machine.variables.insert("PATH", "/a:/b".into());
    let config = machine.read();
    assert_eq!(config.mistakes, Vec::<String>::new());
    let home = machine.home.path();
    let homes = [home.to_owned(), "/home/a".into(), home.join("b")];
    assert_eq!(config.homes, homes);
    assert_eq!(config.user.as_deref(), Some("other"));
    assert_eq!(config.port, 7900);
    assert_eq!(
        config.allowed_hosts,
        ["example.org", "127.0.0.1:8080", "[::1]:81"]
    );
    assert_eq!(config.claude, Some(home.join("bin/claude")));
    assert_eq!(config.grace, Duration::ZERO);
    assert_eq!(config.stuck_after, Duration::from_secs(60));
    assert_eq!(config.abandoned_after, Duration::from_secs(120));
    assert_eq!(config.compress_after, Duration::from_secs(3 * 86_400));
    assert_eq!(config.actions_per_second.get(), 4);
    assert_eq!(config.detach_keys.to_string(), "Ctrl-A Q");
    assert_eq!(config.search_path, ["/a", "/b"].map(Path::new));
}

#[test]
fn every_key_can_be_wrong() {
    check_mistakes(
        r#"prot = 1
homes = "/home/a"
user = 7
port = 65536
allowed_hosts = ["a b", "example.org.", "http://example.org", "x:0", "[::1", "[x]:1", 5]
claude = "claude"
grace_ms = 60001
stuck_after_minutes = 0
abandoned_after_minutes = "30"
compress_after_days = 1.5
actions_per_second = 0
detach_keys = "ctrl-b"
[section]
"#,
        expect![[r#"
            HOME/.config/session-manager/config.toml, line 1, key "prot": there is no such key; the keys are homes, user, port, allowed_hosts, claude, grace_ms, stuck_after_minutes, abandoned_after_minutes, compress_after_days, approval_wait_sec, actions_per_second, detach_keys.
            HOME/.config/session-manager/config.toml, line 2, key "homes": an array of absolute paths belongs here.
            HOME/.config/session-manager/config.toml, line 3, key "user": a login name in quotes belongs here.
            HOME/.config/session-manager/config.toml, line 4, key "port": a whole number from 0 to 65535 belongs here.
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": "a b" is not a host name, such as "example.org" or "example.org:8080".
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": "example.org." is not a host name, such as "example.org" or "example.org:8080".
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": "http://example.org" is not a host name, such as "example.org" or "example.org:8080".
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": "x:0" is not a host name, such as "example.org" or "example.org:8080".
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": "[::1" is not a host name, such as "example.org" or "example.org:8080".
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": "[x]:1" is not a host name, such as "example.org" or "example.org:8080".
            HOME/.config/session-manager/config.toml, line 5, key "allowed_hosts": a string in quotes belongs here.
            HOME/.config/session-manager/config.toml, line 6, key "claude": "claude" is not an absolute path, nor one that begins with ~/.
            HOME/.config/session-manager/config.toml, line 7, key "grace_ms": a whole number from 0 to 60000 belongs here.
            HOME/.config/session-manager/config.toml, line 8, key "stuck_after_minutes": a whole number from 1 to 525600 belongs here.
            HOME/.config/session-manager/config.toml, line 9, key "abandoned_after_minutes": a whole number from 1 to 525600 belongs here.
            HOME/.config/session-manager/config.toml, line 10, key "compress_after_days": a whole number from 1 to 3650 belongs here.
            HOME/.config/session-manager/config.toml, line 11, key "actions_per_second": a whole number from 1 to 100000 belongs here.
            HOME/.config/session-manager/config.toml, line 12, key "detach_keys": "ctrl-b" is not two keys, such as "ctrl-b d".
            HOME/.config/session-manager/config.toml, line 13, key "section": there is no such key; the keys are homes, user, port, allowed_hosts, claude, grace_ms, stuck_after_minutes, abandoned_after_minutes, compress_after_days, approval_wait_sec, actions_per_second, detach_keys.
        "#]],
    );
    check_mistakes(
        "homes = []\n",
        expect![[r#"
        HOME/.config/session-manager/config.toml, line 1, key "homes": at least one absolute path belongs here.
    "#]],
    );
    check_mistakes(
        "homes = [\n  '~other',\n  'relative',\n  ''\n]\n",
        expect![[r#"
            HOME/.config/session-manager/config.toml, line 2, key "homes": "~other" is not an absolute path, nor one that begins with ~/.
            HOME/.config/session-manager/config.toml, line 3, key "homes": "relative" is not an absolute path, nor one that begins with ~/.
            HOME/.config/session-manager/config.toml, line 4, key "homes": a string in quotes belongs here.
        "#]],
    );
    check_mistakes(
        "port = -1\ngrace_ms = 99999999999999999999\nactions_per_second = 100001\n",
        expect![[r#"
            HOME/.config/session-manager/config.toml, line 1, key "port": a whole number from 0 to 65535 belongs here.
            HOME/.config/session-manager/config.toml, line 2, key "grace_ms": a whole number from 0 to 60000 belongs here.
            HOME/.config/session-manager/config.toml, line 3, key "actions_per_second": a whole number from 1 to 100000 belongs here.
        "#]],
    );
}

#[test]
fn text_that_is_not_toml_is_named_with_line_and_column() {
    check_mistakes(
        "port = 1\nhomes = [\n",
        expect![[r#"
        HOME/.config/session-manager/config.toml, line 2, column 10: unclosed array, expected `]`.
    "#]],
    );
    check_mistakes(
        "port = 1\nport = 2\n",
        expect![[r#"
        HOME/.config/session-manager/config.toml, line 2, column 1: duplicate key.
    "#]],
    );
    check_mistakes(
        "# ä\nport 1\n",
        expect![[r#"
        HOME/.config/session-manager/config.toml, line 2, column 6: key with no value, expected `=`.
    "#]],
    );
}

#[test]
fn what_is_right_counts_beside_a_mistake() {
    let text = "port = 7900\nhomes = ['no', '/yes']\ngrace_ms = 'x'\n";
    let config = Machine::with_file(text).read();
    assert_eq!(config.mistakes.len(), 2);
    assert_eq!(config.port, 7900);
    assert_eq!(config.homes, [Path::new("/yes")]);
    assert_eq!(config.grace, Duration::from_secs(10));
}

#[test]
fn a_file_that_can_not_be_read_is_a_mistake() {
    let machine = Machine::new();
    machine.write(b"port = 1 # \xff\n");
    let config = machine.read();
    expect![[r#"
        HOME/.config/session-manager/config.toml can't be read: stream did not contain valid UTF-8.
    "#]]
    .assert_eq(&machine.mistakes(&config));
    assert_eq!(config.port, 0);

    let machine = Machine::new();
    fs::create_dir_all(machine.file()).unwrap();
    expect![[r#"
        HOME/.config/session-manager/config.toml is not a file.
    "#]]
    .assert_eq(&machine.mistakes(&machine.read()));
}

#[test]
fn the_file_may_stand_elsewhere() {
    let mut machine = Machine::new();
    let directory = machine.home.path().join("xdg");
    fs::create_dir_all(directory.join("session-manager")).unwrap();
    let file = directory.join("session-manager/config.toml");
    fs::write(&file, "port = 5\n").unwrap();
    machine
        .variables
        .insert("XDG_CONFIG_HOME", directory.into());
    let config = machine.read();
    assert_eq!((config.path, config.port), (Some(file), 5));

    machine
        .variables
        .insert("XDG_CONFIG_HOME", "relative".into());
    assert_eq!(machine.read().path, Some(machine.file()));
}

#[test]
fn the_environment_wins() {
    let mut machine = Machine::with_file("homes = ['/file']\nuser = 'nobody-here'\n");
    machine.is_root = true;
    let homes = "/one, ~/two,,/one";
    machine
        .variables
        .insert("SESSION_MANAGER_HOMES", homes.into());
    machine
        .variables
        .insert("SESSION_MANAGER_USER", "other".into());
    let config = machine.read();
    assert_eq!(config.mistakes, Vec::<String>::new());
    assert_eq!(
        config.homes,
        ["/one".into(), machine.home.path().join("two")]
    );
    assert_eq!(config.user.as_deref(), Some("other"));

    machine
        .variables
        .insert("SESSION_MANAGER_HOMES", "one".into());
    let config = machine.read();
    expect![[r#"
        SESSION_MANAGER_HOMES: "one" is not an absolute path, nor one that begins with ~/.
    "#]]
    .assert_eq(&machine.mistakes(&config));
    assert_eq!(config.homes, [machine.home.path()]);
}

#[test]
fn only_root_runs_sessions_as_somebody_else() {
    let check = |is_root, login: &str, user: Option<&str>, expected: Expect| {
        let mut machine = Machine::with_file(&format!("\nuser = '{login}'\n"));
        machine.is_root = is_root;
        let config = machine.read();
        assert_eq!(config.user.as_deref(), user, "{login}");
        expected.assert_eq(&machine.mistakes(&config));

        let mut machine = Machine::new();
        machine.is_root = is_root;
        machine
            .variables
            .insert("SESSION_MANAGER_USER", login.into());
        let config = machine.read();
        assert_eq!(config.user.as_deref(), user, "{login}");
        assert_eq!(
            config.mistakes.len(),
            usize::from(user.is_none() && login != "me")
        );
    };
    check(false, "me", None, expect![[""]]);
    check(true, "me", None, expect![[""]]);
    check(true, "other", Some("other"), expect![[""]]);
    check(
        false,
        "other",
        None,
        expect![[r#"
            HOME/.config/session-manager/config.toml, line 2, key "user": only root can run sessions as "other"; leave it out, or run the server as root.
        "#]],
    );
    check(
        true,
        "nobody-here",
        None,
        expect![[r#"
            HOME/.config/session-manager/config.toml, line 2, key "user": there is no user "nobody-here" on this machine.
        "#]],
    );
}

#[test]
fn our_home_is_known_without_the_environment() {
    let mut machine = Machine::new();
    for home in ["", "relative"] {
        machine.variables.insert("HOME", home.into());
        let config = machine.read();
        assert_eq!(config.home, Path::new("/home/in-passwd"));
        assert_eq!(config.homes, [Path::new("/home/in-passwd")]);
        assert_eq!(config.mistakes, Vec::<String>::new());
    }
    let nobody = Config::read(&Surroundings {
        variable: &|_| None,
        has_login: &|_| false,
        login: None,
        login_home: None,
        is_root: false,
    });
    assert_eq!(nobody.path, None);
    expect![["No home directory is known; set HOME."]].assert_eq(&nobody.mistakes.join("\n"));
}
