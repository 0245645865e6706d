//! How many actions a second are carried out, whoever asks for them: a bucket of permits that fills steadily.
//!
//! A script that runs wild must not end sessions faster than a person can see it. Pure: the time is passed in.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

/// What a bucket may hold, as the time in which so many permits flow in.
const BURST: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: NonZeroU32,
    /// When it is full again; beyond `BURST` from now it is in debt.
    full_at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(per_second: NonZeroU32, now: Instant) -> Self {
        Self {
            per_second,
            full_at: now,
        }
    }

    /// Takes this many permits where there is at least one, or returns how long it takes until there is. What is missing
    /// becomes a debt: a selection passes as a whole, and the next caller waits for it.
    pub(crate) fn take(&mut self, permits: u32, now: Instant) -> Result<(), Duration> {
        // At 100,000 a second still 10 microseconds.
        let one = Duration::from_secs(1) / self.per_second.get();
        let full_at = self.full_at.max(now);
        let wait = (full_at.saturating_duration_since(now) + one).saturating_sub(BURST);
        if wait.is_zero() {
            self.full_at = full_at + one.saturating_mul(permits);
            Ok(())
        } else {
            Err(wait)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_second: u32, now: Instant) -> Bucket {
        Bucket::new(NonZeroU32::new(per_second).unwrap(), now)
    }

    fn taken(bucket: &mut Bucket, now: Instant) -> usize {
        (0..1_000_000)
            .take_while(|_| bucket.take(1, now).is_ok())
            .count()
    }

    #[test]
    fn a_burst_passes_and_then_so_many_a_second() {
        let now = Instant::now();
        let mut bucket = bucket(20, now);
        assert_eq!(taken(&mut bucket, now), 60);
        assert_eq!(bucket.take(1, now), Err(Duration::from_millis(50)));
        let later = now + Duration::from_millis(30);
        assert_eq!(bucket.take(1, later), Err(Duration::from_millis(20)));
        assert_eq!(bucket.take(1, now + Duration::from_millis(50)), Ok(()));
        assert_eq!(taken(&mut bucket, now + Duration::from_millis(1050)), 20);
        assert_eq!(taken(&mut bucket, now + Duration::from_secs(3600)), 60);
    }

    #[test]
    fn both_ends_of_the_range_hold() {
        let now = Instant::now();
        let mut slow = bucket(1, now);
        assert_eq!(taken(&mut slow, now), 3);
        assert_eq!(slow.take(1, now), Err(Duration::from_secs(1)));
        let mut fast = bucket(100_000, now);
        assert_eq!(taken(&mut fast, now), 300_000);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_fills_nothing() {
        let now = Instant::now();
        let later = now + Duration::from_secs(10);
        let mut bucket = bucket(20, later);
        assert_eq!(taken(&mut bucket, later), 60);
        assert!(bucket.take(1, now).is_err());
        assert!(bucket.take(1, later).is_err());
    }

    #[test]
    fn a_selection_passes_as_a_whole_and_leaves_a_debt() {
        let now = Instant::now();
        let mut bucket = bucket(20, now);
        assert_eq!(bucket.take(200, now), Ok(()));
        // 140 permits of debt and the one that is asked for.
        assert_eq!(bucket.take(1, now), Err(Duration::from_millis(7050)));
        assert!(bucket.take(200, now + Duration::from_secs(7)).is_err());
        assert_eq!(bucket.take(200, now + Duration::from_millis(7050)), Ok(()));
    }
}
