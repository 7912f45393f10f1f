//! Other live processes on the same folder, as during a binary upgrade: what their calls hold and
//! spend counts against the budgets of this one.
//!
//! Two sources say what they do. Their segments are read as they grow, and tell of reservations
//! and of ends at once. The store's rows, in the order in which they came, tell of every end,
//! whoever shipped it, once. A call counts at the first of the two; [`book`] keeps them apart.
//!
//! One rule makes that exact: rows are fetched first, then the segments are read to their ends, and
//! only then the rows are applied. A row is younger than the record that it was made of, so that
//! record, if it is still in the folder, has been read when its row is applied, and never after.

mod book;
mod task;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tollgate_domain::{KeyHash, NanoUsd};
use uuid::Uuid;

use self::book::Book;
pub(crate) use self::task::Follower;
use crate::journal::segment::{self, Segment};
use crate::journal::tail::{ReadEnd, Tail};
use crate::shipper::BATCH_MAX;
use crate::store::stream::Rows;
use crate::store::{Inserted, Store};
use crate::{Budgets, JournalError, Opened, Settled, StoreError, StoredKey};

/// The other processes on this folder.
pub struct Neighbours {
    dir: PathBuf,
    store: Store,
    budgets: Arc<dyn Budgets>,
    /// Every segment that this process ever made: never read as another's.
    own: Mutex<HashSet<Uuid>>,
    /// Whether segments of others are followed.
    any: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    followed: Vec<Followed>,
    book: Book,
}

/// A segment of another process.
struct Followed {
    id: Uuid,
    tail: Tail,
    /// The file has no name any more, and was read to its end since.
    gone: bool,
}

// === impl Neighbours ===

impl Neighbours {
    pub(crate) fn new(dir: &Path, store: Store, budgets: Arc<dyn Budgets>) -> Self {
        Self {
            dir: dir.to_owned(),
            store,
            budgets,
            own: Mutex::default(),
            any: AtomicBool::new(false),
            state: Mutex::default(),
        }
    }

    /// Whether another process was on this folder when it was last looked at.
    pub fn any(&self) -> bool {
        self.any.load(Ordering::Acquire)
    }

    /// Looks for other processes and reads all that they have written until now; says whether
    /// there are any. Reads files, but of a neighbour that is known only what is new.
    ///
    /// # Errors
    ///
    /// The folder or a segment cannot be read.
    pub fn look(&self) -> io::Result<bool> {
        let mut state = self.state.lock();
        for (id, path) in segment::find_all(&self.dir)? {
            if state.followed.iter().any(|followed| followed.id == id)
                || self.own.lock().contains(&id)
            {
                continue;
            }
            if let Some(segment) = Segment::watch(path)? {
                let tail = Tail::new(Arc::new(segment));
                state.followed.push(Followed { id, tail, gone: false });
            }
        }
        let State { followed, book } = &mut *state;
        for followed in followed.iter_mut() {
            followed.read(book, &*self.budgets)?;
        }
        self.any.store(!followed.is_empty(), Ordering::Release);
        Ok(!followed.is_empty())
    }

    /// Names a segment that this process is about to make.
    pub(crate) fn name_own(&self) -> Uuid {
        let id = Uuid::now_v7();
        self.own.lock().insert(id);
        id
    }

    /// Whether a call that is in the journal now still fits its budget. Of two processes that take
    /// the last of a budget at once, each writes before it looks; so one of them sees the other.
    pub(crate) fn confirm(&self, opened: &Opened) -> Result<(), JournalError> {
        if opened.reserved == NanoUsd::ZERO || !self.any() {
            return Ok(());
        }
        self.look().map_err(JournalError::Neighbours)?;
        if self.budgets.fits(opened.call) { Ok(()) } else { Err(JournalError::OverBudget) }
    }

    /// Reads a key and seeds its budget: what the store's rows up to this moment cost, and what
    /// others have settled that has no row yet.
    pub(crate) async fn load(
        self: &Arc<Self>,
        hash: KeyHash,
    ) -> Result<Option<StoredKey>, StoreError> {
        loop {
            let from = self.state.lock().book.place();
            let Some((key, Rows { rows, more })) = self.store.find_key_and_rows(hash, from).await?
            else {
                return Ok(None);
            };
            if more {
                // So many that they are taken in pieces, before the key is read again.
                self.step().await;
                continue;
            }
            let read_to = rows.last().map_or(from, |row| row.place);
            let looked = self.look_aside().await;
            looked.map_err(|error| StoreError::Unavailable(error.into()))?;
            let mut state = self.state.lock();
            // Otherwise the key may have missed rows that came after it was read.
            if state.book.last_foreign() <= read_to {
                state.book.apply(rows, &*self.budgets);
                let unshipped = state.book.unshipped(&hash.to_string());
                self.budgets.seed(hash, key.spend.saturating_add(unshipped));
                return Ok(Some(key));
            }
        }
    }

    /// These calls of this process are about to have rows, which are not news.
    pub(crate) fn shipping(&self, calls: &[Settled]) {
        self.state.lock().book.shipping(calls);
    }

    /// They have them.
    pub(crate) fn shipped(&self, calls: &[Settled], inserted: Inserted) {
        self.state.lock().book.shipped(calls, inserted);
    }

    /// [`Self::look`] on a thread that may block.
    async fn look_aside(self: &Arc<Self>) -> io::Result<bool> {
        let this = Arc::clone(self);
        let looked = tokio::task::spawn_blocking(move || this.look()).await;
        looked.unwrap_or_else(|panic| Err(io::Error::other(panic)))
    }
}

// === impl Followed ===

impl Followed {
    /// Reads whole records until there are no more. Where another process is just writing, or a
    /// file is damaged, it stops and looks again next time.
    fn read(&mut self, book: &mut Book, budgets: &dyn Budgets) -> io::Result<()> {
        // Before it is read: nothing is written to a file once its name is gone.
        let gone = !self.tail.segment.path.try_exists()?;
        self.tail.segment.refresh()?;
        loop {
            let (entries, end) = self.tail.read(BATCH_MAX, u64::MAX)?;
            let more = matches!(end, ReadEnd::More) && !entries.is_empty();
            book.follow(self.id, entries, budgets);
            if !more {
                break;
            }
        }
        self.gone = gone;
        Ok(())
    }
}
