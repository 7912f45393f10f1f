//! One connection to either database, in a transaction or not.

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgQueryResult, Postgres};
use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr, Transaction};
use tokio::time;

use super::value::{Row, Sql, Value, bind_postgres, bind_sqlite};

/// The longest that PostgreSQL may take to answer. Only then a connection to a machine that is
/// gone without a word is given up.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// The longest that a migration may take, or the one that another process makes.
const WORK_MAX: Duration = Duration::from_secs(6 * 3_600);

/// A connection, for as long as it is borrowed from the pool. A transaction that is not committed
/// is rolled back.
pub(crate) enum Session {
    Sqlite(PoolConnection<Sqlite>),
    SqliteIn(Transaction<'static, Sqlite>),
    Postgres(PgSession),
}

/// A connection to PostgreSQL. One that is dropped in the middle of something is closed: nobody
/// waits for a server that does not answer, and the server rolls back.
pub(crate) struct PgSession {
    connection: Option<PoolConnection<Postgres>>,
    in_transaction: bool,
    busy: bool,
    /// Whether statements are kept prepared between uses.
    prepared: bool,
    patience: Duration,
}

// === impl Session ===

impl Session {
    /// All rows of an answer.
    pub(crate) async fn rows(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, sqlx::Error> {
        let sql = sql.into();
        let text = if let Self::Postgres(_) = self { sql.postgres } else { sql.sqlite };
        self.rows_text(text.into_sql_str(), values).await
    }

    /// All rows of an answer to a statement that was put together.
    pub(crate) async fn rows_of(
        &mut self,
        sql: String,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, sqlx::Error> {
        self.rows_text(AssertSqlSafe(sql).into_sql_str(), values).await
    }

    async fn rows_text(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlite_rows(connection, sql, values).await,
            Self::SqliteIn(transaction) => sqlite_rows(transaction, sql, values).await,
            Self::Postgres(session) => session.rows(sql, values).await,
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn row(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, sqlx::Error> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Runs a statement; gives how many rows it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Sql>,
        values: &[Value<'_>],
    ) -> Result<u64, sqlx::Error> {
        let sql = sql.into();
        let text = if let Self::Postgres(_) = self { sql.postgres } else { sql.sqlite };
        self.execute_text(text.into_sql_str(), values).await
    }

    /// Runs a statement of this database's.
    pub(crate) async fn execute_text(
        &mut self,
        sql: SqlStr,
        values: &[Value<'_>],
    ) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlite_execute(connection, sql, values).await,
            Self::SqliteIn(transaction) => sqlite_execute(transaction, sql, values).await,
            Self::Postgres(session) => session.execute(sql, values).await,
        }
    }

    /// Runs statements that have no parameters, as many as the text holds.
    pub(crate) async fn script(&mut self, sql: SqlStr) -> Result<(), sqlx::Error> {
        let script = sqlx::raw_sql(sql);
        match self {
            Self::Sqlite(connection) => script.execute(&mut **connection).await.map(drop),
            Self::SqliteIn(transaction) => script.execute(&mut **transaction).await.map(drop),
            Self::Postgres(session) => {
                let done = session.answer(async |connection| script.execute(connection).await);
                done.await.map(drop)
            }
        }
    }

    /// Waits for answers as long as work on a large table takes.
    pub(crate) fn patient(self) -> Self {
        match self {
            Self::Postgres(session) => Self::Postgres(session.patient()),
            sqlite => sqlite,
        }
    }

    /// Makes what was done in the transaction last.
    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::SqliteIn(transaction) => transaction.commit().await,
            Self::Postgres(session) => session.end("COMMIT").await,
        }
    }

    /// Undoes what was done in the transaction, and waits for it.
    pub(crate) async fn roll_back(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::SqliteIn(transaction) => transaction.rollback().await,
            Self::Postgres(session) => session.end("ROLLBACK").await,
        }
    }

    /// Gives the connection back. One that only read in a transaction ends it.
    pub(crate) async fn done(self) {
        // A read that has its answer lost nothing, however its transaction ends.
        let _read = self.commit().await;
    }
}

async fn sqlite_rows(
    connection: &mut SqliteConnection,
    sql: SqlStr,
    values: &[Value<'_>],
) -> Result<Vec<Row>, sqlx::Error> {
    let rows = bind_sqlite(sqlx::query(sql), values).fetch_all(connection).await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn sqlite_execute(
    connection: &mut SqliteConnection,
    sql: SqlStr,
    values: &[Value<'_>],
) -> Result<u64, sqlx::Error> {
    let done = bind_sqlite(sqlx::query(sql), values).execute(connection).await?;
    Ok(done.rows_affected())
}

// === impl PgSession ===

impl PgSession {
    pub(crate) fn new(connection: PoolConnection<Postgres>, prepared: bool) -> Self {
        Self {
            connection: Some(connection),
            in_transaction: false,
            busy: false,
            prepared,
            patience: ANSWER_MAX,
        }
    }

    /// Waits for answers as long as work on a large table takes.
    pub(crate) fn patient(mut self) -> Self {
        self.patience = WORK_MAX;
        self
    }

    /// Begins a transaction by these statements, in one message.
    pub(crate) async fn begin(mut self, statements: &'static str) -> Result<Self, sqlx::Error> {
        self.in_transaction = true;
        let begun = sqlx::raw_sql(statements);
        self.answer(async |connection| begun.execute(connection).await).await?;
        Ok(self)
    }

    async fn end(mut self, how: &'static str) -> Result<(), sqlx::Error> {
        if self.in_transaction {
            let ended = sqlx::raw_sql(how);
            self.answer(async |connection| ended.execute(connection).await).await?;
            self.in_transaction = false;
        }
        Ok(())
    }

    async fn rows(&mut self, sql: SqlStr, values: &[Value<'_>]) -> Result<Vec<Row>, sqlx::Error> {
        let query = bind_postgres(sqlx::query(sql), values).persistent(self.prepared);
        let rows = self.answer(async |connection| query.fetch_all(connection).await).await?;
        Ok(rows.into_iter().map(Row::Postgres).collect())
    }

    async fn execute(&mut self, sql: SqlStr, values: &[Value<'_>]) -> Result<u64, sqlx::Error> {
        let query = bind_postgres(sqlx::query(sql), values).persistent(self.prepared);
        let done: PgQueryResult =
            self.answer(async |connection| query.execute(connection).await).await?;
        Ok(done.rows_affected())
    }

    /// The connection, for what only PostgreSQL has.
    pub(crate) async fn answer<T>(
        &mut self,
        ask: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let Some(connection) = &mut self.connection else { return Err(sqlx::Error::PoolClosed) };
        self.busy = true;
        let answer = time::timeout(self.patience, ask(connection)).await;
        let answer = answer.map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))?;
        // An answer that the server gave leaves the connection in order, even a refusal.
        self.busy = !matches!(answer, Ok(_) | Err(sqlx::Error::Database(_)));
        answer
    }
}

impl Drop for PgSession {
    fn drop(&mut self) {
        if (self.busy || self.in_transaction)
            && let Some(connection) = self.connection.take()
        {
            drop(connection.detach());
        }
    }
}
