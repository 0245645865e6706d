//! A holder without a terminal: the real program, and a script in the place of Claude Code.

mod heard;
mod race;
mod trouble;
mod typed;

use std::{
    fs,
    path::{Path, PathBuf},
};

use session_manager::hold::spec::Spec;
use wire::{HolderKind, SessionId};

use crate::test_holder::{self, Running};

/// A session in a holder of its own, which is ended with this.
struct TestHolder {
    id: SessionId,
    _holder: Running,
    /// Every line that its Claude Code was told.
    heard: PathBuf,
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
    let (_, holder) = test_holder::lives(test_holder::begin(&spec));
    TestHolder {
        id: spec.session_id,
        _holder: holder,
        heard,
    }
}
