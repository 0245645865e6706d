//! Ages and sizes as people read them.
//!
//! Knows units. Does not know the clock: durations come in. No floating point, whose formatting would weigh
//! more than everything else here.

/// Returns a duration in at most two units: `"12 s"`, `"4 min"`, `"2 h 5 min"`, `"3 d 4 h"`.
pub(crate) fn age(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..DAY => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        DAY.. => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
    }
}

/// Returns the time from `then` to `now`, both Unix milliseconds; zero where `then` lies ahead.
pub(crate) fn age_between(then: u64, now: u64) -> String {
    age(now.saturating_sub(then) / 1000)
}

/// Returns a size in the largest unit that leaves a whole part: `"512 B"`, `"1.4 GB"`, `"238 MB"`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let (mut tenths, mut unit) = (count / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or_default();
    if tenths < 100 {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    } else {
        format!("{} {name}", tenths / 10)
    }
}

/// Returns `"1 item"` or `"7 items"`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large} {large_unit}")
    } else {
        format!("{large} {large_unit} {small} {small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units_at_most() {
        let check = |seconds, text: &str| assert_eq!(age(seconds), text, "{seconds}");
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(3599, "59 min");
        check(3600, "1 h");
        check(7500, "2 h 5 min");
        check(86_399, "23 h 59 min");
        check(86_400, "1 d");
        check(3 * 86_400 + 4 * 3600 + 59, "3 d 4 h");
        assert!(age(u64::MAX).ends_with(" h"));
    }

    #[test]
    fn a_clock_ahead_of_ours_gives_no_age() {
        assert_eq!(age_between(5000, 3000), "0 s");
        assert_eq!(age_between(1000, 63_999), "1 min");
    }

    #[test]
    fn sizes_keep_a_tenth_below_ten() {
        let check = |size, text: &str| assert_eq!(bytes(size), text, "{size}");
        check(0, "0 B");
        check(999, "999 B");
        check(1000, "1.0 kB");
        check(9_999, "9.9 kB");
        check(10_000, "10 kB");
        check(999_999, "999 kB");
        check(1_000_000, "1.0 MB");
        check(238_400_000, "238 MB");
        check(1_440_000_000, "1.4 GB");
        check(u64::MAX, "18446744 TB");
    }
}
