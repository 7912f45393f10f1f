//! Times as people read them, in UTC.

use crate::types::Milliseconds;

const SECONDS_PER_DAY: u64 = 86_400;

/// A time such as `2026-11-22 18:49:28 UTC`; a broken second counts as begun, so that whoever
/// waits until then has waited long enough.
pub fn utc_text(time: Milliseconds) -> String {
    format!("{} UTC", seconds_text(time.div_ceil(1000)))
}

/// A time such as `2026-11-22 18:48:27.774000+00:00`.
pub fn utc_micros_text(time: Milliseconds) -> String {
    format!("{}.{:03}000+00:00", seconds_text(time / 1000), time % 1000)
}

fn seconds_text(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / SECONDS_PER_DAY);
    let second = seconds % SECONDS_PER_DAY;
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day counted from 1970-01-01. Counts in years that begin in March, so
/// that the leap day is a year's last.
fn civil(days: u64) -> (u64, u64, u64) {
    // Days from 0000-03-01 to 1970-01-01, and in 400, 100, 4 years and one.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 153 days in every five.
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_every_kind_of_year_are_found() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_779, (2026, 11, 22)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
    }

    #[test]
    fn a_broken_second_counts_as_begun_for_a_reset_only() {
        assert_eq!(utc_text(1_795_373_367_001), "2026-11-22 18:49:28 UTC");
        assert_eq!(utc_text(1_795_373_368_000), "2026-11-22 18:49:28 UTC");
        assert_eq!(utc_micros_text(1_795_373_307_774), "2026-11-22 18:48:27.774000+00:00");
    }

    #[test]
    fn the_largest_time_is_no_overflow() {
        assert!(utc_text(u64::MAX).ends_with("UTC"));
    }
}
