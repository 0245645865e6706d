//! The verbs of the product, one method each, straight lines from question to answer.
//!
//! Knows the order of steps. Does not know HTTP, signals, file formats or rules.

use std::{error::Error, sync::Arc};

use wire::{
    CleanupReport, CleanupRequest, Context, Health, KillRequest, Killed, Pid, ProcessKey,
    RecentList, ResumeRequest, Resumed, Session, SessionId,
};

use crate::config::Config;

/// Why a verb was not carried out. `Display` is the sentence for people: it says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("No process {0} runs here; refresh the list.")]
    NoProcess(Pid),
    #[error(
        "No session record names a conversation for process {0}; it may still be starting, so try again in a moment."
    )]
    NoSession(Pid),
    #[error("Process {pid} is not a Claude Code session ({reason}); refresh the list.")]
    NotASession { pid: Pid, reason: String },
    #[error("Process {pid} is protected ({reason}); it can't be ended from here.")]
    Protected { pid: Pid, reason: String },
    #[error("Process {pid} belongs to {owner}; ask them, or run the server as that user.")]
    NotYours { pid: Pid, owner: String },
    #[error(
        "The process that this key named is gone: {0} is another process now; refresh the list."
    )]
    Replaced(Pid),
    #[error("Another action on this session is still running; wait until it has finished.")]
    Busy,
    #[error("This conversation is open in process {}; end that one first.", key.pid)]
    Live { key: ProcessKey },
    #[error("No transcript of session {0} was found in the configured homes; check the id.")]
    NoConversation(SessionId),
    #[error("{0}")]
    BadCwd(String),
    #[error("tmux was not found; install it, for example with `apt-get install tmux`.")]
    NoTmux,
    #[error("{0}")]
    NoClaude(String),
    /// The configuration has mistakes; `/health` names them.
    #[error("The configuration has a mistake, so nothing is acted on: {0}")]
    Config(String),
    /// Something failed that should not; the cause goes to the log, an id to the client.
    #[error("{what}")]
    Fault {
        what: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Everything a request needs.
#[derive(Clone, Debug)]
pub struct Service {
    config: Arc<Config>,
}

impl Service {
    pub fn new(config: Config) -> Self {
        Self {
            config: Arc::new(config),
        }
    }

    /// Lists every live session, longest-running first.
    pub async fn sessions(&self) -> Result<Vec<Session>, ServiceError> {
        Ok(Vec::new())
    }

    /// Lists the conversations whose transcripts changed within `days`, newest first.
    pub async fn recent(&self, _days: u32) -> Result<RecentList, ServiceError> {
        Ok(RecentList {
            sessions: Vec::new(),
        })
    }

    /// Tells what the conversation of a live session was last about.
    pub async fn context(&self, pid: Pid) -> Result<Context, ServiceError> {
        Err(ServiceError::NoSession(pid))
    }

    /// Ends one session's own process and tells how it ended.
    pub async fn kill(&self, pid: Pid, _request: KillRequest) -> Result<Killed, ServiceError> {
        Err(ServiceError::NoProcess(pid))
    }

    /// Brings a conversation back to life in a detached terminal.
    pub async fn resume(&self, request: ResumeRequest) -> Result<Resumed, ServiceError> {
        Err(ServiceError::NoConversation(request.session_id))
    }

    /// Plans a cleanup, and executes the plan unless it is a dry run.
    pub async fn cleanup(&self, _request: CleanupRequest) -> Result<CleanupReport, ServiceError> {
        Ok(CleanupReport {
            ok: true,
            deleted_sessions: 0,
            compressed_logs: 0,
            errors: Vec::new(),
            items: Vec::new(),
        })
    }

    /// Tells whether the server is well.
    pub fn health(&self) -> Health {
        Health {
            ok: true,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            degraded: None,
            config: self
                .config
                .path
                .as_ref()
                .map(|path| path.display().to_string()),
            homes: Vec::new(),
            claude: None,
            tmux: None,
        }
    }
}
