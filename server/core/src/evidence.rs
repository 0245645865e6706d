//! What a verdict on a session can rest on.
//!
//! Knows the kinds of evidence. Does not know what follows from them: that is `verdict`.

use std::{sync::Arc, time::Duration};

use crate::{
    ask::Ask,
    hook::Report,
    id::UnixMillis,
    process::Process,
    registry::Record,
    transcript::tail::{
        OpenTool, Tail,
        background::{Task, TaskKind},
    },
    verdict::State,
};

/// All that is known of one session when it is judged.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub process: &'a Process,
    pub record: Option<&'a Record>,
    /// A `<pid>.<hash>.key` file at least as young as the process: it has got as far as its first dialog.
    pub has_key_file: bool,
    pub started_at: UnixMillis,
    pub now: UnixMillis,
    pub more: &'a More<'a>,
}

/// What is looked up beside process and registry; `NOTHING` where that is not done.
#[derive(Clone, Copy, Debug)]
pub struct More<'a> {
    pub access: Access,
    /// What the session says to us, who hold it; `None` of one that we do not hold, or that does not answer.
    pub stream: Option<&'a Stream>,
    /// The end of the session's transcript, silent where it has none yet, `None` where it can't be read.
    pub tail: Option<&'a Tail>,
    /// The ends of its subagents' transcripts; empty where they were not looked up.
    pub agents: &'a [Arc<Tail>],
    /// What the session's hooks last reported, `None` where none is installed or none has run.
    pub hook: Option<&'a Report>,
    /// The session's child processes, `None` where they were not looked up.
    pub children: Option<&'a [Child]>,
    /// The oldest open call of each transcript whose tool was seen to run and has ended a moment ago: its result is about
    /// to be written.
    pub just_ended: &'a [String],
}

/// What a session that we hold is doing, by its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    pub state: State,
    pub since: UnixMillis,
    /// What is asked first of what is asked.
    pub ask: Option<Ask>,
}

/// A child process of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    pub comm: String,
    /// Its arguments, separated by spaces.
    pub command: String,
    pub started_at: UnixMillis,
}

/// Whether the files that tell about a session may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    /// They are another user's and closed to us.
    Sealed,
}

/// The times of processes count from a boot that is known to a second, and a transcript's line is written a little
/// after the call that it is about was made.
const SLACK_MS: u64 = 1_500;

impl More<'_> {
    pub const NOTHING: More<'static> = More {
        access: Access::Open,
        stream: None,
        tail: None,
        agents: &[],
        hook: None,
        children: None,
        just_ended: &[],
    };

    /// Whether a process of the session's own open calls runs; see `process_of`.
    pub fn tool_process_runs(&self) -> Option<bool> {
        self.process_of(self.tail?.open())
    }

    /// Whether a tool's shell runs that was started after the oldest of these calls. Servers of MCP live as long as
    /// their session, and 2.0.30 asks npm for its newest version now and then, so that a child alone says nothing.
    /// `None` where the children were not looked up or nothing is called.
    pub fn process_of(&self, calls: &[OpenTool]) -> Option<bool> {
        if { calls.first() }.is_some_and(|call| self.just_ended.contains(&call.id)) {
            return Some(true);
        }
        let called = calls.iter().filter_map(|call| call.at).min()?;
        let since = UnixMillis(called.0.saturating_sub(SLACK_MS));
        let is_tool = |child: &Child| child.runs_a_tool() && child.started_at >= since;
        Some(self.children?.iter().any(is_tool))
    }
}

impl More<'_> {
    /// Whether a shell that this process started in the background still runs: it has not been heard of since, and the
    /// process has a shell for a child.
    pub fn background_shell_runs(&self, process_started_at: UnixMillis) -> bool {
        let tasks = self.tail.map_or(&[][..], |tail| tail.background().tasks());
        let ours = |task: &Task| task.at.is_some_and(|at| at >= process_started_at);
        tasks
            .iter()
            .any(|task| ours(task) && task.kind == TaskKind::Shell)
            && self
                .children
                .is_some_and(|children| children.iter().any(Child::runs_a_tool))
    }

    /// Whether a subagent that this process started in the background has not been heard of since.
    pub fn background_agent_runs(&self, process_started_at: UnixMillis) -> bool {
        self.background_agents(process_started_at).next().is_some()
    }

    fn background_agents(&self, process_started_at: UnixMillis) -> impl Iterator<Item = &Task> {
        let tasks = self.tail.map_or(&[][..], |tail| tail.background().tasks());
        let ours = move |task: &&Task| task.at.is_some_and(|at| at >= process_started_at);
        let is_agent = |task: &&Task| task.kind == TaskKind::Agent;
        tasks.iter().filter(is_agent).filter(ours)
    }

    /// Since when a subagent that may still work has been writing, the process's start where that is not told; `None`
    /// where none works.
    pub fn agents_since(&self, process_started_at: UnixMillis) -> Option<UnixMillis> {
        let open = self.tail?.open().iter();
        let called = open.filter(|call| call.starts_agent()).map(|call| call.at);
        let started = self
            .background_agents(process_started_at)
            .map(|task| task.at);
        let first = called.chain(started).min()?.unwrap_or(process_started_at);
        let since = first.max(process_started_at);
        Some(UnixMillis(since.0.saturating_sub(SLACK_MS)))
    }
}

impl Child {
    /// The Bash tool has the user's shell read a snapshot of its settings and evaluate the command (2.0.30 to 2.1.329).
    /// Hooks are shells too, and one that asks somebody else may live for as long as its question.
    fn runs_a_tool(&self) -> bool {
        let is_shell = matches!(
            self.comm.as_str(),
            "bash" | "zsh" | "sh" | "dash" | "ash" | "ksh" | "fish"
        );
        // The shell that writes the snapshot names it as well, and does not read it.
        let mut sourced = self.command.split("source ").skip(1);
        let reads_snapshot = sourced.any(|rest| {
            rest.split(' ')
                .next()
                .is_some_and(|path| path.contains("/shell-snapshots/"))
        });
        is_shell && (reads_snapshot || self.command.contains("eval "))
    }
}

impl<'a> Evidence<'a> {
    /// The hook's report, unless it is about an earlier process of the conversation.
    pub fn hook(&self) -> Option<&'a Report> {
        self.more.hook.filter(|report| !self.is_older(report.at))
    }

    /// Whether something was written before this process began.
    pub fn is_older(&self, at: UnixMillis) -> bool {
        // A clock that is set moves the start that is counted from the boot; the registry's was read from it then.
        let recorded = self.record.and_then(|record| record.started_at);
        let began = recorded.map_or(self.started_at, |at| at.min(self.started_at));
        at.0.saturating_add(SLACK_MS) < began.0
    }

    /// How long ago something was written; long ago where that is yet to come, since the clock was set back.
    pub fn since(&self, at: UnixMillis) -> Duration {
        if at.0 > self.now.0.saturating_add(SLACK_MS) {
            return Duration::MAX;
        }
        self.now.saturating_since(at)
    }

    /// How long the process has run.
    pub fn age(&self) -> std::time::Duration {
        self.now.saturating_since(self.started_at)
    }
}
