//! Cleaning up: the plan and, once executed, what came of each item.

use serde::{Deserialize, Serialize};

/// The body of `POST /sessions/cleanup`.
// An unknown field is refused: `{"dryrun":true}` must not run the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CleanupRequest {
    /// Return the plan and do nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// The plan, or what executing it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanupReport {
    /// False where an item failed.
    pub ok: bool,
    /// Registry files deleted, 0 in a dry run.
    pub deleted_sessions: u64,
    /// Transcripts compressed, 0 in a dry run.
    pub compressed_logs: u64,
    /// One sentence for each item that failed.
    pub errors: Vec<String>,
    pub items: Vec<CleanupItem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanupItem {
    pub path: String,
    pub action: CleanupAction,
    /// Why the item is in the plan, or why it was left alone.
    pub reason: String,
    /// The file's size before.
    pub bytes: u64,
    pub result: CleanupResult,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CleanupAction {
    /// Delete a registry file whose process has ended.
    Delete,
    /// Compress a transcript.
    Compress,
    /// Leave alone what looks like a candidate but is not.
    Keep,
    #[serde(other)]
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum CleanupResult {
    /// Not executed: a dry run, or an item that is kept.
    Planned,
    Deleted,
    /// `bytes` is the compressed size.
    Compressed {
        bytes: u64,
    },
    /// Left alone after all, because it changed between plan and execution.
    Skipped {
        reason: String,
    },
    Failed {
        error: String,
    },
}
