//! What a client of `/ws` shows where nothing tells whose it is.

use serde::{Deserialize, Serialize};

use crate::SessionId;

/// The answer to `POST /ws-ticket`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Always true.
    pub ok: bool,
    /// 64 hexadecimal digits, good for one WebSocket.
    pub ticket: String,
    /// Seconds for which it is good.
    pub expires_in_sec: u64,
}

/// What a client may say. Anything else is a sign of life and no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Said {
    /// The first message, where the server's hello asks for a ticket.
    Ticket {
        ticket: String,
    },
    /// Tell what this session says, from the event after this one on. Said again of the same session, it begins anew.
    Follow {
        session_id: SessionId,
        #[serde(default)]
        after: u64,
    },
    Unfollow {
        session_id: SessionId,
    },
    /// Show what the terminal of this session shows, and whatever changes it. Said again, it begins anew.
    Look {
        session_id: SessionId,
    },
    LookAway {
        session_id: SessionId,
    },
}
