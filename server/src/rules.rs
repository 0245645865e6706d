//! The rules that answer what sessions ask: where they are kept, and what they say of a call.
//!
//! Knows the disk: the file, and where paths lead. Does not know what a rule matches; `core::rule` does. Whoever holds a session
//! and the server decide by the same file, each for itself.

mod file;
mod lead;

use std::path::{Path, PathBuf};

use serde_json::Value;
use session_core::{
    id::{SessionId, UnixMillis},
    rule::{self, Action, Request, Ruling},
};

pub use self::{
    file::{Change, RulesFault, RulesFile, Written},
    lead::canonical,
};

/// What a tool is to be called with.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub tool: &'a str,
    pub input: &'a Value,
    /// Where the session works.
    pub cwd: &'a Path,
    /// The home of the session's user, `None` where it is not known.
    pub home: Option<&'a Path>,
    pub session: Option<&'a SessionId>,
    /// Whether `cwd` is where the tool will work: a shell may have changed it since that was told.
    pub is_cwd_sure: bool,
}

/// Decides on a call. Where the file can't be read, no rule decides and a person is asked; the ruling says so.
pub fn decide(file: &RulesFile, call: &Call<'_>, now: UnixMillis) -> Ruling {
    match file.read() {
        Ok(written) => ruling(&written.rules, call, now),
        Err(fault) => Ruling {
            action: Action::Ask,
            rule: None,
            why: fault.to_string(),
            parts: Vec::new(),
        },
    }
}

/// Decides on a call by rules that have been read.
pub fn ruling(rules: &[rule::Rule], call: &Call<'_>, now: UnixMillis) -> Ruling {
    let cwd = canonical(call.cwd);
    let home = call.home.map(canonical);
    let request = Request {
        tool: call.tool,
        input: call.input,
        cwd: &cwd,
        home: home.as_deref(),
        session: call.session,
        is_cwd_sure: call.is_cwd_sure,
        now,
    };
    rule::decide(rules, &request, &|path: &Path| canonical(path))
}

/// The pattern of a rule that is about this very call and no other; `None` where no rule could be about it, as about a question.
pub fn exactly(call: &Call<'_>) -> Option<String> {
    let input = rule::main_input(call.tool, call.input)?;
    let is_file = matches!(
        call.tool,
        "Read" | "Write" | "Edit" | "MultiEdit" | "NotebookEdit"
    );
    let place = |path: &str| {
        canonical(&call.cwd.join(path))
            .to_string_lossy()
            .into_owned()
    };
    let input = match call.tool {
        _ if is_file => place(&input),
        "Glob" | "Grep" => {
            let field = |name: &str| call.input.get(name).and_then(Value::as_str);
            let path = place(field("path").unwrap_or("."));
            format!("{path} {}", field("pattern").unwrap_or_default())
        }
        _ => input,
    };
    Some(rule::literal(&input))
}

/// The directory that a rule about a project names, as it is compared.
pub fn project_dir(dir: &str) -> Option<PathBuf> {
    let dir = Path::new(dir);
    dir.is_absolute().then(|| canonical(dir))
}
