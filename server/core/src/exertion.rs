//! Whether a session computes, from two readings of the processor time that it and its descendants used.

use std::time::Duration;

use crate::id::UnixMillis;

/// One reading, in clock ticks since each process's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    pub at: UnixMillis,
    pub own_ticks: u64,
    /// Over all living descendants; it falls when one of them ends.
    pub below_ticks: u64,
}

/// Two readings closer than this say nothing: a clock tick is 10 ms.
pub const APART: Duration = Duration::from_millis(200);

/// Drawing a spinner costs 5 to 10 % of a core (2.1.329), so less than this is no sign of work.
const OWN_PERMILLE: u64 = 200;

/// A server of MCP that has nothing to do stays below this.
const BELOW_PERMILLE: u64 = 20;

impl Reading {
    /// Whether something computed between `earlier` and this reading, `None` where they are too close to tell.
    pub fn shows_work_since(&self, earlier: &Self, ticks_per_second: u64) -> Option<bool> {
        let apart = self.at.saturating_since(earlier.at);
        if apart < APART {
            return None;
        }
        let millis = u64::try_from(apart.as_millis()).unwrap_or(u64::MAX);
        let permille = |ticks: u64| {
            let used = ticks.saturating_mul(1_000_000) / ticks_per_second.max(1);
            used / millis.max(1)
        };
        let own = permille(self.own_ticks.saturating_sub(earlier.own_ticks));
        let below = permille(self.below_ticks.saturating_sub(earlier.below_ticks));
        Some(own >= OWN_PERMILLE || below >= BELOW_PERMILLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(own_ticks: u64, below_ticks: u64, at: u64, expected: Option<bool>) {
        let start = Reading {
            at: UnixMillis(5_000),
            own_ticks: 700,
            below_ticks: 70,
        };
        let now = Reading {
            at: UnixMillis(5_000 + at),
            own_ticks: 700 + own_ticks,
            below_ticks,
        };
        assert_eq!(now.shows_work_since(&start, 100), expected);
    }

    #[test]
    fn a_spinner_is_no_work_and_a_compiler_is() {
        // Ten ticks in a second are a tenth of a core.
        check(10, 70, 1_000, Some(false));
        check(20, 70, 1_000, Some(true));
        check(0, 71, 1_000, Some(false));
        check(0, 72, 1_000, Some(true));
        // A child that has ended takes its time along.
        check(0, 0, 1_000, Some(false));
        check(90, 90, 199, None);
    }
}
