//! The wall clock, read in one place.

use std::time::{SystemTime, UNIX_EPOCH};

use session_core::id::UnixMillis;

/// The time now, 1970 where the clock is set before it.
pub fn now() -> UnixMillis {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
