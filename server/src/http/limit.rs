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
    /// The permits in it, as the time in which they flowed in.
    level: Duration,
    filled_at: Instant,
}

impl Bucket {
    /// A full one.
    pub(crate) fn new(per_second: NonZeroU32, now: Instant) -> Self {
        Self {
            per_second,
            level: BURST,
            filled_at: now,
        }
    }

    /// Takes one permit, or returns how long it takes until there is one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled_at);
        self.level = self.level.saturating_add(passed).min(BURST);
        self.filled_at = self.filled_at.max(now);
        // At 100,000 a second still 10 microseconds.
        let one = Duration::from_secs(1) / self.per_second.get();
        match self.level.checked_sub(one) {
            Some(left) => {
                self.level = left;
                Ok(())
            }
            None => Err(one.saturating_sub(self.level)),
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
            .take_while(|_| bucket.take(now).is_ok())
            .count()
    }

    #[test]
    fn a_burst_passes_and_then_so_many_a_second() {
        let now = Instant::now();
        let mut bucket = bucket(20, now);
        assert_eq!(taken(&mut bucket, now), 60);
        assert_eq!(bucket.take(now), Err(Duration::from_millis(50)));
        let later = now + Duration::from_millis(30);
        assert_eq!(bucket.take(later), Err(Duration::from_millis(20)));
        assert_eq!(bucket.take(now + Duration::from_millis(50)), Ok(()));
        assert_eq!(taken(&mut bucket, now + Duration::from_millis(1050)), 20);
        assert_eq!(taken(&mut bucket, now + Duration::from_secs(3600)), 60);
    }

    #[test]
    fn both_ends_of_the_range_hold() {
        let now = Instant::now();
        let mut slow = bucket(1, now);
        assert_eq!(taken(&mut slow, now), 3);
        assert_eq!(slow.take(now), Err(Duration::from_secs(1)));
        let mut fast = bucket(100_000, now);
        assert_eq!(taken(&mut fast, now), 300_000);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_fills_nothing() {
        let now = Instant::now();
        let later = now + Duration::from_secs(10);
        let mut bucket = bucket(20, later);
        assert_eq!(taken(&mut bucket, later), 60);
        assert!(bucket.take(now).is_err());
        assert!(bucket.take(later).is_err());
    }
}
