//! An orderly end: on the first signal no new connection is taken and what is under way may finish;
//! a second signal ends at once. At an upgrade the sockets go to the new process first.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::server::{ShutdownSignal, ShutdownSignalWatch};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use tollgate_listener::Connections;

use crate::handover::Sockets;

/// Requests that clients sent before they could know of the end are served as usual for so long;
/// then model calls are refused, to be repeated elsewhere.
const STRAGGLERS: Duration = Duration::from_millis(50);
/// Connections whose last answer is written are closed in this time.
const CLOSING: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

/// Counts what is under way, and tells when the end has begun.
#[derive(Debug, Default)]
pub struct Drain {
    draining: AtomicBool,
    /// Another process has taken the sockets.
    succeeded: AtomicBool,
    /// Stragglers are served no more.
    refusing: AtomicBool,
    open: AtomicUsize,
    idle: Notify,
    /// Listeners are to stop.
    stop: Notify,
}

/// Something under way.
pub(crate) struct UnderWay(Arc<Drain>);

/// How the end is to go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ending {
    /// How long connections are still taken once readiness is denied.
    pub(crate) delay: Duration,
    /// How long what is under way may take to finish.
    pub(crate) grace: Duration,
}

/// Waits for signals, then for the gateway to become idle.
pub struct End {
    pub(crate) drain: Arc<Drain>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) sockets: Sockets,
    pub(crate) ending: Ending,
    /// Where a new process waits for the sockets.
    pub(crate) handover: PathBuf,
}

/// The signals that end the process or hand its sockets over.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
}

/// Tells pingora when its listeners are to stop.
pub(crate) struct Stop(pub(crate) Arc<Drain>);

/// What a signal asks for.
enum Asked {
    End,
    HandOver,
}

// === impl Drain ===

impl Drain {
    /// Whether the end has begun.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Whether clients should look elsewhere. They need not if another process has the sockets.
    pub(crate) fn is_ending(&self) -> bool {
        self.is_draining() && !self.succeeded.load(Ordering::SeqCst)
    }

    /// Whether model calls are refused.
    pub(crate) fn is_refusing(&self) -> bool {
        self.refusing.load(Ordering::SeqCst)
    }

    pub(crate) fn enter(self: &Arc<Self>) -> UnderWay {
        self.open.fetch_add(1, Ordering::SeqCst);
        UnderWay(Arc::clone(self))
    }

    fn is_idle(&self) -> bool {
        self.open.load(Ordering::SeqCst) == 0
    }

    async fn until_idle(&self) {
        loop {
            let notified = self.idle.notified();
            if self.is_idle() {
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

// === impl End ===

impl End {
    /// Returns when the process may end. `handed_over` is told when another process has the sockets.
    pub async fn wait(self, signals: Signals, handed_over: impl Fn()) {
        let Signals { mut terminate, mut interrupt, mut quit } = signals;
        loop {
            let asked = tokio::select! {
                () = either(&mut terminate, &mut interrupt) => Asked::End,
                _ = quit.recv() => Asked::HandOver,
            };
            match asked {
                Asked::End => break,
                Asked::HandOver => match self.sockets.hand_over(&self.handover).await {
                    Ok(()) => {
                        self.drain.succeeded.store(true, Ordering::SeqCst);
                        handed_over();
                        break;
                    }
                    Err(why) => {
                        log::error!(target: "edge", "no hand-over, this process goes on: {why}");
                    }
                },
            }
        }
        tokio::select! {
            () = self.finish() => log::info!(target: "edge", "everything under way has ended"),
            () = either(&mut terminate, &mut interrupt) => {
                log::warn!(target: "edge", "a second signal: stopping at once");
            }
        }
    }

    async fn finish(&self) {
        log::info!(target: "edge", "stopping: what is under way may finish");
        self.drain.draining.store(true, Ordering::SeqCst);
        // Where another process listens, there is nobody to be warned.
        let has_successor = self.drain.succeeded.load(Ordering::SeqCst);
        let delay = if has_successor { Duration::ZERO } else { self.ending.delay };
        let deadline = Instant::now() + delay + self.ending.grace;
        sleep(delay).await;
        self.drain.stop.notify_one();
        sleep(STRAGGLERS).await;
        self.drain.refusing.store(true, Ordering::SeqCst);
        if timeout_at(deadline, self.until_closed()).await.is_err() {
            log::warn!(target: "edge", "calls are still under way; stopping all the same");
        }
    }

    /// Waits for what is under way, also for what began on a connection that was just accepted.
    /// Whoever keeps a connection open without a request is not waited for.
    async fn until_closed(&self) {
        let mut idle_since = None;
        while self.connections.open() > 0 || !self.drain.is_idle() {
            self.drain.until_idle().await;
            let since = *idle_since.get_or_insert_with(Instant::now);
            if since.elapsed() >= CLOSING {
                return;
            }
            sleep(LOOK).await;
            if !self.drain.is_idle() {
                idle_since = None;
            }
        }
    }
}

// === impl Signals ===

impl Signals {
    /// They do not end the process by themselves any more. Needs a runtime.
    pub fn watch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
        })
    }
}

#[async_trait]
impl ShutdownSignalWatch for Stop {
    async fn recv(&self) -> ShutdownSignal {
        self.0.stop.notified().await;
        ShutdownSignal::GracefulTerminate
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
