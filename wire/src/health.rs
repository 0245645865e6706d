//! Whether the server is well and what it found on this machine.

use serde::{Deserialize, Serialize};

/// The answer to `GET /health`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always true.
    pub ok: bool,
    pub version: String,
    /// The mistakes in the configuration, one sentence each; absent where there are none.
    /// While there are any, the server lists sessions and refuses to act on them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub degraded: Option<Vec<String>>,
    /// Where the configuration is read from, whether or not the file is there.
    pub config: Option<String>,
    /// The homes whose sessions are listed.
    pub homes: Vec<String>,
    /// The `claude` that a resume would start, `None` where none was found.
    pub claude: Option<String>,
    /// The `tmux` that a resume would use, `None` where none was found.
    pub tmux: Option<String>,
}
