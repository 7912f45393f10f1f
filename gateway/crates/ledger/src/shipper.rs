//! Moves settled calls from the journal to the store, in batches, each exactly once.
//!
//! One task: it sleeps until something settles, gathers for a moment, then reads every segment of
//! this process from where it stopped. Segments of dead processes come the same way, in
//! [`recovery`]. While the store is down it tries again and again; the journal grows meanwhile.

pub(crate) mod open;
pub(crate) mod recovery;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{self, Instant};

use self::open::OpenCalls;
use self::recovery::{Recovered, Recovery};
use crate::journal::Journal;
use crate::journal::tail::{Entry, ReadEnd, Tail};
use crate::{Neighbours, Settled};

/// Records in one transaction: enough that its fsync costs each little, few enough that keys can
/// be changed in between.
pub(crate) const BATCH_MAX: usize = 500;
/// How long the first settled call of a batch waits for others.
const GATHER: Duration = Duration::from_millis(50);
/// How often to look for segments of processes that died, and whether the store answers.
pub(crate) const PATROL: Duration = Duration::from_secs(2);
const RETRY_MIN: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// How long closing waits for a store that does not answer; the journal keeps the rest.
const CLOSING_MAX: Duration = Duration::from_secs(5);
/// Flushes that wait at once; more wait for a place.
const COMMANDS_MAX: usize = 64;

/// A handle on the task.
pub(crate) struct Shipper {
    flushes: mpsc::Sender<oneshot::Sender<()>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

struct Task {
    recovery: Recovery,
    journal: Arc<Journal>,
    neighbours: Arc<Neighbours>,
    tails: Vec<Tail>,
    open: OpenCalls,
}

/// The runtime ends: nothing more can be read.
struct Stopped;

/// Reads a part of a segment on a thread that may block.
pub(crate) async fn read(
    mut tail: Tail,
    count_max: usize,
    until: u64,
) -> io::Result<(Tail, io::Result<(Vec<Entry>, ReadEnd)>)> {
    let read = move || {
        let result = tail.read(count_max, until);
        (tail, result)
    };
    tokio::task::spawn_blocking(read).await.map_err(io::Error::other)
}

/// Asks the task to ship at once.
pub(crate) struct Flusher(mpsc::Sender<oneshot::Sender<()>>);

// === impl Flusher ===

impl Flusher {
    /// Waits until everything that is in the journal now is in the store.
    pub(crate) async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.0.send(done).await.is_ok() {
            wait.await.ok();
        }
    }
}

// === impl Shipper ===

impl Shipper {
    /// Starts the task on the current runtime.
    pub(crate) fn start(
        recovery: Recovery,
        journal: &Arc<Journal>,
        neighbours: &Arc<Neighbours>,
    ) -> Self {
        let (flushes, waiting) = mpsc::channel(COMMANDS_MAX);
        let (stop, stopped) = watch::channel(false);
        let task = Task {
            recovery,
            journal: Arc::clone(journal),
            neighbours: Arc::clone(neighbours),
            tails: Vec::new(),
            open: OpenCalls::default(),
        };
        Self { flushes, stop, task: tokio::spawn(task.run(waiting, stopped)) }
    }

    /// Asks the task to ship at once.
    pub(crate) fn flusher(&self) -> Flusher {
        Flusher(self.flushes.clone())
    }

    /// Ships what is left and ends the task; gives up on a store that does not answer.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if time::timeout(CLOSING_MAX, &mut self.task).await.is_err() {
            log::error!("journal: the store does not answer: the rest is shipped at next start");
        }
    }
}

impl Drop for Shipper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

// === impl Task ===

impl Task {
    async fn run(
        mut self,
        mut flushes: mpsc::Receiver<oneshot::Sender<()>>,
        mut stop: watch::Receiver<bool>,
    ) {
        let journal = Arc::clone(&self.journal);
        let mut patrol = time::interval(PATROL);
        patrol.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
        patrol.reset();
        let mut gathered: Option<Instant> = None;
        loop {
            let ready = gathered.unwrap_or_else(Instant::now);
            tokio::select! {
                _ = stop.changed() => break,
                Some(done) = flushes.recv() => {
                    gathered = None;
                    if self.pass().await.is_ok() {
                        done.send(()).ok();
                    }
                }
                () = journal.wake.notified(), if gathered.is_none() => {
                    gathered = Some(Instant::now() + GATHER);
                }
                () = time::sleep_until(ready), if gathered.is_some() => {
                    gathered = None;
                    self.pass().await.ok();
                }
                _ = patrol.tick() => self.patrol().await,
            }
        }
        self.pass().await.ok();
    }

    async fn patrol(&self) {
        self.recovery.store.ping().await;
        match self.recovery.run().await {
            Ok(Recovered::Done | Recovered::Busy) => {}
            Err(error) => log::error!("journal: recovery stops and is tried again: {error}"),
        }
    }

    /// Ships what every segment holds at this moment.
    async fn pass(&mut self) -> Result<(), Stopped> {
        for segment in self.journal.segments() {
            if !self.tails.iter().any(|tail| Arc::ptr_eq(&tail.segment, &segment)) {
                self.tails.push(Tail::new(segment));
            }
        }
        let mut shipped = Vec::new();
        for mut tail in std::mem::take(&mut self.tails) {
            let until = tail.segment.end();
            while tail.position.offset < until && !tail.given_up {
                let (returned, end) = self.step(tail, until).await?;
                tail = returned;
                if let ReadEnd::Torn { .. } | ReadEnd::Damaged { .. } = end {
                    let path = tail.segment.path.display();
                    log::error!("journal: {path}: {end:?} at {}", tail.position.offset);
                    self.journal.abandon(&tail.segment);
                    tail.given_up = true;
                }
            }
            shipped.push(tail);
        }
        // Only now: a call opened in one segment may have settled in a later one.
        for tail in shipped {
            if !self.retire(&tail).await {
                self.tails.push(tail);
            }
        }
        Ok(())
    }

    /// Deletes a segment that nobody needs any more; says whether it did.
    async fn retire(&self, tail: &Tail) -> bool {
        let segment = &tail.segment;
        let id = segment.header.id;
        if !tail.is_finished() || self.open.has_segment(id) {
            return false;
        }
        if self.recovery.store.delete_position(id).await.is_err() {
            return false;
        }
        if let Err(error) = segment.remove() {
            log::error!("journal: cannot delete {}: {error}", segment.path.display());
        }
        self.journal.drop_segment(segment);
        true
    }

    async fn step(&mut self, tail: Tail, until: u64) -> Result<(Tail, ReadEnd), Stopped> {
        let (tail, result) = read(tail, BATCH_MAX, until).await.map_err(|_| Stopped)?;
        let (entries, end) = match result {
            Ok(read) => read,
            Err(error) => {
                log::error!("journal: {}: {error}", tail.segment.path.display());
                (Vec::new(), ReadEnd::Damaged { reason: "it cannot be read" })
            }
        };
        let calls = self.open.follow(tail.segment.header.id, entries);
        if !calls.is_empty() {
            self.store(&calls, &tail).await;
        }
        Ok((tail, end))
    }

    /// Puts calls into the store, however long it takes.
    async fn store(&self, calls: &[Settled], tail: &Tail) {
        let position = (tail.segment.header.id, tail.position);
        let mut wait = RETRY_MIN;
        self.neighbours.shipping(calls);
        loop {
            match self.recovery.store.ship(calls, Some(position)).await {
                Ok(inserted) => return self.neighbours.shipped(calls, inserted),
                Err(error) => {
                    log::debug!("journal: {} calls wait for the store: {error}", calls.len());
                }
            }
            time::sleep(wait).await;
            wait = (wait * 2).min(RETRY_MAX);
        }
    }
}
