//! Deadlines in CPU time. Epochs alone are wall time and would stop innocent calls on a busy
//! machine, so the epoch callback asks how long this thread really computed for the call.
//!
//! Reading a thread's CPU clock is a system call. A call that ends within its first poll and
//! before the first tick, which is nearly every call, makes none.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// CPU time that a call has used, and the thread's clock when the present poll began.
#[derive(Default)]
pub(crate) struct CpuMeter {
    used_nanos: AtomicU64,
    /// 0: not read in this poll yet.
    poll_began_nanos: AtomicU64,
}

/// Counts the CPU time of a future's polls on a [`CpuMeter`].
pub(crate) struct Metered<F> {
    inner: Pin<Box<F>>,
    meter: Arc<CpuMeter>,
    polled: bool,
}

/// CPU time of the current thread.
pub(crate) fn thread_cpu() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

// === impl CpuMeter ===

impl CpuMeter {
    /// What the call has used, the present poll included. The first tick of a first poll starts
    /// the count, so up to one tick goes unseen.
    pub(crate) fn used_at(&self, now: Duration) -> Duration {
        let now = nanos(now);
        let began = self.poll_began_nanos.load(Ordering::Relaxed);
        if began == 0 {
            self.poll_began_nanos.store(now, Ordering::Relaxed);
        }
        let this_poll = if began == 0 { 0 } else { now.saturating_sub(began) };
        Duration::from_nanos(self.used_nanos.load(Ordering::Relaxed).saturating_add(this_poll))
    }

    fn poll_begins(&self) {
        self.poll_began_nanos.store(nanos(thread_cpu()), Ordering::Relaxed);
    }

    fn poll_ends(&self) {
        let used = self.used_at(thread_cpu());
        self.used_nanos.store(nanos(used), Ordering::Relaxed);
        self.poll_began_nanos.store(0, Ordering::Relaxed);
    }
}

// === impl Metered ===

impl<F: Future> Metered<F> {
    pub(crate) fn new(inner: F, meter: Arc<CpuMeter>) -> Self {
        Self { inner: Box::pin(inner), meter, polled: false }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        if self.polled {
            self.meter.poll_begins();
        }
        self.polled = true;
        let polled = self.inner.as_mut().poll(context);
        if polled.is_pending() {
            self.meter.poll_ends();
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_between_polls_is_not_counted() {
        let meter = CpuMeter::default();
        assert_eq!(meter.used_at(Duration::from_millis(5)), Duration::ZERO);
        assert_eq!(meter.used_at(Duration::from_millis(8)), Duration::from_millis(3));
        meter.used_nanos.store(3_000_000, Ordering::Relaxed);
        meter.poll_began_nanos.store(100_000_000, Ordering::Relaxed);
        assert_eq!(meter.used_at(Duration::from_millis(104)), Duration::from_millis(7));
    }

    #[test]
    fn the_clock_of_a_thread_advances_with_its_work() {
        let began = thread_cpu();
        let mut sum = 0_u64;
        while thread_cpu() == began {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(thread_cpu() > began);
    }
}
