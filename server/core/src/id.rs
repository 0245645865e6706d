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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_one_plain_path_component(text in "[-0-9a-fA-Fg./ ]{0,70}") {
            if let Some(id) = SessionId::parse(&text) {
                prop_assert_eq!(id.as_str(), text.as_str());
                prop_assert!((8..=64).contains(&text.len()));
                prop_assert!(!text.contains(['.', '/', ' ', 'g']) && !text.starts_with('-'));
            }
        }

        #[test]
        fn whatever_claude_code_names_a_conversation_is_an_id(id in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}") {
            prop_assert!(SessionId::parse(&id).is_some());
        }

        #[test]
        fn other_characters_are_none(text in any::<String>()) {
            let plain = text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
            prop_assert!(plain || SessionId::parse(&text).is_none());
        }
    }
}
