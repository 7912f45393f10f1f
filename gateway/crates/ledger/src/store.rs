//! The store: SQL in one place per concern, and whether it answers.

mod calls;
mod keys;
mod positions;
pub(crate) mod stream;

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(crate) use self::calls::Inserted;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tollgate_domain::{UnixMillis, unix_now};

use crate::{LedgerError, StoreError};

/// One writes at a time; the others read keys and spend.
const CONNECTIONS_MAX: u32 = 4;
/// Rows that a connection's thread may be ahead of who reads them.
const ROWS_BUFFERED: usize = 512;
/// How long a write waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether the store answers, as the last query saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreState {
    /// It does.
    Connected,
    /// It does not.
    Unavailable {
        /// Since the first query that failed.
        since: UnixMillis,
    },
}

/// A handle on the store.
#[derive(Clone)]
pub(crate) struct Store {
    pool: SqlitePool,
    /// 0: it answers.
    unavailable_since: Arc<AtomicU64>,
}

// === impl Store ===

impl Store {
    /// Opens the database, made if need be, and brings its schema up to date. The caller holds the
    /// lock that keeps other processes from doing the same.
    pub(crate) async fn open(path: &Path) -> Result<Self, LedgerError> {
        // Made here, not by SQLite, so that nobody else may read it.
        let created = OpenOptions::new().append(true).create(true).mode(0o600).open(path);
        created.map_err(|source| LedgerError::Files { path: path.to_owned(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            // A segment of the journal is deleted once it is shipped, so a commit must be on disk.
            .synchronous(SqliteSynchronous::Full)
            // A batch's answer fits: the connection's thread is not stopped in the middle of it.
            .row_buffer_size(ROWS_BUFFERED)
            .busy_timeout(BUSY_TIMEOUT);
        let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS_MAX);
        let pool = pool.connect_with(options).await;
        let pool = pool.map_err(|error| StoreError::Unavailable(error.into()))?;
        let migrated = sqlx::migrate!("./migrations").run(&pool).await;
        migrated.map_err(|error| LedgerError::Migration(error.into()))?;
        Ok(Self { pool, unavailable_since: Arc::default() })
    }

    pub(crate) fn state(&self) -> StoreState {
        match self.unavailable_since.load(Ordering::Relaxed) {
            0 => StoreState::Connected,
            since => StoreState::Unavailable { since },
        }
    }

    /// Asks the store for nothing, to see whether it answers.
    pub(crate) async fn ping(&self) {
        let answer = sqlx::query("SELECT count(*) FROM journal_positions").fetch_one(&self.pool);
        self.track(answer.await).ok();
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Notes what a query says of the store's health.
    fn track<T>(&self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        match result {
            Ok(value) => {
                if self.unavailable_since.swap(0, Ordering::Relaxed) != 0 {
                    log::warn!("store: it answers again");
                }
                Ok(value)
            }
            Err(error) => {
                let since = &self.unavailable_since;
                let first = since.compare_exchange(
                    0,
                    unix_now().max(1),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
                if first.is_ok() {
                    log::error!("store: it does not answer: {error}");
                }
                Err(StoreError::Unavailable(error.into()))
            }
        }
    }
}

/// A number as the store keeps it; one that does not fit becomes the largest that does.
fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was stored; a negative one becomes 0.
fn number(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}
