//! An orderly end: on the first signal no new call is taken and those under way may finish; a
//! second signal ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::server::{ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

/// How long calls under way may take to finish.
const GRACE: Duration = Duration::from_secs(300);

/// Counts what is under way, and tells when the end has begun.
#[derive(Debug, Default)]
pub struct Drain {
    draining: AtomicBool,
    open: AtomicUsize,
    idle: Notify,
}

/// Something under way.
pub(crate) struct UnderWay(Arc<Drain>);

/// Waits for signals, then for the gateway to become idle.
pub(crate) struct Signals {
    pub(crate) drain: Arc<Drain>,
}

// === impl Drain ===

impl Drain {
    /// Whether the end has begun.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    pub(crate) fn enter(self: &Arc<Self>) -> UnderWay {
        self.open.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(self))
    }

    async fn until_idle(&self) {
        loop {
            let notified = self.idle.notified();
            if self.open.load(Ordering::SeqCst) == 0 {
                return;
            }
            notified.await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if self.0.open.fetch_sub(1, Ordering::SeqCst) == 1 && self.0.is_draining() {
            self.0.idle.notify_waiters();
        }
    }
}

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        let (Ok(mut terminate), Ok(mut interrupt)) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
        else {
            log::error!(target: "edge", "signals cannot be watched");
            return std::future::pending().await;
        };
        either(&mut terminate, &mut interrupt).await;
        self.drain.draining.store(true, Ordering::SeqCst);
        log::info!(target: "edge", "stopping: calls under way may finish");
        tokio::select! {
            () = self.drain.until_idle() => {}
            () = tokio::time::sleep(GRACE) => {
                log::warn!(target: "edge", "calls are still under way; stopping all the same");
            }
            () = either(&mut terminate, &mut interrupt) => {
                log::warn!(target: "edge", "a second signal: stopping at once");
            }
        }
        ShutdownSignal::FastShutdown
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn idleness_is_noticed_when_the_last_one_leaves() {
        let drain = Arc::new(Drain::default());
        drain.until_idle().await;
        let (first, second) = (drain.enter(), drain.enter());
        drain.draining.store(true, Ordering::SeqCst);
        let waiting = tokio::spawn({
            let drain = Arc::clone(&drain);
            async move { drain.until_idle().await }
        });
        drop(first);
        assert!(!waiting.is_finished());
        tokio::task::yield_now().await;
        drop(second);
        waiting.await.unwrap();
    }
}
