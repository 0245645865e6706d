//! A holder without a terminal: the real program, and a script in the place of Claude Code.

mod race;
mod trouble;
mod typed;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use session_manager::{
    hold::spec::{Outset, Spec},
    observe::proc::ProcReader,
};
use wire::{HolderKind, SessionId};

/// A session in a holder of its own, which is ended with this.
struct TestHolder {
    id: SessionId,
    holder: Option<u32>,
    /// Every line that its Claude Code was told.
    heard: PathBuf,
}

impl Drop for TestHolder {
    fn drop(&mut self) {
        // Its program ends with its input.
        if let Some(pid) = self.holder {
            kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL).ok();
        }
    }
}

/// The state directory in a home.
fn state(home: &Path) -> PathBuf {
    home.join(".local/state/session-manager")
}

/// What is held in a home: this program.
fn spec(home: &Path, id: &str, argv: &[&str]) -> Spec {
    Spec {
        state_dir: state(home).into(),
        session_id: id.parse().unwrap(),
        kind: HolderKind::Stdio,
        cwd: home.into(),
        argv: argv.iter().map(Into::into).collect(),
        variables: Vec::new(),
        without: Vec::new(),
        config_dir: Some(home.join(".claude").into()),
        earlier: None,
        name: None,
        prompt: None,
    }
}

/// Starts a holder, and returns the first thing that it says.
fn begin(home: &Path, spec: &Spec) -> Outset {
    let state = state(home);
    fs::create_dir_all(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_session-manager"))
        .arg("hold")
        .env("HOME", home)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let spec = serde_json::to_vec(&spec).unwrap();
    child.stdin.take().unwrap().write_all(&spec).unwrap();
    let mut said = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&said).unwrap()
}

/// Holds `claude.sh`, in which `name` stands for the session.
fn hold(home: &Path, id: &str, name: &str) -> TestHolder {
    let heard = home.join(format!("heard-{name}"));
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/it/stdio_holder/claude.sh"
    );
    let spec = spec(
        home,
        id,
        &["/bin/sh", script, heard.to_str().unwrap(), name],
    );
    let key = match begin(home, &spec) {
        Outset::Lives { key } => key,
        Outset::Failed { sentence, .. } => panic!("{sentence}"),
    };
    let proc = ProcReader::at("/proc").unwrap();
    TestHolder {
        id: spec.session_id,
        holder: proc.lineage(key.pid.get()).get(1).copied(),
        heard,
    }
}
