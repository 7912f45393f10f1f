//! SQL of how far each segment has been shipped.

use sqlx::sqlite::SqliteConnection;
use tollgate_domain::KeyHash;
use uuid::Uuid;

use super::keys::get;
use super::{Store, number, stored};
use crate::StoreError;
use crate::journal::format::Hash;
use crate::journal::tail::Position;

const FIND: &str = "SELECT \"offset\", last_hash FROM journal_positions WHERE segment = $1";
const PUT: &str = "INSERT INTO journal_positions (segment, \"offset\", last_hash) \
     VALUES ($1, $2, $3) ON CONFLICT (segment) DO UPDATE \
     SET \"offset\" = excluded.\"offset\", last_hash = excluded.last_hash";
const DELETE: &str = "DELETE FROM journal_positions WHERE segment = $1";

// === impl Store ===

impl Store {
    /// Where shipping of a segment stopped; none: before its first row, or it was lost.
    pub(crate) async fn find_position(&self, id: Uuid) -> Result<Option<Position>, StoreError> {
        let row = sqlx::query(FIND).bind(id.to_string()).fetch_optional(&self.pool).await;
        let Some(row) = self.track(row)? else { return Ok(None) };
        let offset = number(get(&row, "offset")?);
        Ok(parse_hash(get(&row, "last_hash")?).map(|last| Position { offset, last }))
    }

    /// Forgets a segment that is about to be deleted.
    pub(crate) async fn delete_position(&self, id: Uuid) -> Result<(), StoreError> {
        let deleted = sqlx::query(DELETE).bind(id.to_string()).execute(&self.pool).await;
        self.track(deleted).map(drop)
    }
}

/// Writes a position in the transaction of the rows before it.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    id: Uuid,
    position: Position,
) -> Result<(), sqlx::Error> {
    let hash = KeyHash::from_bytes(position.last).to_string();
    let query = sqlx::query(PUT).bind(id.to_string()).bind(stored(position.offset)).bind(hash);
    query.execute(connection).await.map(drop)
}

/// Any SHA-256 is written as a key's is.
fn parse_hash(text: &str) -> Option<Hash> {
    text.parse::<KeyHash>().ok().map(|hash| *hash.as_bytes())
}
