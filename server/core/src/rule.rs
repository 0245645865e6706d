//! The rules that answer a session's requests in a person's stead: what they match, and which of them decides.
//!
//! The first rule that matches decides, with two laws above that: a deny that matches decides wherever it stands, and a shell
//! command is taken apart, and each thing that it does must be allowed by itself. What can't be taken apart is asked. A rule
//! knows the words of a command, not their meaning: `rm -r *` says nothing of `rm -fr x`, and what a program does with its
//! arguments is between it and whoever allowed it. Does not know the file system: paths are made canonical by whoever asks.

mod braces;
mod carried;
mod glob;
mod import;
mod judge;
mod path;
mod shell;
mod spelling;
mod subject;
mod text;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::id::{SessionId, UnixMillis};
pub use crate::rule::{
    glob::literal,
    import::{Entry, Imported, claude_permissions, tool_approval_rules},
    judge::decide,
    subject::main_input,
};

/// One rule of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub id: String,
    /// A glob on the tool's name, in which `*` stands for anything.
    pub tool: String,
    /// A glob on the tool's main input, `None` for any. In a path `*` stays within a directory, and `**` does not.
    pub pattern: Option<String>,
    pub action: Action,
    pub scope: Scope,
    /// From then on it is as if the rule were not there; `None` for never.
    pub expires_at: Option<UnixMillis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Allow,
    Deny,
    /// A person decides.
    Ask,
}

/// Whose requests a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Sessions that work in this directory, or below it.
    Project(PathBuf),
    Session(SessionId),
}

/// What a session asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub tool: &'a str,
    pub input: &'a Value,
    /// Where the session works; absolute and canonical.
    pub cwd: &'a Path,
    /// The session's user's home, canonical; `None` where it is not known.
    pub home: Option<&'a Path>,
    pub session: Option<&'a SessionId>,
    /// Whether `cwd` is where the tool will work: a shell may have changed it since that was told. A relative path of a shell
    /// command is not known otherwise.
    pub is_cwd_sure: bool,
    pub now: UnixMillis,
}

/// Makes an absolute path canonical: no `..`, no links, whether or not there is such a file.
pub type Resolve<'a> = &'a (dyn Fn(&Path) -> PathBuf + Sync);

/// What the rules say of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    pub action: Action,
    /// The rule that decided, `None` where none did.
    pub rule: Option<String>,
    /// A sentence.
    pub why: String,
    /// What the request was taken apart into.
    pub parts: Vec<Part>,
}

/// One thing that a request does, and what the rules say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub text: String,
    pub action: Action,
    /// `None` where no rule matched.
    pub rule: Option<String>,
    pub why: String,
}

impl Rule {
    /// The most characters of a tool's name or a pattern: what is longer was not written by a person.
    pub const LONGEST: usize = 2000;

    fn is_about(&self, request: &Request<'_>) -> bool {
        let is_over = self.expires_at.is_some_and(|end| end <= request.now);
        let is_in_scope = match &self.scope {
            Scope::All => true,
            Scope::Project(dir) => request.cwd.starts_with(dir),
            Scope::Session(id) => request.session == Some(id),
        };
        !is_over && is_in_scope
    }
}

#[cfg(test)]
mod tests;
