//! What a conversation was last about.

use serde::{Deserialize, Serialize};

use crate::SessionId;

/// The answer to `GET /sessions/:pid/context`. A field is `None` where the transcript has no such line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// Always true.
    pub ok: bool,
    pub session_id: SessionId,
    pub last_prompt: Option<String>,
    pub away_summary: Option<String>,
    /// Cut at 800 UTF-16 units, as the 1.x API did.
    pub last_assistant: Option<String>,
    pub title: Option<String>,
    pub model: Option<String>,
    pub git_branch: Option<String>,
    /// Why the fields above are empty, where the transcript can't be read.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}
