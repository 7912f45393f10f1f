//! The schema: brought up to date in one transaction, by one process at a time, only forwards.

use sqlx::migrate::{Migration, Migrator};

use super::database::Database;
use super::session::Session;
use super::value::{Sql, Value};
use crate::{LedgerError, StoreError};

// What sqlx's own tool would do, but in one transaction that holds the store's write lock: that
// works through a pooler, and a replica that waits for another finds everything done.
static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

const TABLE: Sql = Sql {
    sqlite: "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
             description TEXT NOT NULL, installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
             success BOOLEAN NOT NULL, checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
    postgres: "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, \
               description TEXT NOT NULL, installed_on TIMESTAMPTZ NOT NULL DEFAULT now(), \
               success BOOLEAN NOT NULL, checksum BYTEA NOT NULL, execution_time BIGINT NOT NULL)",
};
const APPLIED: Sql = Sql {
    sqlite: "SELECT version, lower(hex(checksum)) AS checksum FROM _sqlx_migrations ORDER BY version",
    postgres: "SELECT version, encode(checksum, 'hex') AS checksum FROM _sqlx_migrations ORDER BY version",
};
const NOTE: Sql = Sql {
    sqlite: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ($1, $2, TRUE, unhex($3), 0)",
    postgres: "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES ($1, $2, TRUE, decode($3, 'hex'), 0)",
};

/// What a schema was brought from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The version before; 0: there was none.
    pub from: i64,
    /// The version now.
    pub to: i64,
}

/// Brings the schema up to date. Waits for another process that does so, but not for those that
/// only write rows while there is nothing to do.
///
/// # Errors
///
/// The store does not answer, a migration fails, or the schema is newer than this program.
pub(crate) async fn run(database: &Database) -> Result<Migrated, LedgerError> {
    let known = if database.is_shared() { &POSTGRES } else { &SQLITE };
    let to = known.iter().map(|migration| migration.version).max().unwrap_or_default();
    if let Some(there) = look(database).await?
        && there.missing(known)?.is_empty()
    {
        return Ok(Migrated { from: to, to });
    }
    let mut session = database.migration().await.map_err(unavailable)?;
    session.execute(TABLE, &[]).await.map_err(failed)?;
    let there = applied(&mut session).await.map_err(failed)??;
    for migration in there.missing(known)? {
        apply(&mut session, migration).await?;
    }
    session.commit().await.map_err(unavailable)?;
    Ok(Migrated { from: there.newest(), to })
}

/// What the database has; none: no table says so, or nothing can be read yet.
async fn look(database: &Database) -> Result<Option<Applied>, LedgerError> {
    let mut session = database.session().await.map_err(unavailable)?;
    match applied(&mut session).await {
        Ok(there) => {
            session.done().await;
            Ok(Some(there?))
        }
        Err(_) => Ok(None),
    }
}

/// Versions that a database has, in order, and the checksums of what made them.
struct Applied(Vec<(i64, String)>);

// === impl Applied ===

impl Applied {
    fn newest(&self) -> i64 {
        self.0.last().map(|(version, _)| *version).unwrap_or_default()
    }

    /// The migrations that are to be made.
    fn missing<'a>(&self, known: &'a Migrator) -> Result<Vec<&'a Migration>, LedgerError> {
        let newest = known.iter().map(|migration| migration.version).max().unwrap_or_default();
        if self.newest() > newest {
            return Err(LedgerError::NewerSchema { found: self.newest(), known: newest });
        }
        let mut missing = Vec::new();
        for migration in known.iter() {
            match self.0.iter().find(|(version, _)| *version == migration.version) {
                Some((version, checksum)) if *checksum != hex(&migration.checksum) => {
                    return Err(LedgerError::ForeignSchema { version: *version });
                }
                Some(_) => {}
                None => missing.push(migration),
            }
        }
        Ok(missing)
    }
}

async fn applied(session: &mut Session) -> Result<Result<Applied, StoreError>, sqlx::Error> {
    let rows = session.rows(APPLIED, &[]).await?;
    let read =
        rows.iter().map(|row| Ok((row.number("version")?, row.text("checksum")?.to_owned())));
    Ok(read.collect::<Result<_, _>>().map(Applied))
}

async fn apply(session: &mut Session, migration: &Migration) -> Result<(), LedgerError> {
    session.script(migration.sql.clone()).await.map_err(failed)?;
    let description = migration.description.to_string();
    let values =
        [migration.version.into(), Value::text(description), Value::text(hex(&migration.checksum))];
    session.execute(NOTE, &values).await.map_err(failed)?;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn failed(error: sqlx::Error) -> LedgerError {
    LedgerError::Migration(error.into())
}

fn unavailable(error: sqlx::Error) -> LedgerError {
    StoreError::Unavailable(error.into()).into()
}
