//! Ages and sizes, short enough for a column and without a blank, so that `awk` can count columns.

/// Returns a duration in at most two units: `12s`, `4m`, `2h5m`, `3d4h`.
pub(super) fn age(milliseconds: u64) -> String {
    let minutes = milliseconds / 60_000;
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => format!("{}s", milliseconds / 1000),
        (0, 0, m) => format!("{m}m"),
        (0, h, 0) => format!("{h}h"),
        (0, h, m) => format!("{h}h{m}m"),
        (d, 0, _) => format!("{d}d"),
        (d, h, _) => format!("{d}d{h}h"),
    }
}

/// Returns the time from `then` to `now`, both Unix milliseconds; `-` where `then` is not known, and zero where it
/// lies ahead.
pub(super) fn age_of(then: Option<u64>, now: u64) -> String {
    then.map_or_else(|| "-".to_owned(), |then| age(now.saturating_sub(then)))
}

/// Returns a size in thousands: `512B`, `268M`, `1.4G`.
pub(super) fn bytes(count: u64) -> String {
    if count < 1000 {
        return format!("{count}B");
    }
    let (mut tenths, mut units) = (count / 100, "kMGTP".chars());
    let mut unit = units.next();
    while tenths >= 10_000 {
        tenths /= 1000;
        unit = units.next();
    }
    let unit = unit.unwrap_or('E');
    if tenths < 100 {
        format!("{}.{}{unit}", tenths / 10, tenths % 10)
    } else {
        format!("{}{unit}", tenths / 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_two_units_at_most() {
        let check = |seconds: u64, text: &str| assert_eq!(age(seconds * 1000), text, "{seconds}");
        check(0, "0s");
        check(59, "59s");
        check(60, "1m");
        check(3599, "59m");
        check(3600, "1h");
        check(7500, "2h5m");
        check(86_399, "23h59m");
        check(86_400, "1d");
        check(3 * 86_400 + 4 * 3600 + 59, "3d4h");
        assert_eq!(age_of(Some(5000), 3000), "0s");
        assert_eq!(age_of(None, 3000), "-");
    }

    #[test]
    fn sizes_keep_a_tenth_below_ten() {
        let check = |size, text: &str| assert_eq!(bytes(size), text, "{size}");
        check(0, "0B");
        check(999, "999B");
        check(1000, "1.0k");
        check(9_999, "9.9k");
        check(999_999, "999k");
        check(1_000_000, "1.0M");
        check(268_435_456, "268M");
        check(1_440_000_000, "1.4G");
        check(u64::MAX, "18E");
    }
}
