//! SQL of the list of changed keys, by which processes hear what others did to them.

use sqlx::postgres::PgListener;
use tollgate_domain::KeyHash;

use super::Store;
use super::value::Row;
use crate::StoreError;

/// Where PostgreSQL says that there is something new in the list.
const CHANNEL: &str = "tollgate_key_changes";
/// Changes that are kept: who missed more forgets all keys.
const KEPT: i64 = 10_000;
/// Changes that are read at once; more are as good as all.
const READ_MAX: i64 = 1_000;

const LAST: &str = "SELECT coalesce(max(id), 0) AS id FROM key_changes";
const FIRST: &str = "SELECT coalesce(min(id), 0) AS id FROM key_changes";
const AFTER: &str = "SELECT id, hash FROM key_changes WHERE id > $1 ORDER BY id LIMIT $2";
const TIDY: &str = "DELETE FROM key_changes WHERE id <= (SELECT max(id) FROM key_changes) - $1";

/// What became of keys since a place in the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changes {
    /// The place up to which this is told.
    pub(crate) last: i64,
    pub(crate) keys: Changed,
}

/// Which keys changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Changed {
    /// These.
    Some(Vec<KeyHash>),
    /// Any: too much happened.
    Any,
}

// === impl Store ===

impl Store {
    /// The newest place in the list.
    pub(crate) async fn last_change(&self) -> Result<i64, StoreError> {
        let mut session = self.read().await?;
        let row = session.row(LAST, &[]).await;
        let row = self.track(row)?;
        session.done().await;
        row.map_or(Ok(0), |row| row.number("id"))
    }

    /// What changed since a place in the list.
    pub(crate) async fn changes_after(&self, place: i64) -> Result<Changes, StoreError> {
        let mut session = self.snapshot().await?;
        let first = session.row(FIRST, &[]).await;
        let first = self.track(first)?.map_or(Ok(0), |row| row.number("id"))?;
        let rows = session.rows(AFTER, &[place.into(), READ_MAX.into()]).await;
        let rows = self.track(rows)?;
        let last = session.row(LAST, &[]).await;
        let last = self.track(last)?.map_or(Ok(0), |row| row.number("id"))?;
        session.done().await;
        // A list that ends before the place is another one: the database was restored.
        let lost = first > place + 1 || last < place || rows.len() as i64 == READ_MAX;
        if lost {
            return Ok(Changes { last, keys: Changed::Any });
        }
        let hash = |row: &Row| row.text("hash").map(|hash| hash.parse().ok());
        let keys: Result<Vec<_>, _> = rows.iter().map(hash).collect();
        Ok(Changes { last, keys: Changed::Some(keys?.into_iter().flatten().collect()) })
    }

    /// Drops changes that everybody has heard of.
    pub(crate) async fn tidy_changes(&self) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        let deleted = session.execute(TIDY, &[KEPT.into()]).await;
        self.track(deleted)?;
        self.track(session.commit().await)
    }

    /// Listens for news of changes; none: this store does not tell, and has to be asked.
    pub(crate) async fn listen(&self) -> Result<Option<PgListener>, StoreError> {
        let Some(pool) = self.database.listenable() else { return Ok(None) };
        let listener = async {
            let mut listener = PgListener::connect_with(pool).await?;
            listener.ignore_pool_close_event(false);
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        self.track(listener.await).map(Some)
    }
}
