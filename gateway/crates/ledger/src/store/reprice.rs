//! SQL that prices calls anew: their charges, and with them spend and sums.

use tollgate_domain::{CallId, Charge, UnixMillis};

use super::calls::{first_id, pricing, read};
use super::session::Session;
use super::value::Value;
use super::{Store, daily, stored};
use crate::{SpendRow, StoreError};

/// Calls that are read, and changed in one transaction: who ships waits for it.
const STEP: i64 = 200;

const SINCE: &str = "SELECT calls.*, plugin_sets.digests FROM calls \
     JOIN plugin_sets ON plugin_sets.id = calls.plugins \
     WHERE call_id > $1 AND started_at >= $2 ORDER BY call_id LIMIT $3";

/// Only if the row still has the charge that was read: nothing is priced anew twice.
const CHANGE: &str = "UPDATE calls SET charge_nano_usd = $2, input_nano_usd = $3, \
     cached_nano_usd = $4, output_nano_usd = $5, pricing = $6, price_version = $7 \
     WHERE call_id = $1 AND charge_nano_usd = $8";

const CHARGE_KEY: &str = "UPDATE keys SET spend = CASE WHEN spend + $2 < 0 THEN 0 \
     ELSE spend + $2 END WHERE hash = $1 AND spend < 4611686018427387904";

/// A call and what it costs now.
pub(crate) struct Priced {
    pub(crate) row: SpendRow,
    pub(crate) charge: Charge,
}

// === impl Store ===

impl Store {
    /// Calls that began since a time, oldest first, behind the one that was read last.
    pub(crate) async fn calls_since(
        &self,
        since: UnixMillis,
        after: Option<CallId>,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let after = after.unwrap_or_else(|| first_id(since.saturating_sub(60_000)));
        let values = [after.into(), stored(since).into(), STEP.into()];
        let mut session = self.read().await?;
        let rows = session.rows(SINCE, &values).await;
        let rows = self.track(rows)?;
        session.done().await;
        rows.iter().map(read).collect()
    }

    /// Writes new charges, in one transaction with what follows from them.
    pub(crate) async fn reprice(&self, calls: &[Priced]) -> Result<(), StoreError> {
        let mut session = self.write().await?;
        for priced in calls {
            let written = write(&mut session, priced).await;
            self.track(written)?;
        }
        self.track(session.commit().await)
    }
}

async fn write(session: &mut Session, priced: &Priced) -> Result<(), sqlx::Error> {
    let Priced { row, charge } = priced;
    let (kind, version) = pricing(&charge.pricing);
    let values = [
        row.call.into(),
        charge.amount.to_stored().into(),
        charge.input.to_stored().into(),
        charge.cached.to_stored().into(),
        charge.output.to_stored().into(),
        Value::text(kind),
        Value::Text(version.map(Into::into)),
        row.charge.amount.to_stored().into(),
    ];
    if session.execute(CHANGE, &values).await? == 0 {
        return Ok(());
    }
    let more = charge.amount.to_stored().saturating_sub(row.charge.amount.to_stored());
    if more == 0 {
        return Ok(());
    }
    let values = [Value::text(&*row.key_id), more.into()];
    session.execute(CHARGE_KEY, &values).await?;
    daily::charge(session, row, more).await
}
