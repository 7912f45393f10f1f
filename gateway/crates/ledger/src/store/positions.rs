//! SQL of how far each segment has been shipped.

use tollgate_domain::KeyHash;
use uuid::Uuid;

use super::session::Session;
use super::value::{Sql, Value};
use super::{Store, number, stored};
use crate::StoreError;
use crate::journal::format::Hash;
use crate::journal::tail::Position;

const FIND: &str = "SELECT \"offset\", last_hash FROM journal_positions WHERE segment = $1";
const PUT: &str = "INSERT INTO journal_positions (segment, \"offset\", last_hash, replica) \
     VALUES ($1, $2, $3, $4) ON CONFLICT (segment) DO UPDATE \
     SET \"offset\" = excluded.\"offset\", last_hash = excluded.last_hash, \
     replica = excluded.replica";
const DELETE: &str = "DELETE FROM journal_positions WHERE segment = $1";

const LEFT: Sql = Sql {
    sqlite: "SELECT segment FROM journal_positions WHERE replica = $1 \
             AND segment NOT IN (SELECT value FROM json_each($2)) LIMIT 1",
    postgres: "SELECT segment FROM journal_positions WHERE replica = $1 \
               AND segment <> ALL ($2) LIMIT 1",
};
const TIDY: Sql = Sql {
    sqlite: "DELETE FROM journal_positions WHERE replica = $1 \
             AND segment NOT IN (SELECT value FROM json_each($2))",
    postgres: "DELETE FROM journal_positions WHERE replica = $1 AND segment <> ALL ($2)",
};

// === impl Store ===

impl Store {
    /// Where shipping of a segment stopped; none: before its first row, or it was lost.
    pub(crate) async fn find_position(&self, id: Uuid) -> Result<Option<Position>, StoreError> {
        let mut session = self.read().await?;
        let row = session.row(FIND, &[Value::text(id.to_string())]).await;
        let row = self.track(row)?;
        session.done().await;
        let Some(row) = row else { return Ok(None) };
        let offset = number(row.number("offset")?);
        Ok(parse_hash(row.text("last_hash")?).map(|last| Position { offset, last }))
    }

    /// Forgets a segment that is about to be deleted.
    pub(crate) async fn delete_position(&self, id: Uuid) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        let deleted = session.execute(DELETE, &[Value::text(id.to_string())]).await;
        self.track(deleted)?;
        self.track(session.commit().await)
    }

    /// Forgets segments of this data folder that are in it no more. Hardly ever are there any, and
    /// then nobody else's writing is waited for.
    pub(crate) async fn tidy_positions(&self, there: &[Uuid]) -> Result<(), StoreError> {
        let there = there.iter().map(Uuid::to_string).collect();
        let values = [Value::text(&*self.replica), Value::Texts(there)];
        let mut session = self.read().await?;
        let left = session.row(LEFT, &values).await;
        let left = self.track(left)?;
        session.done().await;
        if left.is_none() {
            return Ok(());
        }
        let mut session = self.write().await?;
        let deleted = session.execute(TIDY, &values).await;
        self.track(deleted)?;
        self.track(session.commit().await)
    }
}

/// Writes a position in the transaction of the rows before it.
pub(super) async fn put(
    session: &mut Session,
    id: Uuid,
    position: Position,
    replica: &str,
) -> Result<(), sqlx::Error> {
    let values = [
        Value::text(id.to_string()),
        stored(position.offset).into(),
        KeyHash::from_bytes(position.last).into(),
        Value::text(replica),
    ];
    session.execute(PUT, &values).await.map(drop)
}

/// Any SHA-256 is written as a key's is.
fn parse_hash(text: &str) -> Option<Hash> {
    text.parse::<KeyHash>().ok().map(|hash| *hash.as_bytes())
}
