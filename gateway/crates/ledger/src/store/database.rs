//! The pool of connections, to either database.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::address::PostgresAddress;
use super::session::{PgSession, Session};
use crate::{LedgerError, StoreError};

/// One writes at a time; the others read keys and spend.
const SQLITE_CONNECTIONS: u32 = 4;
/// Rows that a connection's thread may be ahead of who reads them.
const ROWS_BUFFERED: usize = 512;
/// How long a write waits for another process's.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a call waits for a connection to PostgreSQL before its key counts as unknowable.
const ACQUIRE_MAX: Duration = Duration::from_secs(2);

/// Text of `BEGIN` and of what follows it at once.
#[derive(Clone)]
struct Begin {
    read: &'static str,
    write: &'static str,
    migrate: &'static str,
    /// Makes the schema.
    make: Option<&'static str>,
}

/// Connections.
#[derive(Clone)]
pub(crate) struct Database(Kind);

#[derive(Clone)]
enum Kind {
    Sqlite(SqlitePool),
    Postgres { pool: PgPool, begin: Begin, pooled: bool },
}

// === impl Database ===

impl Database {
    /// Opens a file, made if need be.
    pub(crate) async fn sqlite(path: &Path) -> Result<Self, LedgerError> {
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
        let pool = SqlitePoolOptions::new().max_connections(SQLITE_CONNECTIONS);
        let pool = pool.connect_with(options).await;
        let pool = pool.map_err(|error| StoreError::Unavailable(error.into()))?;
        Ok(Self(Kind::Sqlite(pool)))
    }

    /// Prepares to connect; nothing is asked yet.
    pub(crate) fn postgres(address: &PostgresAddress) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(address.connections_max)
            .acquire_timeout(ACQUIRE_MAX)
            .connect_lazy_with((*address.options).clone());
        let begin = Begin::new(address);
        Self(Kind::Postgres { pool, begin, pooled: address.pooled })
    }

    /// A connection for one statement that reads, or several that need not agree.
    pub(crate) async fn session(&self) -> Result<Session, sqlx::Error> {
        match &self.0 {
            Kind::Sqlite(pool) => Ok(Session::Sqlite(pool.acquire().await?)),
            Kind::Postgres { pooled: true, .. } => self.snapshot().await,
            Kind::Postgres { pool, .. } => {
                Ok(Session::Postgres(PgSession::new(pool.acquire().await?, true)))
            }
        }
    }

    /// A transaction that sees the store as it is at one moment.
    pub(crate) async fn snapshot(&self) -> Result<Session, sqlx::Error> {
        match &self.0 {
            Kind::Sqlite(pool) => Ok(Session::SqliteIn(pool.begin().await?)),
            Kind::Postgres { pool, begin, pooled } => {
                let session = PgSession::new(pool.acquire().await?, !pooled);
                Ok(Session::Postgres(session.begin(begin.read).await?))
            }
        }
    }

    /// A transaction that writes: there is one at a time, in all processes.
    pub(crate) async fn write(&self) -> Result<Session, sqlx::Error> {
        match &self.0 {
            Kind::Sqlite(pool) => Ok(Session::SqliteIn(pool.begin_with("BEGIN IMMEDIATE").await?)),
            Kind::Postgres { pool, begin, pooled } => {
                let session = PgSession::new(pool.acquire().await?, !pooled);
                Ok(Session::Postgres(session.begin(begin.write).await?))
            }
        }
    }

    /// A transaction that writes, however long it takes and another one does.
    pub(crate) async fn migration(&self) -> Result<Session, sqlx::Error> {
        match &self.0 {
            Kind::Sqlite(_) => self.write().await,
            Kind::Postgres { pool, begin, pooled } => {
                let session = PgSession::new(pool.acquire().await?, !pooled).patient();
                let mut session = Session::Postgres(session.begin(begin.migrate).await?);
                if let Some(schema) = begin.make {
                    session.script(schema.into_sql_str()).await?;
                }
                Ok(session)
            }
        }
    }

    /// The pool of a PostgreSQL that keeps a connection's state between transactions.
    pub(crate) fn listenable(&self) -> Option<&PgPool> {
        match &self.0 {
            Kind::Postgres { pool, pooled: false, .. } => Some(pool),
            _ => None,
        }
    }

    /// Whether other machines may be on this store.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.0, Kind::Postgres { .. })
    }

    pub(crate) async fn close(&self) {
        match &self.0 {
            Kind::Sqlite(pool) => pool.close().await,
            Kind::Postgres { pool, .. } => pool.close().await,
        }
    }
}

// === impl Begin ===

/// The write lock ends with the transaction, so it works through poolers. Whoever stops in the
/// middle of a transaction must not stop everybody: the server ends it.
const WRITE: &str = "BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL statement_timeout = '20s'; \
     SET LOCAL idle_in_transaction_session_timeout = '10s'; \
     SELECT pg_advisory_xact_lock(7886165317201134437)";
const MIGRATE: &str = "BEGIN; SELECT pg_advisory_xact_lock(7886165317201134437)";
const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

impl Begin {
    fn new(address: &PostgresAddress) -> Self {
        let schema = address.schema.as_deref().filter(|_| address.pooled);
        let within = |begin: &'static str| match schema {
            None => begin,
            // Once per process: there is one schema.
            Some(schema) => String::leak(format!("{begin}; SET LOCAL search_path = {schema}")),
        };
        let make = address.schema.as_deref();
        let make =
            make.map(|schema| &*String::leak(format!("CREATE SCHEMA IF NOT EXISTS {schema}")));
        Self { read: within(READ), write: within(WRITE), migrate: within(MIGRATE), make }
    }
}
