//! SQL of the rows of calls as a stream: in the order in which they came, whoever shipped them.
//!
//! The newest row is never deleted, and each new one gets a higher place. Whoever inserts holds the
//! store's one write lock, so a reader that has seen a row has seen every row before it.

use tollgate_domain::{CallId, KeyHash, NanoUsd};
use uuid::Uuid;

use super::session::Session;
use super::value::{Row, Sql, Value};
use super::{Store, keys};
use crate::{StoreError, StoredKey};

/// Rows that are read at once: after a long absence there can be many.
const PAGE: usize = 10_000;

const LAST: &str = "SELECT coalesce(max(place), 0) AS place FROM calls";
const AFTER: &str = "SELECT place, call_id, key_id, charge_nano_usd FROM calls \
     WHERE place > $1 ORDER BY place LIMIT $2";
const AMONG: Sql = Sql {
    sqlite: "SELECT call_id FROM calls WHERE place <= $1 \
             AND call_id IN (SELECT unhex(value) FROM json_each($2))",
    postgres: "SELECT call_id FROM calls WHERE place <= $1 AND call_id = ANY($2)",
};

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

/// Rows, and whether there may be more behind them.
pub(crate) struct Rows {
    pub(crate) rows: Vec<Charged>,
    pub(crate) more: bool,
}

// === impl Store ===

impl Store {
    /// The place of the newest row.
    pub(crate) async fn last_place(&self) -> Result<Place, StoreError> {
        let mut session = self.read().await?;
        let place = last_place(&mut session).await;
        let place = self.track(place)?;
        session.done().await;
        Ok(place)
    }

    /// Rows behind a place, in order.
    pub(crate) async fn rows_after(&self, place: Place) -> Result<Rows, StoreError> {
        let mut session = self.read().await?;
        let rows = rows_after(&mut session, place).await;
        let rows = self.track(rows)?;
        session.done().await;
        Rows::read(&rows)
    }

    /// A key, and the rows behind a place, both as they are at one moment.
    pub(crate) async fn find_key_and_rows(
        &self,
        hash: KeyHash,
        place: Place,
    ) -> Result<Option<(StoredKey, Rows)>, StoreError> {
        let mut session = self.snapshot().await?;
        let key = keys::find(&mut session, hash).await;
        let Some(key) = self.track(key)? else {
            session.done().await;
            return Ok(None);
        };
        let rows = rows_after(&mut session, place).await;
        let rows = self.track(rows)?;
        session.done().await;
        Ok(Some((keys::read(&key)?, Rows::read(&rows)?)))
    }

    /// Which of these calls have a row up to a place.
    pub(crate) async fn stored_among(
        &self,
        calls: &[CallId],
        place: Place,
    ) -> Result<Vec<CallId>, StoreError> {
        let ids = calls.iter().map(|call| Uuid::from_bytes(*call.as_bytes()));
        let values = [place.into(), Value::Ids(ids.collect())];
        let mut session = self.read().await?;
        let rows = session.rows(AMONG, &values).await;
        let rows = self.track(rows)?;
        session.done().await;
        rows.iter().map(|row| row.call("call_id")).collect()
    }
}

/// The place of the newest row, seen from inside a transaction.
pub(super) async fn last_place(session: &mut Session) -> Result<Place, sqlx::Error> {
    let row = session.row(LAST, &[]).await?.ok_or(sqlx::Error::RowNotFound)?;
    row.number("place").map_err(|error| sqlx::Error::Decode(error.into()))
}

async fn rows_after(session: &mut Session, place: Place) -> Result<Vec<Row>, sqlx::Error> {
    session.rows(AFTER, &[place.into(), (PAGE as i64).into()]).await
}

// === impl Rows ===

impl Rows {
    fn read(rows: &[Row]) -> Result<Self, StoreError> {
        let read = rows.iter().map(|row| {
            Ok(Charged {
                place: row.number("place")?,
                call: row.call("call_id")?,
                key_id: row.text("key_id")?.to_owned(),
                amount: NanoUsd::from_stored(row.number("charge_nano_usd")?),
            })
        });
        Ok(Self { rows: read.collect::<Result<_, StoreError>>()?, more: rows.len() == PAGE })
    }
}
