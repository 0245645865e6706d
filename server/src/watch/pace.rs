//! How often the sweep may run: what it costs decides.

use std::time::Duration;

/// Between two sweeps, where they cost little.
pub(super) const SHORTEST: Duration = Duration::from_millis(400);
/// However much they cost.
const LONGEST: Duration = Duration::from_secs(5);
/// A sweep may use one part in so many of a core.
const SHARE: u32 = 500;

/// What it costs to be woken, beside the work.
pub(super) const WAKING: Duration = Duration::from_micros(100);

/// From the beginning of a sweep that cost so much to the next.
pub(super) fn until_next_sweep(cost: Duration) -> Duration {
    rest(cost).clamp(SHORTEST, LONGEST)
}

/// How long to do nothing after something that cost so much.
pub(super) fn rest(cost: Duration) -> Duration {
    cost.saturating_mul(SHARE).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_that_costs_much_comes_seldom() {
        assert_eq!(until_next_sweep(Duration::from_micros(100)), SHORTEST);
        assert_eq!(
            until_next_sweep(Duration::from_millis(2)),
            Duration::from_secs(1)
        );
        assert_eq!(until_next_sweep(Duration::from_secs(1)), LONGEST);
    }
}
