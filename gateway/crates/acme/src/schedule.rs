//! When a certificate is renewed: arithmetic without a clock.

use std::time::{Duration, SystemTime};

use crate::certificate::Certificate;

/// A CA's suggestion is followed only up to this part of the life: what is left is for failures.
const SUGGESTED_MAX: f64 = 0.95;

/// How much of what is left of the life may be spent on the random wait.
const JITTER_PART_MAX: u32 = 10;

/// What decides when to renew, apart from the certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// The part of the life after which to renew.
    pub(crate) fraction: f64,
    /// The longest random wait on top.
    pub(crate) jitter: Duration,
    /// Between 0 and 1; the same for as long as the process lives.
    pub(crate) dice: f64,
}

/// The time between which the CA would like a renewal to happen (RFC 9773).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Window {
    pub(crate) start: SystemTime,
    pub(crate) end: SystemTime,
}

impl Schedule {
    /// When to renew a certificate.
    pub(crate) fn renew_at(&self, certificate: &Certificate, window: Option<Window>) -> SystemTime {
        let (from, until) = (certificate.not_before(), certificate.not_after());
        let life = until.duration_since(from).unwrap_or_default();
        match window {
            Some(window) => self.within(window).min(from + life.mul_f64(SUGGESTED_MAX)),
            None => {
                let passed = life.mul_f64(self.fraction.clamp(0.0, 1.0));
                let left = life.saturating_sub(passed);
                let jitter = self.jitter.min(left / JITTER_PART_MAX);
                from + passed + jitter.mul_f64(self.dice.clamp(0.0, 1.0))
            }
        }
    }

    /// This process's own moment in a window.
    fn within(&self, window: Window) -> SystemTime {
        let length = window.end.duration_since(window.start).unwrap_or_default();
        window.start + length.mul_f64(self.dice.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::tests::made;

    const DAY: u64 = 86_400;

    fn day(day: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(day * DAY)
    }

    fn schedule(dice: f64) -> Schedule {
        Schedule { fraction: 2.0 / 3.0, jitter: Duration::from_secs(3600), dice }
    }

    /// Within a second: fractions of a life are not whole.
    fn near(one: SystemTime, other: SystemTime) -> bool {
        let apart = one.duration_since(other).or_else(|_| other.duration_since(one));
        apart.unwrap_or_default() < Duration::from_secs(1)
    }

    #[test]
    fn two_thirds_of_ninety_days_are_sixty() {
        let certificate = made(86_400 * 1000, 86_400 * 1090);
        assert!(near(schedule(0.0).renew_at(&certificate, None), day(1060)));
        let latest = schedule(1.0).renew_at(&certificate, None);
        assert!(near(latest, day(1060) + Duration::from_secs(3600)));
    }

    #[test]
    fn jitter_never_takes_more_than_a_tenth_of_what_is_left() {
        let certificate = made(0, 86_400 * 3);
        let patient = Schedule { jitter: Duration::from_secs(DAY * 365), ..schedule(1.0) };
        let expected = day(2) + Duration::from_secs(DAY / 10);
        assert!(near(patient.renew_at(&certificate, None), expected));
    }

    #[test]
    fn the_cas_window_is_followed_earlier_or_later_but_not_past_the_end() {
        let certificate = made(0, 86_400 * 100);
        let at = |start, end, dice| {
            let window = Window { start: day(start), end: day(end) };
            schedule(dice).renew_at(&certificate, Some(window))
        };
        assert!(near(at(10, 20, 0.5), day(15)));
        assert!(near(at(80, 90, 0.0), day(80)));
        assert!(near(at(500, 600, 0.0), day(95)));
        // An end before the start: at its start.
        assert!(near(at(30, 20, 1.0), day(30)));
    }
}
