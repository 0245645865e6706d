//! What `/ws` and `/events` send.

use serde::{Deserialize, Serialize};

use crate::{Acting, Output, ProcessKey, ScreenNews, Session, SessionId};

/// One message of the live feed. A client that falls behind is sent the newest state, never what it missed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Frame {
    /// The first message of `/ws`; `/events` has none.
    Hello {
        /// Raised by whatever an older client could not bear.
        protocol: u32,
        auth: Auth,
        /// The server's version; empty where a ticket is asked for.
        version: String,
    },
    /// Every live session, longest-running first.
    Snapshot {
        /// Counts states of the list, from 1 at the server's start; a client may be sent some of them only.
        rev: u64,
        /// The server's clock, Unix milliseconds.
        at: u64,
        sessions: Vec<Session>,
        /// The actions that are under way.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        acting: Vec<Acting>,
        /// Grows with every approval that comes or goes; `GET /approvals` has them.
        #[serde(default)]
        approvals_rev: u64,
    },
    /// What is different from the state that was sent before.
    Changes {
        rev: u64,
        at: u64,
        /// New sessions and those of which something changed, whole. `elapsed`, `elapsedSec` and `wchan`
        /// always change and are no reason to send a row.
        changed: Vec<Session>,
        /// Those that are not there any more.
        gone: Vec<ProcessKey>,
        /// All actions that are under way now, not only new ones.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        acting: Vec<Acting>,
        #[serde(default)]
        approvals_rev: u64,
    },
    /// What a session says that was asked for by `Said::Follow`.
    Output { output: Output },
    /// What a session's terminal shows that was asked for by `Said::Look`. A client that falls behind is sent the newest
    /// picture, never what it missed.
    Screen {
        session_id: SessionId,
        screen: ScreenNews,
    },
}

impl Frame {
    /// The protocol that this version speaks.
    pub const PROTOCOL: u32 = 1;
}

/// What a client of `/ws` has to show before it is told anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    None,
    Ticket,
    #[serde(other)]
    Unknown,
}
