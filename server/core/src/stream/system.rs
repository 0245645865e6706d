//! What Claude Code says about itself: how a turn begins, what it is doing, how far a message has come.

use super::Said;
use crate::members::Members;

/// How a turn begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Init {
    /// Another one than before after `/clear`.
    pub session_id: Option<String>,
    pub model: Option<String>,
    /// `default` also where `manual` was asked for.
    pub permission_mode: Option<String>,
    pub version: Option<String>,
    pub cwd: Option<String>,
    /// How many tools there are.
    pub tools: usize,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// It waits for the turn that runs, or for the next call of the model in it.
    Queued,
    Started,
    Completed,
    /// Interrupted, or taken out of the queue.
    Cancelled,
    Other,
}

pub(super) fn read(line: &Members<'_>) -> Said {
    match line.text("subtype").as_deref() {
        Some("init") => Said::Init(Init {
            session_id: line.text("session_id"),
            model: line.text("model"),
            permission_mode: line.text("permissionMode"),
            version: line.text("claude_code_version"),
            cwd: line.text("cwd"),
            tools: line.items("tools").len(),
        }),
        Some("status") => Said::Status {
            status: line.text("status"),
            permission_mode: line.text("permissionMode"),
        },
        Some("compact_boundary") => compacted(line),
        Some("api_retry") => Said::Retry {
            attempt: line.number("attempt"),
            max_retries: line.number("max_retries"),
            delay_ms: line.millis("retry_delay_ms"),
            status: line.number("error_status"),
            error: line.text("error"),
        },
        Some("session_title_changed") => match line.text("title") {
            Some(title) => Said::Title(title),
            None => Said::other(line),
        },
        Some(_) | None => Said::other(line),
    }
}

/// The transcript has another name for what it is about.
pub(crate) fn compacted(line: &Members<'_>) -> Said {
    let about = line.object("compact_metadata");
    let about = about.or_else(|| line.object("compactMetadata"));
    Said::Compacted {
        trigger: about.and_then(|about| about.text("trigger")),
    }
}

pub(super) fn lifecycle(line: &Members<'_>) -> Said {
    let Some(uuid) = line.text("command_uuid") else {
        return Said::other(line);
    };
    let state = match line.text("state").as_deref() {
        Some("queued") => Lifecycle::Queued,
        Some("started") => Lifecycle::Started,
        Some("completed") => Lifecycle::Completed,
        Some("cancelled") => Lifecycle::Cancelled,
        Some(_) | None => Lifecycle::Other,
    };
    Said::Lifecycle { uuid, state }
}
