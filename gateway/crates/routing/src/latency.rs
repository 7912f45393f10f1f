//! The latency of a deployment as a peak that decays: a slow answer counts at once and in full, and
//! is forgotten as quicker ones come. In one word, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::moment::Moment;

/// After so long the past counts for about a third. Models answer within seconds; less would forget
/// a deployment's last call before the next one.
const DECAY_MS: f32 = 10_000.0;

/// When it was last told, in milliseconds, in the upper half; a 32-bit float of milliseconds in
/// the lower.
#[derive(Debug, Default)]
pub(crate) struct Latency(AtomicU64);

// === impl Latency ===

impl Latency {
    /// Takes in how long an answer took to begin.
    pub(crate) fn observe(&self, took: Duration, now: Moment) {
        let sample = took.as_secs_f32() * 1000.0;
        let _always = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
            let old = decoded(word);
            let new = if sample >= old {
                sample
            } else {
                let keep = (-elapsed_ms(word, now) / DECAY_MS).exp();
                old * keep + sample * (1.0 - keep)
            };
            Some(encoded(new, now))
        });
    }

    /// Milliseconds; 0 if nothing was observed yet, so that a new deployment is tried.
    pub(crate) fn now(&self, now: Moment) -> f32 {
        let word = self.0.load(Ordering::Acquire);
        decoded(word) * (-elapsed_ms(word, now) / DECAY_MS).exp()
    }
}

fn stamp(now: Moment) -> u32 {
    (now.micros() / 1000) as u32
}

fn elapsed_ms(word: u64, now: Moment) -> f32 {
    // Stamps wrap after 49 days; the difference of two does not mind.
    let elapsed = stamp(now).wrapping_sub((word >> 32) as u32);
    // A stamp of another thread can be a little ahead.
    if elapsed > u32::MAX / 2 { 0.0 } else { elapsed as f32 }
}

fn decoded(word: u64) -> f32 {
    f32::from_bits(word as u32)
}

fn encoded(latency: f32, now: Moment) -> u64 {
    u64::from(stamp(now)) << 32 | u64::from(latency.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::at(Duration::from_millis(ms))
    }

    #[test]
    fn a_peak_counts_at_once_and_decays() {
        let latency = Latency::default();
        assert_eq!(latency.now(at(5)), 0.0);
        latency.observe(Duration::from_millis(100), at(1000));
        latency.observe(Duration::from_millis(900), at(1001));
        assert_eq!(latency.now(at(1001)), 900.0);
        latency.observe(Duration::from_millis(100), at(11_001));
        let after = latency.now(at(11_001));
        assert!((390.0..400.0).contains(&after), "{after}");
        assert!(latency.now(at(61_001)) < 10.0);
    }
}
