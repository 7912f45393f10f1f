//! SQL that puts calls into the store, and what keys have spent on them.

mod read;
mod row;

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::Error;
use tollgate_domain::CallId;
use uuid::Uuid;

pub use self::read::SpendPages;
pub(super) use self::read::{first_id, read, usage};
pub(super) use self::row::pricing;
use super::session::Session;
use super::stream::{self, Place};
use super::value::{Sql, Value};
use super::{Store, daily, positions};
use crate::journal::tail::Position;
use crate::{Settled, StoreError};

macro_rules! charge {
    ($table:literal, $from:literal, $hash:literal, $amount:literal, $and:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET spend = CASE WHEN spend > 9223372036854775807 - ",
            $amount,
            " THEN 9223372036854775807 ELSE spend + ",
            $amount,
            " END FROM ",
            $from,
            " WHERE ",
            $table,
            ".hash = ",
            $hash,
            $and
        )
    };
}

macro_rules! charges {
    ($table:literal, $sqlite_and:literal, $postgres_and:literal) => {
        Sql {
            sqlite: charge!(
                $table,
                "json_each($1) AS charged",
                "charged.value->>0",
                "(charged.value->>1)",
                $sqlite_and
            ),
            postgres: charge!(
                $table,
                "UNNEST($1::text[], $2::int8[]) AS charged (hash, amount)",
                "charged.hash",
                "charged.amount",
                $postgres_and
            ),
        }
    };
}

const CHARGE_KEYS: Sql = charges!("keys", "", "");

/// A key that was deleted while its calls were open is charged on the row that was kept of it.
const CHARGE_DELETED_KEYS: Sql = charges!(
    "deleted_keys",
    " AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.hash = charged.value->>0) \
     AND deleted_keys.id = (SELECT max(d.id) FROM deleted_keys AS d \
     WHERE d.hash = charged.value->>0)",
    " AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.hash = charged.hash) \
     AND deleted_keys.id = (SELECT max(d.id) FROM deleted_keys AS d \
     WHERE d.hash = charged.hash)"
);

const NAME_PLUGINS: &str = "INSERT INTO plugin_sets (digests) VALUES ($1) \
     ON CONFLICT (digests) DO UPDATE SET digests = excluded.digests RETURNING id";

const AMONG: Sql = Sql {
    sqlite: "SELECT call_id FROM calls WHERE call_id IN (SELECT unhex(value) FROM json_each($1))",
    postgres: "SELECT call_id FROM calls WHERE call_id = ANY($1)",
};

/// Sets of plugins whose numbers are remembered: there are as many as there are configurations.
const SETS_MAX: usize = 1_000;

/// Numbers of sets of plugins, by their digests as JSON.
pub(crate) type PluginSets = HashMap<Vec<String>, i64>;

/// What became of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inserted {
    /// Calls that were not there yet.
    pub(crate) count: usize,
    /// The place of the newest row before the batch.
    pub(crate) before: Place,
    /// And after it: all rows between are the batch's.
    pub(crate) after: Place,
}

/// A batch, some of whose calls have rows already.
struct Known;

// === impl Store ===

impl Store {
    /// Inserts calls that are not there yet, charges their keys, and notes how far the segment is
    /// shipped, all in one transaction.
    pub(crate) async fn ship(
        &self,
        calls: &[Settled],
        position: Option<(Uuid, Position)>,
    ) -> Result<Inserted, StoreError> {
        // Hardly ever does a call have a row, so all are tried before it is asked which do.
        let fresh: Vec<_> = calls.iter().collect();
        if let Some(inserted) = self.try_ship(&fresh, position).await? {
            return Ok(inserted);
        }
        let mut session = self.write().await?;
        let missing = missing(&mut session, calls).await;
        let missing = self.track(missing)??;
        let mut sets = self.plugin_sets();
        let shipped = self.put(&mut session, &missing, position, &mut sets).await;
        match self.track(shipped)? {
            Ok(inserted) => {
                self.track(session.commit().await)?;
                self.keep_plugin_sets(sets);
                Ok(inserted)
            }
            Err(Known) => Err(StoreError::Unreadable { column: "call_id" }),
        }
    }

    async fn try_ship(
        &self,
        calls: &[&Settled],
        position: Option<(Uuid, Position)>,
    ) -> Result<Option<Inserted>, StoreError> {
        let mut session = self.write().await?;
        let mut sets = self.plugin_sets();
        let shipped = self.put(&mut session, calls, position, &mut sets).await;
        match self.track(shipped)? {
            Ok(inserted) => {
                self.track(session.commit().await)?;
                self.keep_plugin_sets(sets);
                Ok(Some(inserted))
            }
            Err(Known) => {
                self.track(session.roll_back().await)?;
                Ok(None)
            }
        }
    }

    async fn put(
        &self,
        session: &mut Session,
        calls: &[&Settled],
        position: Option<(Uuid, Position)>,
        sets: &mut PluginSets,
    ) -> Result<Result<Inserted, Known>, Error> {
        let before = stream::last_place(session).await?;
        name_plugins(session, calls, sets).await?;
        let inserted = row::BATCH.insert(session, &row::values(calls, sets)).await?;
        if inserted != calls.len() as u64 {
            return Ok(Err(Known));
        }
        charge_keys(session, calls).await?;
        daily::add(session, calls).await?;
        if let Some((segment, position)) = position {
            positions::put(session, segment, position, &self.replica).await?;
        }
        let after = stream::last_place(session).await?;
        Ok(Ok(Inserted { count: calls.len(), before, after }))
    }

    fn plugin_sets(&self) -> PluginSets {
        self.plugins.lock().clone()
    }

    /// Remembers numbers that are in the store now.
    fn keep_plugin_sets(&self, mut sets: PluginSets) {
        let mut kept = self.plugins.lock();
        if sets.len() != kept.len() {
            if sets.len() > SETS_MAX {
                sets.clear();
            }
            *kept = sets;
        }
    }
}

/// The calls of a batch that have no row, each once.
async fn missing<'a>(
    session: &mut Session,
    calls: &'a [Settled],
) -> Result<Result<Vec<&'a Settled>, StoreError>, Error> {
    let ids = calls.iter().map(|settled| Uuid::from_bytes(*settled.opened.call.as_bytes()));
    let rows = session.rows(AMONG, &[Value::Ids(ids.collect())]).await?;
    let there: Result<HashSet<CallId>, _> = rows.iter().map(|row| row.call("call_id")).collect();
    Ok(there.map(|mut there| {
        calls.iter().filter(|settled| there.insert(settled.opened.call)).collect()
    }))
}

async fn name_plugins(
    session: &mut Session,
    calls: &[&Settled],
    sets: &mut PluginSets,
) -> Result<(), Error> {
    for settled in calls {
        if sets.contains_key(&settled.plugins) {
            continue;
        }
        let digests = serde_json::Value::from(settled.plugins.clone()).to_string();
        let row = session.row(NAME_PLUGINS, &[Value::text(digests)]).await?;
        let id = row.ok_or(Error::RowNotFound)?.number("id");
        let id = id.map_err(|error| Error::Decode(error.into()))?;
        sets.insert(settled.plugins.clone(), id);
    }
    Ok(())
}

async fn charge_keys(session: &mut Session, calls: &[&Settled]) -> Result<(), Error> {
    let mut charges = BTreeMap::<&str, i64>::new();
    for settled in calls {
        let sum = charges.entry(&settled.opened.key_id).or_default();
        *sum = sum.saturating_add(settled.charge.amount.to_stored());
    }
    let keys = charges.len() as u64;
    let values = charge_values(session, charges)?;
    let charged = session.execute(CHARGE_KEYS, &values).await?;
    if charged < keys {
        session.execute(CHARGE_DELETED_KEYS, &values).await?;
    }
    Ok(())
}

/// Keys and amounts as the statements for this database want them.
fn charge_values(
    session: &Session,
    charges: BTreeMap<&str, i64>,
) -> Result<Vec<Value<'static>>, Error> {
    if let Session::Postgres(_) = session {
        let (keys, amounts): (Vec<_>, Vec<_>) =
            charges.into_iter().map(|(key, amount)| (key.replace('\0', ""), Some(amount))).unzip();
        return Ok(vec![Value::Texts(keys), Value::Numbers(amounts)]);
    }
    let json = serde_json::to_string(&charges.into_iter().collect::<Vec<_>>());
    Ok(vec![Value::text(json.map_err(|error| Error::Encode(error.into()))?)])
}
