//! A counter of one minute in one word: it can be raised within a ceiling by any number of threads
//! and never passes it.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::moment::Moment;

/// The minute in the upper half, the count in the lower.
#[derive(Debug, Default)]
pub(crate) struct Window(AtomicU64);

// === impl Window ===

impl Window {
    /// What is counted in the minute of this moment.
    pub(crate) fn count(&self, now: Moment) -> u32 {
        counted(self.0.load(Ordering::Relaxed), now.minute())
    }

    /// Counts so many more, unless that would pass the ceiling.
    pub(crate) fn raise_within(&self, units: u32, ceiling: u32, now: Moment) -> bool {
        let minute = now.minute();
        let raised = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
            let count = counted(word, minute).checked_add(units)?;
            (count <= ceiling).then(|| packed(minute, count))
        });
        raised.is_ok()
    }

    /// Counts so many more, whatever the sum, which it gives.
    pub(crate) fn raise(&self, units: u32, now: Moment) -> u32 {
        let minute = now.minute();
        let raise = |word| packed(minute, counted(word, minute).saturating_add(units));
        let before = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |w| Some(raise(w)));
        counted(before.unwrap_or_else(|word| word), minute).saturating_add(units)
    }

    /// Replaces what was counted at an earlier moment by another figure, if its minute lasts.
    pub(crate) fn replace(&self, before: u32, after: u32, counted_at: Moment, now: Moment) {
        let minute = now.minute();
        if counted_at.minute() != minute {
            return;
        }
        let _always = self.0.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |word| {
            let count = counted(word, minute).saturating_sub(before).saturating_add(after);
            Some(packed(minute, count))
        });
    }
}

/// The count, which is nothing if it belongs to another minute.
fn counted(word: u64, minute: u32) -> u32 {
    if (word >> 32) as u32 == minute { word as u32 } else { 0 }
}

fn packed(minute: u32, count: u32) -> u64 {
    u64::from(minute) << 32 | u64::from(count)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    #[test]
    fn a_minute_counts_for_itself() {
        let window = Window::default();
        assert!(window.raise_within(2, 3, at(60)));
        assert!(!window.raise_within(2, 3, at(119)));
        assert!(window.raise_within(1, 3, at(119)));
        assert_eq!((window.count(at(119)), window.count(at(120))), (3, 0));
        assert!(window.raise_within(3, 3, at(120)));
        assert!(!window.raise_within(u32::MAX, u32::MAX, at(120)));
        assert_eq!(window.raise(u32::MAX, at(120)), u32::MAX);
    }

    #[test]
    fn what_was_counted_is_replaced_only_within_its_minute() {
        let window = Window::default();
        window.raise(100, at(1));
        window.replace(100, 7, at(1), at(59));
        assert_eq!(window.count(at(59)), 7);
        window.raise(5, at(61));
        window.replace(100, 7, at(1), at(61));
        assert_eq!(window.count(at(61)), 5);
    }

    #[test]
    fn threads_never_pass_the_ceiling() {
        let window = Window::default();
        let taken: usize = std::thread::scope(|scope| {
            let take = || (0..1000).filter(|_| window.raise_within(3, 1000, at(5))).count();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((taken, window.count(at(5))), (333, 999));
    }
}
