//! `session-manager host-token`: what it leaves in CloudCLI's file, and what it refuses to touch.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};
use session_manager::token::TokenFile;

struct Home(tempfile::TempDir);

impl Home {
    /// With CloudCLI's directory in it.
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.directory()).unwrap();
        home
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join(".claude-code-ui")
    }

    fn file(&self) -> PathBuf {
        self.directory().join("plugins.json")
    }

    fn token_file(&self) -> TokenFile {
        TokenFile::of(self.0.path())
    }

    fn token(&self) -> String {
        self.token_file().read().unwrap().hex()
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
        fs::set_permissions(self.file(), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn try_run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_session-manager"))
            .arg("host-token")
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path())
            // Would lead it elsewhere than CloudCLI's server looks.
            .env("XDG_STATE_HOME", self.0.path().join("elsewhere"))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs it and returns what it said, which is never the token.
    fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        if let Ok(token) = self.token_file().read() {
            assert!(!text.contains(&token.hex()));
        }
        text
    }

    /// Fails with this exit code and leaves the file alone; returns the reason.
    fn refuses(&self, code: i32) -> String {
        let before = fs::read(self.file()).ok();
        for arguments in [&[][..], &["--remove"]] {
            let output = self.try_run(arguments);
            assert_eq!(output.status.code(), Some(code), "{output:?}");
            assert!(output.stdout.is_empty(), "{output:?}");
        }
        // Revoked, whatever the file is.
        assert!(self.token_file().read().is_err());
        assert_eq!(fs::read(self.file()).ok(), before);
        String::from_utf8(self.try_run(&[]).stderr).unwrap()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn cloudcli_gets_the_token_and_everything_else_stays() {
    let home = Home::new();
    let before = "{\n  \"other\": {\n    \"enabled\": false,\n    \"secrets\": { \"token\": \"theirs\" }\n  },\n  \"session-manager\": { \"enabled\": true }\n}";
    home.write(before);
    let said = home.run(&[]);
    assert!(said.contains("from now on"), "{said}");
    let token = home.token();
    let now: Value = serde_json::from_str(&home.text()).unwrap();
    let mut expected: Value = serde_json::from_str(before).unwrap();
    expected["session-manager"]["secrets"] = json!({ "token": token });
    assert_eq!(now, expected);
    assert_eq!(mode(&home.file()), 0o600);
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(home.directory()).unwrap().count(), 1);
    assert!(!home.0.path().join("elsewhere").exists());

    let text = home.text();
    assert!(home.run(&[]).contains("already"));
    assert_eq!((home.text(), home.token()), (text, token));

    let said = home.run(&["--remove"]);
    assert!(said.contains("taken out"), "{said}");
    assert_eq!(home.text(), before);
    home.token_file().read().unwrap_err();
    assert!(home.run(&["--remove"]).contains("was not in"));
}

#[test]
fn a_file_that_is_not_there_is_made_where_cloudcli_has_run() {
    let home = Home::new();
    home.run(&[]);
    let now: Value = serde_json::from_str(&home.text()).unwrap();
    let token = home.token();
    assert_eq!(
        now,
        json!({ "session-manager": { "secrets": { "token": token } } })
    );
    assert_eq!(mode(&home.file()), 0o600);

    let home = Home(tempfile::tempdir().unwrap());
    let output = home.try_run(&[]);
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("handed to nobody"), "{said}");
    assert!(said.contains("Authorization: Bearer"), "{said}");
    home.token();
    assert!(!home.directory().exists());
    home.run(&["--remove"]);
    assert!(!home.directory().exists());
}

#[test]
fn a_token_that_others_could_read_is_replaced() {
    let home = Home::new();
    home.run(&[]);
    let old = home.token();
    fs::set_permissions(home.file(), fs::Permissions::from_mode(0o644)).unwrap();
    let said = home.run(&[]);
    assert!(said.contains("Others could read"), "{said}");
    assert_ne!(home.token(), old);
    assert!(home.text().contains(&home.token()));
    assert_eq!(mode(&home.file()), 0o600);
}

#[test]
fn what_is_no_plugins_file_is_refused_and_left_alone() {
    for text in [
        "",
        "{",
        "[]",
        "// no\n{}",
        r#"{"session-manager":[]}"#,
        r#"{"session-manager":{"secrets":1}}"#,
        r#"{"session-manager":{},"session-manager":{}}"#,
    ] {
        let home = Home::new();
        home.write(text);
        assert!(home.refuses(65).contains("plugins.json"), "{text}");
    }
    let home = Home::new();
    fs::write(home.file(), b"{\"a\":\"\xff\"}").unwrap();
    home.refuses(65);
    let home = Home::new();
    fs::create_dir(home.file()).unwrap();
    home.refuses(1);
}

#[test]
fn no_link_leads_elsewhere() {
    let home = Home::new();
    let elsewhere = home.0.path().join("elsewhere.json");
    fs::write(&elsewhere, "{}").unwrap();
    symlink(&elsewhere, home.file()).unwrap();
    home.refuses(1);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "{}");

    let home = Home::new();
    fs::rename(home.directory(), home.0.path().join("moved")).unwrap();
    symlink("moved", home.directory()).unwrap();
    assert!(home.refuses(65).contains("is a link"));
    assert_eq!(
        fs::read_dir(home.0.path().join("moved")).unwrap().count(),
        0
    );
}

#[test]
fn root_hands_nothing_over_in_somebody_else_s_home() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::new();
    chown(home.0.path(), Some(65534), None).unwrap();
    assert!(home.refuses(65).contains("as that user"));
    let home = Home::new();
    home.write("{}");
    chown(home.file(), Some(65534), None).unwrap();
    assert!(home.refuses(65).contains("as that user"));
}
