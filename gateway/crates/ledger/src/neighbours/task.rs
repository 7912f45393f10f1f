//! The task that keeps up with other processes.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time;

use super::Neighbours;
use crate::shipper::PATROL;
use crate::store::stream::Rows;
use crate::{LedgerError, StoreError};

/// How often others are looked at while there are any; while there are none, at each patrol.
const FOLLOW: Duration = Duration::from_millis(50);
/// How often the rows of gateways with other data folders are read.
const ROWS: Duration = Duration::from_secs(1);

/// The task; it stops when this is dropped.
pub(crate) struct Follower(JoinHandle<()>);

// === impl Follower ===

impl Follower {
    /// Reads what others have open now, and goes on from there on the current runtime.
    pub(crate) async fn start(neighbours: &Arc<Neighbours>) -> Result<Self, LedgerError> {
        neighbours.begin().await?;
        let neighbours = Arc::clone(neighbours);
        Ok(Self(tokio::spawn(async move {
            loop {
                time::sleep(neighbours.pause()).await;
                while neighbours.step().await {}
            }
        })))
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

// === impl Neighbours ===

impl Neighbours {
    /// Reads the segments of others for the first time. What has a row already is in the spend of
    /// its key, and no key was read yet.
    async fn begin(self: &Arc<Self>) -> Result<(), LedgerError> {
        let place = self.store.last_place().await?;
        self.state.lock().book.begin(place);
        let files = |source| LedgerError::Files { path: self.dir.clone(), source };
        if self.look_aside().await.map_err(files)? {
            let calls = self.state.lock().book.calls();
            let stored = self.store.stored_among(&calls, place).await?;
            self.state.lock().book.forget_stored(&stored, &*self.budgets);
        }
        Ok(())
    }

    fn pause(&self) -> Duration {
        match (self.any(), self.store.is_shared()) {
            (true, _) => FOLLOW,
            (false, true) => ROWS,
            (false, false) => PATROL,
        }
    }

    /// Applies what others have written and shipped until now; says whether there is more. While
    /// the store is away, what they have written counts all the same.
    pub(super) async fn step(self: &Arc<Self>) -> bool {
        let (from, gone) = {
            let state = self.state.lock();
            let gone = state.followed.iter().filter(|followed| followed.gone);
            (state.book.place(), gone.map(|followed| followed.id).collect::<Vec<_>>())
        };
        let rows = self.store.rows_after(from).await;
        if let Err(error) = self.look_aside().await {
            log::error!("journal: other processes cannot be seen: {error}");
            return false;
        }
        let Rows { rows, more } = match rows {
            Ok(rows) => rows,
            Err(error) => {
                // That the store does not answer was said already, as its health.
                if !matches!(error, StoreError::Unavailable(_)) {
                    log::error!("journal: rows of others cannot be read: {error}");
                }
                return false;
            }
        };
        let mut state = self.state.lock();
        state.book.apply(rows, &*self.budgets);
        // Their files were gone before the rows were read, and rows come before that.
        for id in gone.into_iter().filter(|_| !more) {
            state.followed.retain(|followed| followed.id != id);
            state.book.end_segment(id, &*self.budgets);
        }
        drop(state);
        more
    }
}
