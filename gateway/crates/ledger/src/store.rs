//! The store: SQL in one place per concern, and whether it answers.

mod address;
mod batch;
mod calls;
pub(crate) mod changes;
mod check;
mod daily;
mod database;
mod keys;
mod migration;
mod positions;
mod reprice;
mod retention;
mod session;
pub(crate) mod stream;
mod value;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time;
use tollgate_domain::{UnixMillis, unix_now};

pub use self::address::{AddressError, Database, PostgresAddress};
pub(crate) use self::calls::Inserted;
use self::calls::PluginSets;
pub use self::calls::SpendPages;
pub(crate) use self::check::Checked;
pub use self::daily::{DailyFilter, DailyRow, DayField};
pub use self::migration::Migrated;
pub(crate) use self::reprice::Priced;
use self::session::Session;
use crate::{LedgerError, StoreError};

/// How long connections are waited for at the end.
const CLOSING_MAX: Duration = Duration::from_secs(5);
/// While PostgreSQL is away, how long after a vain attempt the next one is made: calls in between
/// need not wait to hear the same.
const ABSENT_FOR: Duration = Duration::from_millis(500);

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
    database: database::Database,
    /// This data folder's name among those that share the store.
    replica: Arc<str>,
    plugins: Arc<Mutex<PluginSets>>,
    /// 0: it answers.
    unavailable_since: Arc<AtomicU64>,
    /// When it could not be reached the last time; 0: it can be.
    unreachable_at: Arc<AtomicU64>,
}

// === impl Store ===

impl Store {
    /// Opens the database, made if need be, and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// It cannot be reached, or its schema is newer than this program.
    pub(crate) async fn open(
        which: &Database,
        data_dir: &Path,
        replica: &str,
    ) -> Result<(Self, Migrated), LedgerError> {
        let database = match which {
            Database::Sqlite(path) => {
                let path = path.clone().unwrap_or_else(|| data_dir.join("tollgate.db"));
                database::Database::sqlite(&path).await?
            }
            Database::Postgres(address) => database::Database::postgres(address),
        };
        let migrated = migration::run(&database).await?;
        let store = Self {
            database,
            replica: replica.into(),
            plugins: Arc::default(),
            unavailable_since: Arc::default(),
            unreachable_at: Arc::default(),
        };
        Ok((store, migrated))
    }

    pub(crate) fn state(&self) -> StoreState {
        match self.unavailable_since.load(Ordering::Relaxed) {
            0 => StoreState::Connected,
            since => StoreState::Unavailable { since },
        }
    }

    /// Whether other machines may be on this store.
    pub(crate) fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    /// Asks the store for nothing, to see whether it answers.
    pub(crate) async fn ping(&self) {
        self.unreachable_at.store(0, Ordering::Relaxed);
        let Ok(mut session) = self.read().await else { return };
        let answer = session.row("SELECT count(*) AS segments FROM journal_positions", &[]).await;
        if self.track(answer).is_ok() {
            session.done().await;
        }
    }

    pub(crate) async fn close(&self) {
        // A server that hangs is not waited for: what was done is committed.
        if time::timeout(CLOSING_MAX, self.database.close()).await.is_err() {
            log::warn!("store: it does not take leave");
        }
    }

    /// A connection for one statement that reads.
    async fn read(&self) -> Result<Session, StoreError> {
        self.reach(async || self.database.session().await).await
    }

    /// A transaction that sees the store as it is at one moment.
    async fn snapshot(&self) -> Result<Session, StoreError> {
        self.reach(async || self.database.snapshot().await).await
    }

    /// A transaction that writes, while nobody else does.
    async fn write(&self) -> Result<Session, StoreError> {
        self.reach(async || self.database.write().await).await
    }

    async fn reach(
        &self,
        connect: impl AsyncFnOnce() -> Result<Session, sqlx::Error>,
    ) -> Result<Session, StoreError> {
        let absent_at = self.unreachable_at.load(Ordering::Relaxed);
        let until = absent_at.saturating_add(ABSENT_FOR.as_millis() as u64);
        // A clock that was set back must not make this last.
        if absent_at != 0 && (absent_at..until).contains(&unix_now()) {
            return self.track(Err(sqlx::Error::PoolTimedOut));
        }
        let session = connect().await;
        let absent = session.is_err() && self.is_shared();
        let now = if absent { unix_now().max(1) } else { 0 };
        self.unreachable_at.store(now, Ordering::Relaxed);
        self.track(session)
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

/// The start of a text, of at most so many bytes.
fn clip(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}
