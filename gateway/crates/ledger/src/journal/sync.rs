//! The thread that brings the journal to the disk, and opens a fresh segment after a failure.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Journal;

/// Long enough not to load a disk that is full, short enough that calls are soon taken again.
const REPAIR_INTERVAL: Duration = Duration::from_millis(200);

/// The thread; it stops when this is dropped.
pub(crate) struct Syncer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

// === impl Syncer ===

impl Syncer {
    /// Starts the thread for a journal, once.
    pub(crate) fn start(journal: &Arc<Journal>, interval: Duration) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::Builder::new().name("journal-fsync".into()).spawn({
            let (stop, journal) = (Arc::clone(&stop), Arc::clone(journal));
            move || run(&stop, &journal, interval)
        })?;
        journal.syncer.set(thread.thread().clone()).ok();
        // The first segment may have been written to before the thread was known.
        thread.thread().unpark();
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            thread.join().ok();
        }
    }
}

fn run(stop: &AtomicBool, journal: &Journal, interval: Duration) {
    while !stop.load(Ordering::Acquire) {
        // Woken by the first write since the last fsync: an idle gateway wakes nobody.
        thread::park();
        if !stop.load(Ordering::Acquire) && !journal.needs_repair() {
            thread::park_timeout(interval);
        }
        journal.sync();
        while journal.needs_repair() && !stop.load(Ordering::Acquire) {
            match journal.repair() {
                Ok(()) => log::warn!("journal: writing again, to a fresh segment"),
                Err(error) => {
                    log::error!("journal: still nothing can be written: {error}");
                    thread::park_timeout(REPAIR_INTERVAL);
                }
            }
        }
    }
}
