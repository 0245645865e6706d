//! What a holder is told when it is started, and what it says once the session lives.

use std::ffi::OsString;

use serde::{Deserialize, Serialize};
use wire::{Code, HolderKind, ProcessKey, SessionId};

/// What to hold. It comes as JSON on the standard input: arguments are for everybody to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    pub state_dir: OsString,
    /// Names the holder's directory.
    pub session_id: SessionId,
    pub kind: HolderKind,
    pub cwd: OsString,
    /// The program, with all of its arguments.
    pub argv: Vec<OsString>,
    /// Set for the session, whatever our own environment has.
    pub variables: Vec<(String, OsString)>,
    /// Not handed on from our own environment.
    pub without: Vec<String>,
    /// The directory of Claude Code's that it uses; its registry tells what a session in a terminal does.
    #[serde(default)]
    pub config_dir: Option<OsString>,
    /// The conversation that is gone on in, told before all else where our log has none of it.
    pub earlier: Option<Earlier>,
    pub name: Option<String>,
    /// Said as soon as the session is ready.
    pub prompt: Option<String>,
}

/// A conversation in its transcript.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Earlier {
    /// The directory of Claude Code's that has it.
    pub config_dir: OsString,
    pub session_id: SessionId,
}

/// The one line that a holder writes to its standard output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Outset {
    Lives { key: ProcessKey },
    Failed { code: Code, sentence: String },
}
