//! What a transcript's lines say about its conversation.
//!
//! Knows the kinds of line that Claude Code writes, which of them a person would recognise the conversation by, and which
//! tell where its turn stands. Does not know files: lines come in one by one. What it is about is nearly always near the
//! end, so [`fold`] takes the newest first; [`tail`] takes the oldest first, as a file grows. A line that can't be read (torn, half-written, overwritten by NULs) is a fact and counts for nothing.

pub mod events;
pub mod fold;
mod line;
pub(crate) mod own_words;
mod prompt;
pub mod tail;
pub mod text;

use std::{path::PathBuf, sync::LazyLock};

use memchr::memmem::Finder;

use crate::id::SessionId;
use line::Line;

/// Where a conversation's transcript lies, whether or not it is there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Claude Code's configuration directory.
    pub config: PathBuf,
    /// The name of the project's directory below `<config>/projects/`: one component, never a path.
    pub project: String,
    pub id: SessionId,
}

impl Place {
    /// Returns the place, or `None` where `project` is not a plain name.
    pub fn new(config: PathBuf, project: &str, id: SessionId) -> Option<Self> {
        let plain = !project.is_empty()
            && project != "."
            && project != ".."
            && !project.contains(['/', '\0']);
        plain.then(|| Self {
            config,
            project: project.to_owned(),
            id,
        })
    }

    /// Returns `<id>.jsonl`.
    pub fn transcript_name(&self) -> String {
        format!("{}.jsonl", self.id)
    }

    /// Returns `<id>.jsonl.gz`.
    pub fn archive_name(&self) -> String {
        format!("{}.jsonl.gz", self.id)
    }

    pub fn projects(&self) -> PathBuf {
        self.config.join("projects")
    }

    pub fn transcript_path(&self) -> PathBuf {
        self.projects()
            .join(&self.project)
            .join(self.transcript_name())
    }

    pub fn archive_path(&self) -> PathBuf {
        self.projects()
            .join(&self.project)
            .join(self.archive_name())
    }
}

/// What a transcript's file name says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranscriptName {
    pub id: SessionId,
    /// The file is gzipped.
    pub archived: bool,
}

impl TranscriptName {
    /// Returns what `name` says, or `None` where it is not a conversation's (a subagent's, a lock, anything else).
    pub fn parse(name: &str) -> Option<Self> {
        let (stem, archived) = match name.strip_suffix(".jsonl.gz") {
            Some(stem) => (stem, true),
            None => (name.strip_suffix(".jsonl")?, false),
        };
        let id = SessionId::parse(stem)?;
        Some(Self { id, archived })
    }
}

/// What a conversation was last about. A field is `None` where no line that was read says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// What the person last asked for.
    pub last_prompt: Option<String>,
    /// What Claude Code summed up while the person was away.
    pub away_summary: Option<String>,
    /// The newest answer that has text, cut at 800 UTF-16 units.
    pub last_assistant: Option<String>,
    /// The person's own name for it, else a generated one.
    pub title: Option<String>,
    /// The model of the newest answer.
    pub model: Option<String>,
    /// The branch at the newest message; `None` also where that line says `HEAD` (detached, or no repository).
    pub git_branch: Option<String>,
    /// The working directory at the newest message that was read.
    pub cwd: Option<String>,
}

/// What the lines read so far say about whether this is a conversation at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// A person or a program talked to Claude here.
    Conversation,
    /// Only a subagent's lines were met.
    SubagentOnly,
    /// No message was met.
    Silence,
}

/// Returns the working directory that a line names, `None` where it names none or is a subagent's.
pub fn cwd_of(bytes: &[u8]) -> Option<String> {
    static CWD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"cwd\""));
    CWD.find(bytes)?;
    let line = line::parse::<Line>(bytes)?;
    line.cwd
        .0
        .filter(|cwd| !cwd.is_empty() && !line.is_sidechain.0)
}

#[cfg(test)]
mod tests;
