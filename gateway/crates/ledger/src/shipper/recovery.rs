//! Ships what dead processes left in the journal, and ends their open calls.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use super::open::OpenCalls;
use super::{BATCH_MAX, read};
use crate::journal::segment::{Adopted, Segment, adopt_all};
use crate::journal::tail::{ReadEnd, Tail};
use crate::store::Store;
use crate::{LedgerError, PriceInterrupted};

/// What recovery needs.
#[derive(Clone)]
pub(crate) struct Recovery {
    pub(crate) store: Store,
    pub(crate) dir: Arc<Path>,
    pub(crate) price: PriceInterrupted,
}

/// What became of the segments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Recovered {
    /// All that could be held are shipped.
    Done,
    /// Another process is at it.
    Busy,
}

/// A segment that was read to its end.
struct Shipped {
    segment: Arc<Segment>,
    damaged: bool,
}

// === impl Recovery ===

impl Recovery {
    /// Ships every segment whose lock is free. Only one process does this at a time: a call may
    /// have been opened in one segment and settled in another, so they must be read together.
    pub(crate) async fn run(&self) -> Result<Recovered, LedgerError> {
        let dir = Arc::clone(&self.dir);
        let found = tokio::task::spawn_blocking(move || hold(&dir)).await;
        let found = found.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        let files = |source| LedgerError::Files { path: self.dir.to_path_buf(), source };
        let Some((lock, found)) = found.map_err(files)? else { return Ok(Recovered::Busy) };
        let mut open = OpenCalls::default();
        let mut shipped = Vec::new();
        for adopted in found {
            match adopted {
                Adopted::Segment(segment) => {
                    shipped.push(self.ship(Tail::new(Arc::new(segment)), &mut open).await?);
                }
                Adopted::Damaged(path) => {
                    log::error!("journal: {}: no readable header: kept aside", path.display());
                }
                Adopted::Busy => {}
            }
        }
        let died_at = shipped.iter().map(|shipped| shipped.segment.written_at()).max();
        let interrupted = open.interrupt(died_at.unwrap_or_default(), &self.price);
        for calls in interrupted.chunks(BATCH_MAX) {
            let count = self.store.ship(calls, None).await?.count;
            log::warn!("journal: {count} calls were interrupted by the end of their process");
        }
        for Shipped { segment, damaged } in shipped {
            self.store.delete_position(segment.header.id).await?;
            let done = if damaged { segment.set_aside() } else { segment.remove() };
            done.map_err(files)?;
        }
        drop(lock);
        Ok(Recovered::Done)
    }

    async fn ship(&self, mut tail: Tail, open: &mut OpenCalls) -> Result<Shipped, LedgerError> {
        let path = tail.segment.path.clone();
        let files = |source| LedgerError::Files { path: path.clone(), source };
        tail = self.fast_forward(tail, open).await?;
        loop {
            let (returned, result) = read(tail, BATCH_MAX, u64::MAX).await.map_err(files)?;
            tail = returned;
            let (entries, end) = result.map_err(files)?;
            let (segment, position) = (&tail.segment, tail.position);
            let calls = open.follow(segment.header.id, entries);
            if !calls.is_empty() {
                self.store.ship(&calls, Some((segment.header.id, position))).await?;
            }
            let (path, offset) = (path.display(), position.offset);
            match end {
                ReadEnd::More => continue,
                ReadEnd::CaughtUp => {}
                ReadEnd::Torn { bytes } => {
                    log::warn!("journal: {path}: cut {bytes} bytes of a torn record at {offset}");
                    segment.truncate(offset).map_err(files)?;
                }
                ReadEnd::Damaged { reason } => {
                    log::error!("journal: {path}: damaged at {offset}: {reason}: kept aside");
                    return Ok(Shipped { segment: Arc::clone(segment), damaged: true });
                }
            }
            return Ok(Shipped { segment: Arc::clone(segment), damaged: false });
        }
    }

    /// Skips what was shipped before, but follows which calls it left open. A position that does
    /// not fit the file is not believed: rows that are there already are not inserted twice.
    async fn fast_forward(&self, tail: Tail, open: &mut OpenCalls) -> Result<Tail, LedgerError> {
        let id = tail.segment.header.id;
        let path = tail.segment.path.clone();
        let files = |source| LedgerError::Files { path: path.clone(), source };
        let Some(wanted) = self.store.find_position(id).await? else { return Ok(tail) };
        let mut tail = tail;
        loop {
            let before = tail.position.offset;
            let (returned, result) = read(tail, BATCH_MAX, wanted.offset).await.map_err(files)?;
            tail = returned;
            let (entries, _) = result.map_err(files)?;
            open.follow(id, entries);
            if tail.position == wanted {
                return Ok(tail);
            }
            if tail.position.offset == before {
                log::error!("journal: {}: shipped position does not fit", path.display());
                open.forget_segment(id);
                tail.rewind();
                return Ok(tail);
            }
        }
    }
}

/// Takes the recovery lock and every free segment; none: another process has the lock.
fn hold(dir: &Path) -> io::Result<Option<(File, Vec<Adopted>)>> {
    let mut options = OpenOptions::new();
    let lock = options.append(true).create(true).mode(0o600).open(dir.join("recovery.lock"))?;
    match lock.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(None),
        other => other?,
    }
    let segments = adopt_all(dir)?;
    Ok(Some((lock, segments)))
}
