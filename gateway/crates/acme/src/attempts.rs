//! When a CA that failed may be asked again: after a minute, then twice as long each time, up to
//! an hour. It is written down before each attempt, so that a process that dies in the middle of
//! one, or another process on the same folder, waits as well.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The wait after the first failure.
const WAIT_MIN: Duration = Duration::from_secs(60);

/// The longest wait of our own choice.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// The longest wait that a CA may ask for.
const ASKED_MAX: Duration = Duration::from_secs(24 * 3600);

/// Attempts since the last success.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attempts {
    /// How many were begun and did not succeed.
    failures: u32,
    /// No further one before this time, in Unix seconds.
    not_before: u64,
}

impl Attempts {
    /// How many were begun and did not succeed.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }

    /// When the next one may be begun.
    pub(crate) fn next(self) -> SystemTime {
        let since = Duration::from_secs(self.not_before);
        SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// What is true once an attempt begins; `dice` between 0 and 1 spreads many gateways.
    pub(crate) fn begin(self, now: SystemTime, dice: f64) -> Self {
        let failures = self.failures.saturating_add(1);
        let wait = wait_after(failures);
        let wait = wait.saturating_add(wait.mul_f64(dice.clamp(0.0, 1.0) / 10.0));
        Self { failures, not_before: seconds(now).saturating_add(wait.as_secs()) }
    }

    /// Not before the CA's own wish, if that is later.
    pub(crate) fn wish(self, now: SystemTime, wished: Duration) -> Self {
        let wished = seconds(now).saturating_add(wished.min(ASKED_MAX).as_secs());
        Self { not_before: self.not_before.max(wished), ..self }
    }

    /// What holds longer, of what is known here and what was written down.
    pub(crate) fn or_later(self, other: Self) -> Self {
        if other.not_before > self.not_before { other } else { self }
    }

    /// A clock that was set back must not hold up attempts for longer than any wait.
    pub(crate) fn sane(self, now: SystemTime) -> Self {
        let latest = seconds(now).saturating_add(ASKED_MAX.as_secs());
        Self { not_before: self.not_before.min(latest), ..self }
    }
}

fn wait_after(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    WAIT_MIN.saturating_mul(doubled).min(WAIT_MAX)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_from_a_minute_to_an_hour() {
        let waits: Vec<u64> = (1..=9).map(|n| wait_after(n).as_secs() / 60).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(wait_after(u32::MAX), WAIT_MAX);
    }

    #[test]
    fn a_failing_ca_is_asked_at_most_once_an_hour_after_the_first_hour() {
        for dice in [0.0, 0.5, 1.0] {
            let (mut attempts, mut begun) = (Attempts::default(), Vec::new());
            while attempts.next() < at(24 * 3600) {
                let now = attempts.next();
                begun.push(now);
                attempts = attempts.begin(now, dice);
            }
            let first_hour = begun.iter().filter(|time| **time < at(3600)).count();
            assert!(first_hour <= 6, "{first_hour}");
            assert!(begun.len() <= 6 + 24, "{}", begun.len());
            let later: Vec<_> = begun.iter().filter(|time| **time >= at(3600)).collect();
            for pair in later.windows(2) {
                assert!(pair[1].duration_since(*pair[0]).unwrap() >= WAIT_MAX);
            }
        }
    }

    #[test]
    fn a_cas_wish_only_makes_it_later_and_not_for_ever() {
        let begun = Attempts::default().begin(at(1000), 0.0);
        assert_eq!(begun.wish(at(1000), Duration::from_secs(5)).next(), at(1060));
        assert_eq!(begun.wish(at(1000), Duration::from_secs(7200)).next(), at(8200));
        assert_eq!(begun.wish(at(1000), Duration::MAX).next(), at(1000) + ASKED_MAX);
    }

    #[test]
    fn a_missing_file_takes_back_no_wait() {
        let begun = Attempts::default().begin(at(1000), 0.0);
        assert_eq!(begun.or_later(Attempts::default()), begun);
        assert_eq!(Attempts::default().or_later(begun), begun);
    }

    #[test]
    fn a_clock_set_back_does_not_hold_up_attempts_for_years() {
        let begun = Attempts::default().begin(at(10_000_000_000), 0.0);
        assert_eq!(begun.sane(at(1000)).next(), at(1000) + ASKED_MAX);
        let odd = Attempts { failures: 1, not_before: u64::MAX };
        assert!(odd.next() <= SystemTime::now());
    }
}
