//! With which words and variables Claude Code is started.

use std::{ffi::OsString, path::Path};

use wire::{HolderKind, StartRequest};

use super::wanted::Wanted;
use crate::{
    observe::Home,
    service::resume::{Fork, command::variable},
};

pub(super) fn variables(home: &Home) -> Vec<(String, OsString)> {
    vec![(variable(home).to_owned(), home.dir.clone().into())]
}

/// The words that start Claude Code. Values stand behind `=`, so that none is read as an option of its own. `asking` are words of
/// a session in a terminal that is to ask us.
pub(super) fn argv(
    claude: &Path,
    kind: HolderKind,
    request: &StartRequest,
    wanted: &Wanted,
    asking: Option<OsString>,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec![claude.into()];
    let without_terminal = [
        "-p",
        "--input-format",
        "stream-json",
        "--output-format",
        "stream-json",
        "--verbose",
        "--include-partial-messages",
        "--permission-prompt-tool",
        "stdio",
    ];
    match kind {
        HolderKind::Pty | HolderKind::Tmux => words.extend(asking),
        HolderKind::Stdio | HolderKind::Unknown => {
            words.extend(without_terminal.map(OsString::from));
        }
    }
    let mode = request.permission_mode.as_deref();
    let option = |name: &str, value: &str| OsString::from(format!("--{name}={value}"));
    // `manual` is what 2.1.329 calls it, and older versions don't know.
    words.push(option("permission-mode", mode.unwrap_or("default")));
    match (&wanted.from, wanted.fork) {
        (None, _) => words.push(option("session-id", wanted.id.as_str())),
        (Some(from), Fork::Same) => words.push(option("resume", from.as_str())),
        (Some(from), Fork::Copy) => words.extend([
            option("resume", from.as_str()),
            "--fork-session".into(),
            option("session-id", wanted.id.as_str()),
        ]),
    }
    let given = [
        ("model", &request.model),
        ("effort", &request.effort),
        ("name", &request.name),
    ];
    for (name, value) in given {
        words.extend(value.as_deref().map(|value| option(name, value)));
    }
    match request.worktree.as_deref() {
        None => {}
        Some("") => words.push("--worktree".into()),
        Some(name) => words.push(option("worktree", name)),
    }
    words
}
