//! SQL of the rows of calls as a stream: in the order in which they came, whoever shipped them.
//!
//! Rows are never deleted and SQLite gives each new one the next row id. Whoever inserts holds the
//! store's one write lock, so a reader that has seen a row has seen every row before it.

use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tollgate_domain::{CallId, KeyHash, NanoUsd};

use super::keys::get;
use super::{Store, keys};
use crate::{StoreError, StoredKey};

const LAST: &str = "SELECT coalesce(max(rowid), 0) FROM calls";
const AFTER: &str = "SELECT rowid AS place, call_id, key_id, charge_nano_usd FROM calls \
     WHERE rowid > $1 ORDER BY rowid";
const AMONG: &str = "SELECT call_id FROM calls WHERE rowid <= $1 \
     AND call_id IN (SELECT value FROM json_each($2))";

/// The place of a row among all of them; 0 is before the first.
pub(crate) type Place = i64;

/// What counters need of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Charged {
    pub(crate) place: Place,
    pub(crate) call: CallId,
    pub(crate) key_id: String,
    pub(crate) amount: NanoUsd,
}

// === impl Store ===

impl Store {
    /// The place of the newest row.
    pub(crate) async fn last_place(&self) -> Result<Place, StoreError> {
        let mut connection = self.track(self.pool.acquire().await)?;
        let place = last_place(&mut connection).await;
        self.track(place)
    }

    /// Rows behind a place, in order.
    pub(crate) async fn rows_after(&self, place: Place) -> Result<Vec<Charged>, StoreError> {
        let rows = sqlx::query(AFTER).bind(place).fetch_all(&self.pool).await;
        self.track(rows)?.iter().map(read).collect()
    }

    /// A key, and the rows behind a place, both as they are at one moment.
    pub(crate) async fn find_key_and_rows(
        &self,
        hash: KeyHash,
        place: Place,
    ) -> Result<Option<(StoredKey, Vec<Charged>)>, StoreError> {
        let mut transaction = self.track(self.pool.begin().await)?;
        let key = keys::find(&mut transaction, hash).await;
        let Some(key) = self.track(key)? else { return Ok(None) };
        let rows = sqlx::query(AFTER).bind(place).fetch_all(&mut *transaction).await;
        let rows = self.track(rows)?.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Some((keys::read(&key)?, rows)))
    }

    /// Which of these calls have a row up to a place.
    pub(crate) async fn stored_among(
        &self,
        calls: &[CallId],
        place: Place,
    ) -> Result<Vec<CallId>, StoreError> {
        let wanted = Value::from_iter(calls.iter().map(CallId::to_string)).to_string();
        let rows = sqlx::query(AMONG).bind(place).bind(&wanted).fetch_all(&self.pool).await;
        self.track(rows)?.iter().map(read_call).collect()
    }
}

/// The place of the newest row, seen from inside a transaction.
pub(super) async fn last_place(connection: &mut SqliteConnection) -> Result<Place, sqlx::Error> {
    sqlx::query(LAST).fetch_one(connection).await?.try_get(0)
}

fn read(row: &SqliteRow) -> Result<Charged, StoreError> {
    Ok(Charged {
        place: get(row, "place")?,
        call: read_call(row)?,
        key_id: get(row, "key_id")?,
        amount: NanoUsd::from_stored(get(row, "charge_nano_usd")?),
    })
}

fn read_call(row: &SqliteRow) -> Result<CallId, StoreError> {
    let call: &str = get(row, "call_id")?;
    call.parse().map_err(|_| StoreError::Unreadable { column: "call_id" })
}
