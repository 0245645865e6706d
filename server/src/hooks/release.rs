//! Which events the installed Claude Code knows.
//!
//! 2.0.30 throws the whole settings file away when it names an event that it does not know, and says nothing; 2.1.197 knows
//! all of ours and skips what it doesn't know.

use std::{
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use session_core::hook::Event;

/// A release, as `claude --version` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Release(u32, u32, u32);

/// The first release with which all events were seen to work.
const ALL_EVENTS: Release = Release(2, 1, 197);
/// It takes half a second.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than a version is.
const MAX_ANSWER: usize = 64;

impl Release {
    /// Asks the program; `None` where it doesn't answer.
    pub(super) fn of(claude: &Path) -> Option<Self> {
        let mut command = Command::new(claude);
        command
            .arg("--version")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let deadline = Instant::now() + PATIENCE;
        while child.try_wait().ok()?.is_none() {
            if Instant::now() > deadline {
                child.kill().ok()?;
            }
            thread::sleep(Duration::from_millis(10));
        }
        // It has ended, so what it said stands in the pipe.
        let mut answer = [0; MAX_ANSWER];
        let count = rustix::io::read(child.stdout.as_ref()?, &mut answer).ok()?;
        Self::parse(std::str::from_utf8(answer.get(..count)?).ok()?)
    }

    fn parse(answer: &str) -> Option<Self> {
        let version = answer.split_whitespace().next()?;
        let mut parts = version.split('.').map(str::parse);
        let mut next = || parts.next()?.ok();
        Some(Self(next()?, next()?, next()?))
    }

    /// The events that may stand in its settings.
    pub(super) fn events(release: Option<Self>) -> Vec<Event> {
        let all = release.is_some_and(|release| release >= ALL_EVENTS);
        let old = |event: &Event| {
            !matches!(
                event,
                Event::PermissionRequest | Event::PostToolUseFailure | Event::StopFailure
            )
        };
        Event::ALL
            .into_iter()
            .filter(|event| all || old(event))
            .collect()
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_release_is_read_as_it_is_written(parts in any::<[u32; 3]>(), rest in "( .{0,20})?") {
            let [major, minor, patch] = parts.map(|part| part % 10_000);
            let answer = format!("{major}.{minor}.{patch}{rest}");
            prop_assert_eq!(Release::parse(&answer).unwrap().to_string(), format!("{major}.{minor}.{patch}"));
        }

        #[test]
        fn no_answer_makes_it_panic(answer in "[0-9. v+]{0,20}|.{0,40}") {
            let release = Release::parse(&answer);
            prop_assert!(release.is_none() || answer.contains('.'));
        }
    }

    #[test]
    fn the_answer_of_claude_is_understood() {
        assert_eq!(
            Release::parse("2.1.329 (Claude Code)\n"),
            Some(Release(2, 1, 329))
        );
        assert_eq!(
            Release::parse("2.0.30 (Claude Code)"),
            Some(Release(2, 0, 30))
        );
        for other in ["", "claude", "2.1", "v2.1.3", "2.1.x"] {
            assert_eq!(Release::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_release_that_is_old_or_not_known_gets_the_old_events_only() {
        assert_eq!(Release::events(Some(Release(2, 1, 197))), Event::ALL);
        let old = Release::events(Some(Release(2, 0, 30)));
        assert_eq!(old.len(), 6);
        assert!(!old.contains(&Event::PermissionRequest));
        assert_eq!(Release::events(None), old);
    }
}
