//! Clocks that the test moves.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use tollgate_acme::{Clock, Wait};

/// Stands still until it is set.
pub(crate) struct SetClock {
    now: watch::Sender<SystemTime>,
}

impl SetClock {
    pub(crate) fn new() -> Self {
        Self { now: watch::Sender::new(SystemTime::now()) }
    }

    pub(crate) fn set(&self, now: SystemTime) {
        self.now.send_replace(now);
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now.send_modify(|now| *now += by);
    }
}

impl Clock for SetClock {
    fn now(&self) -> SystemTime {
        *self.now.borrow()
    }

    fn wait_until(&self, at: SystemTime) -> Wait<'_> {
        let mut seen = self.now.subscribe();
        Box::pin(async move {
            seen.wait_for(|now| *now >= at).await.unwrap();
        })
    }
}

/// Jumps to whatever is waited for, up to an end, where it stops.
pub(crate) struct SkippingClock {
    now: Mutex<SystemTime>,
    end: SystemTime,
    ended: Notify,
}

impl SkippingClock {
    pub(crate) fn new(start: SystemTime, end: SystemTime) -> Self {
        Self { now: Mutex::new(start), end, ended: Notify::new() }
    }

    /// Waits until somebody waits for what is behind the end.
    pub(crate) async fn ended(&self) {
        self.ended.notified().await;
    }
}

impl Clock for SkippingClock {
    fn now(&self) -> SystemTime {
        *self.now.lock().unwrap()
    }

    fn wait_until(&self, at: SystemTime) -> Wait<'_> {
        Box::pin(async move {
            if at > self.end {
                self.ended.notify_one();
                return std::future::pending().await;
            }
            let mut now = self.now.lock().unwrap();
            *now = at.max(*now);
        })
    }
}
