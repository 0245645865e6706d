//! Bringing a conversation back to life.

use serde::{Deserialize, Serialize};

use crate::{Pid, ProcessKey, SessionId};

/// The body of `POST /sessions/resume`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumeRequest {
    pub session_id: SessionId,
    /// Used where the transcript names no directory of its own; absolute.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cwd: Option<String>,
    /// Taken from 1.x clients and ignored: the configured user runs the session.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<String>,
    /// Go on in a conversation of its own (`--fork-session`): the only way where this one is open already.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub fork: bool,
}

/// A conversation that lives again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resumed {
    /// Always true.
    pub ok: bool,
    /// The conversation that is open now. After a fork a new one; while a dialog keeps that from having an id, the one that it
    /// continues.
    pub session_id: SessionId,
    /// The Claude Code process, not the terminal around it.
    pub pid: Pid,
    pub key: ProcessKey,
    pub holder: Holder,
    /// What the person should know, such as that a dialog waits for an answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// What keeps the session, or its terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Holder {
    /// A detached tmux session; `attach` is the command that shows it.
    Tmux { session: String, attach: String },
    /// A terminal, such as `pts/3`.
    Terminal { tty: String },
    /// No terminal: the program that started it, such as CloudCLI or an editor. `command` is empty where it has ended.
    Program { command: String },
    /// We do, by its standard input and output.
    Stdio {},
    /// We do, by a terminal; `attach` is the command that shows it.
    Pty { attach: String },
}
