//! Time, so that tests can turn it.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// A time of day that may be set, and one that only goes forward.
pub trait Clock: Send + Sync {
    /// Seconds since the Unix epoch, for assertions. 0 before it.
    fn unix_seconds(&self) -> u64;
    /// Time since some moment in this process's life, for what expires.
    fn elapsed(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

// === impl SystemClock ===

impl Clock for SystemClock {
    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |past| past.as_secs())
    }

    fn elapsed(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }
}
