//! SQL that drops rows of calls by their age, a few at a time.

use tollgate_domain::UnixMillis;

use super::calls::first_id;
use super::value::Sql;
use super::{Store, stored};
use crate::StoreError;

/// Rows that are dropped in one transaction: who ships waits for it.
const STEP: i64 = 500;

/// The newest row stays, so that no place is given out twice. What is chosen by its id began so
/// long ago, unless its clock was wrong; then its start decides.
const DROP: Sql = Sql {
    sqlite: "DELETE FROM calls WHERE place IN (SELECT place FROM calls WHERE call_id < $1 \
             AND started_at < $2 AND place < (SELECT max(place) FROM calls) \
             ORDER BY call_id LIMIT $3)",
    postgres: "DELETE FROM calls WHERE place = ANY (ARRAY(SELECT place FROM calls \
               WHERE call_id < $1 AND started_at < $2 AND place < (SELECT max(place) FROM calls) \
               ORDER BY call_id LIMIT $3))",
};

// === impl Store ===

impl Store {
    /// Drops some of the calls that began before a time; says whether there may be more.
    pub(crate) async fn drop_calls(&self, before: UnixMillis) -> Result<bool, StoreError> {
        let values = [first_id(before).into(), stored(before).into(), STEP.into()];
        let mut session = self.write().await?;
        let dropped = session.execute(DROP, &values).await;
        let dropped = self.track(dropped)?;
        self.track(session.commit().await)?;
        Ok(dropped == STEP.unsigned_abs())
    }
}
