//! Time as routing knows it: handed in by the caller, never asked for.

use std::time::Duration;

const MICROS_PER_MINUTE: u64 = 60_000_000;

/// A point on a clock that only goes forward: microseconds since an origin of the caller's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

// === impl Moment ===

impl Moment {
    /// The origin of the clock.
    pub const ORIGIN: Self = Self(0);

    /// So long after the origin.
    pub fn at(since_origin: Duration) -> Self {
        Self(micros(since_origin))
    }

    /// So long after this moment.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// How long ago an earlier moment was; zero for a later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Microseconds since the origin.
    pub(crate) fn micros(self) -> u64 {
        self.0
    }

    pub(crate) fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The minute in which it lies. Wraps after some thousand years.
    pub(crate) fn minute(self) -> u32 {
        (self.0 / MICROS_PER_MINUTE) as u32
    }

    /// How long its minute lasts from here.
    pub(crate) fn rest_of_minute(self) -> Duration {
        Duration::from_micros(MICROS_PER_MINUTE - self.0 % MICROS_PER_MINUTE)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
