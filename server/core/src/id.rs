//! Identifiers of processes and conversations.

use std::fmt;

/// One process for good: a bare pid is given to another process once its owner has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessKey {
    /// As our own pid namespace numbers it, 1 to 4194304.
    pub pid: u32,
    /// Field 22 of `/proc/<pid>/stat` (proc(5)): clock ticks from boot to the process's start.
    pub start_ticks: u64,
}

/// A conversation's id, 8 to 64 hexadecimal digits and dashes; safe as a part of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// Returns the id, or `None` where `text` can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            && !text.starts_with('-');
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// Returns the time from `earlier` to `self`, zero where `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
