//! Holders as the server starts them: the real program, told what to hold.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::PermissionsExt as _,
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
use wire::ProcessKey;

/// A holder that is ended with this, and its program with it, whose input or terminal it has.
pub(crate) struct Running(pub(crate) u32);

impl Drop for Running {
    fn drop(&mut self) {
        kill(Pid::from_raw(self.0.cast_signed()), Signal::SIGKILL).ok();
    }
}

/// Starts a holder, and returns the first thing that it says. Its home is where its session begins.
pub(crate) fn begin(spec: &Spec) -> Outset {
    fs::create_dir_all(&spec.state_dir).unwrap();
    fs::set_permissions(&spec.state_dir, fs::Permissions::from_mode(0o700)).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_session-manager"))
        .arg("hold")
        .env("HOME", &spec.cwd)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let spec = serde_json::to_vec(spec).unwrap();
    child.stdin.take().unwrap().write_all(&spec).unwrap();
    let mut said = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&said).unwrap()
}

/// The program, which lives, and its holder.
pub(crate) fn lives(outset: Outset) -> (ProcessKey, Running) {
    let key = match outset {
        Outset::Lives { key } => key,
        Outset::Failed { sentence, .. } => panic!("{sentence}"),
    };
    let proc = ProcReader::at("/proc").unwrap();
    (key, Running(proc.lineage(key.pid.get())[1]))
}
