//! The append-only record of calls. What becomes of the records is the shipper's business.
//!
//! A record that was written survives `kill -9`, as the kernel has it; the fsync thread brings it
//! to the disk within an interval. If a write or an fsync fails, the segment is given up, calls
//! can no longer begin, and a fresh segment is tried until one opens.

pub(crate) mod format;
mod record;
pub(crate) mod segment;
mod sync;
pub(crate) mod tail;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;

use parking_lot::Mutex;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tollgate_domain::{CallId, Usage};

use self::format::{Draft, HEADER_BYTES, Hash, Kind};
pub use self::record::{Account, Opened, Service, Settled};
use self::segment::{Appended, Segment};
pub(crate) use self::sync::Syncer;
use crate::{JournalError, Neighbours};

/// Settled records that wait in memory while nothing can be written: some seconds of a busy
/// gateway, at about a kilobyte each. Beyond it they are lost, and each loss is logged.
const WAITING_MAX: usize = 16 * 1024;

/// The journal of this process.
pub struct Journal {
    dir: PathBuf,
    segment_bytes: u64,
    neighbours: Arc<Neighbours>,
    writer: Mutex<Writer>,
    /// Every segment of this process that still exists, oldest first.
    segments: Mutex<Vec<Arc<Segment>>>,
    /// The folder has an entry that is not on the disk yet.
    dir_dirty: AtomicBool,
    closed: AtomicBool,
    /// Something was settled.
    pub(crate) wake: Notify,
    syncer: OnceLock<Thread>,
}

#[derive(Default)]
struct Writer {
    /// None: the last write or fsync failed, or the journal is closed.
    current: Option<Arc<Segment>>,
    last: Hash,
    waiting: VecDeque<Waiting>,
}

struct Waiting {
    record: Vec<u8>,
    draft: Draft,
}

thread_local! {
    static RECORD: RefCell<Vec<u8>> = RefCell::new(Vec::with_capacity(4096));
}

// === impl Journal ===

impl Journal {
    /// Begins a segment in `dir`.
    pub(crate) fn create(
        dir: &Path,
        segment_bytes: u64,
        neighbours: Arc<Neighbours>,
    ) -> io::Result<Self> {
        let journal = Self {
            dir: dir.to_owned(),
            segment_bytes,
            neighbours,
            writer: Mutex::default(),
            segments: Mutex::default(),
            dir_dirty: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            wake: Notify::new(),
            syncer: OnceLock::new(),
        };
        {
            let mut writer = journal.writer.lock();
            writer.last = Sha256::digest(CallId::generate().as_bytes()).into();
            journal.begin_segment(&mut writer)?;
        }
        Ok(journal)
    }

    /// Writes that a call is about to reach its upstream. After an error it must not, and is
    /// settled as one that failed.
    ///
    /// # Errors
    ///
    /// The journal cannot be written: answer 503. Or another process's calls have taken the budget
    /// meanwhile: [`JournalError::OverBudget`].
    pub fn opened(&self, opened: &Opened) -> Result<(), JournalError> {
        self.write(Kind::Opened, opened.call, opened)?;
        self.neighbours.confirm(opened)
    }

    /// Writes what an open call has used so far.
    ///
    /// # Errors
    ///
    /// The journal cannot be written; the call may go on, unless it needs this on record.
    pub fn progress(&self, call: CallId, usage: &Usage) -> Result<(), JournalError> {
        self.write(Kind::Progress, call, usage)
    }

    /// Writes what a call cost.
    ///
    /// # Errors
    ///
    /// The journal cannot be written. After [`JournalError::Deferred`] the record is in memory
    /// and is written as soon as that works.
    pub fn settled(&self, settled: &Settled) -> Result<(), JournalError> {
        let result = self.write(Kind::Settled, settled.opened.call, settled);
        self.wake.notify_one();
        result
    }

    /// Whether calls can begin.
    pub fn is_writable(&self) -> bool {
        self.writer.lock().current.is_some()
    }

    fn write(
        &self,
        kind: Kind,
        call: CallId,
        payload: &impl Serialize,
    ) -> Result<(), JournalError> {
        RECORD.with_borrow_mut(|record| {
            let draft = format::draft(record, kind, call, payload)?;
            let mut writer = self.writer.lock();
            let Err(error) = self.append(&mut writer, record, &draft) else { return Ok(()) };
            let error = match kind {
                Kind::Settled => self.defer(&mut writer, std::mem::take(record), draft),
                Kind::Opened | Kind::Progress => error,
            };
            drop(writer);
            self.wake_syncer();
            Err(error)
        })
    }

    /// Appends a record to the current segment, or to a new one if that is full.
    fn append(
        &self,
        writer: &mut Writer,
        record: &mut Vec<u8>,
        draft: &Draft,
    ) -> Result<(), JournalError> {
        let end = writer.current.as_ref().ok_or(JournalError::Unavailable)?.end();
        if end > HEADER_BYTES && end + record.len() as u64 > self.segment_bytes {
            self.begin_segment(writer).inspect_err(|error| {
                log::error!("journal: {}: no new segment: {error}", self.dir.display());
            })?;
        }
        let segment = writer.current.as_ref().ok_or(JournalError::Unavailable)?;
        let hash = format::seal(record, draft, &writer.last);
        match segment.append(record) {
            Ok(Appended::FirstSinceSync) => self.wake_syncer(),
            Ok(Appended::More) => {}
            Err(error) => {
                log::error!("journal: {}: {error}", segment.path.display());
                writer.current = None;
                format::unseal(record);
                return Err(JournalError::Write(error));
            }
        }
        writer.last = hash;
        Ok(())
    }

    fn defer(&self, writer: &mut Writer, record: Vec<u8>, draft: Draft) -> JournalError {
        if writer.waiting.len() >= WAITING_MAX || self.closed.load(Ordering::Acquire) {
            log::error!("journal: a settled call is lost: nothing can be written");
            return JournalError::Unavailable;
        }
        writer.waiting.push_back(Waiting { record, draft });
        JournalError::Deferred
    }

    /// Ends the current segment and begins another. After an error there is none.
    fn begin_segment(&self, writer: &mut Writer) -> io::Result<()> {
        if let Some(full) = writer.current.take() {
            full.seal();
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(io::Error::other("the journal is closed"));
        }
        // Another process that cleans up can take the unnamed file away; once is bad luck enough.
        let create = || Segment::create(&self.dir, self.neighbours.name_own(), writer.last);
        let segment = Arc::new(create().or_else(|_| create())?);
        self.segments.lock().push(Arc::clone(&segment));
        writer.current = Some(segment);
        self.dir_dirty.store(true, Ordering::Release);
        Ok(())
    }

    /// Opens a fresh segment after a failure, and writes what waits.
    fn repair(&self) -> Result<(), JournalError> {
        let mut writer = self.writer.lock();
        if writer.current.is_none() {
            self.begin_segment(&mut writer)?;
        }
        while let Some(mut waiting) = writer.waiting.pop_front() {
            let written = self.append(&mut writer, &mut waiting.record, &waiting.draft);
            if let Err(error) = written {
                writer.waiting.push_front(waiting);
                return Err(error);
            }
        }
        self.wake.notify_one();
        Ok(())
    }

    fn needs_repair(&self) -> bool {
        let writer = self.writer.lock();
        let broken = writer.current.is_none() || !writer.waiting.is_empty();
        broken && !self.closed.load(Ordering::Acquire)
    }

    /// Gives a segment up, as what was written to it may not be safe.
    pub(crate) fn abandon(&self, segment: &Segment) {
        segment.seal();
        self.writer.lock().current = None;
        self.wake_syncer();
    }

    /// Brings everything to the disk.
    pub(crate) fn sync(&self) {
        let segments = self.segments();
        for segment in segments {
            if let Err(error) = segment.sync() {
                log::error!("journal: fsync of {}: {error}", segment.path.display());
                self.abandon(&segment);
            }
        }
        if self.dir_dirty.swap(false, Ordering::AcqRel)
            && let Err(error) = std::fs::File::open(&self.dir).and_then(|dir| dir.sync_all())
        {
            log::error!("journal: fsync of {}: {error}", self.dir.display());
        }
    }

    /// The segments of this process, oldest first.
    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.lock().clone()
    }

    /// Drops a segment whose file is gone.
    pub(crate) fn drop_segment(&self, segment: &Arc<Segment>) {
        self.segments.lock().retain(|held| !Arc::ptr_eq(held, segment));
    }

    /// Writes nothing more.
    pub(crate) fn close(&self) {
        if self.needs_repair()
            && let Err(error) = self.repair()
        {
            log::error!("journal: what waits in memory is lost: {error}");
        }
        self.closed.store(true, Ordering::Release);
        if let Some(segment) = self.writer.lock().current.take() {
            segment.seal();
        }
        self.sync();
    }

    /// Gives up the locks of all segments: to other processes this one is gone. It must be closed.
    pub(crate) fn let_go(&self) {
        self.segments.lock().clear();
    }

    fn wake_syncer(&self) {
        if let Some(thread) = self.syncer.get() {
            thread.unpark();
        }
    }
}
