//! SQL of the calls, and of what keys have spent on them.

use std::collections::BTreeMap;

use serde::ser::{SerializeSeq, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tollgate_domain::{CallId, Charge, NanoUsd, Pricing, Usage};
use uuid::Uuid;

use super::keys::get;
use super::stream::{self, Place};
use super::{Store, number, positions, stored};
use crate::journal::tail::Position;
use crate::{Settled, SpendFilter, SpendRow, StoreError};

/// One statement for a whole batch: a row's values are those of [`Row`], in order. Without the
/// materialised step SQLite would write each row out as text once per column.
const INSERT: &str = "WITH rows (value) AS MATERIALIZED (SELECT value FROM json_each($1)) \
     INSERT INTO calls (call_id, client_call_id, key_id, key_alias, user_id, \
     team_id, route, dialect, model, deployment, provider, upstream_model, stream, status, \
     ending, error, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens, \
     reasoning_tokens, estimated, charge_nano_usd, parts, pricing, price_version, \
     reserved_nano_usd, started_at, first_byte_at, ended_at, plugins) \
     SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, \
     value->>7, value->>8, value->>9, value->>10, value->>11, value->>12, value->>13, \
     value->>14, value->>15, value->>16, value->>17, value->>18, value->>19, value->>20, \
     value->>21, value->>22, value->>23, value->>24, value->>25, value->>26, value->>27, \
     value->>28, value->>29, value->>30 \
     FROM rows WHERE true \
     ON CONFLICT (call_id) DO NOTHING RETURNING key_id, charge_nano_usd";

macro_rules! added {
    () => {
        "SET spend = CASE WHEN spend > 9223372036854775807 - (charged.value->>1) \
         THEN 9223372036854775807 ELSE spend + (charged.value->>1) END \
         FROM json_each($1) AS charged "
    };
}

const CHARGE_KEYS: &str = concat!("UPDATE keys ", added!(), "WHERE keys.hash = charged.value->>0");

/// A key that was deleted while its calls were open is charged on the row that was kept of it.
const CHARGE_DELETED_KEYS: &str = concat!(
    "UPDATE deleted_keys ",
    added!(),
    "WHERE deleted_keys.hash = charged.value->>0 \
     AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.hash = charged.value->>0) \
     AND deleted_keys.id = (SELECT max(d.id) FROM deleted_keys AS d \
     WHERE d.hash = charged.value->>0)"
);

const SELECT: &str = "SELECT * FROM calls WHERE ($1 IS NULL OR call_id = $1) \
     AND ($2 IS NULL OR key_id = $2) AND ($3 IS NULL OR user_id = $3) \
     AND ($4 IS NULL OR started_at >= $4) AND ($5 IS NULL OR started_at < $5) \
     ORDER BY started_at DESC, call_id DESC LIMIT $6 OFFSET $7";

/// The parts of a charge, as the column holds them.
#[derive(Serialize, Deserialize)]
struct Parts {
    input: NanoUsd,
    cached: NanoUsd,
    output: NanoUsd,
}

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

// === impl Store ===

impl Store {
    /// Inserts calls that are not there yet, charges their keys, and notes how far the segment is
    /// shipped, all in one transaction.
    pub(crate) async fn ship(
        &self,
        calls: &[Settled],
        position: Option<(Uuid, Position)>,
    ) -> Result<Inserted, StoreError> {
        let rows = serde_json::to_string(&calls.iter().map(Row).collect::<Vec<_>>());
        let rows = self.track(rows.map_err(|error| sqlx::Error::Encode(error.into())))?;
        let mut transaction = self.track(self.pool.begin_with("BEGIN IMMEDIATE").await)?;
        let shipped = ship(&mut transaction, &rows, position).await;
        let shipped = self.track(shipped)?;
        self.track(transaction.commit().await)?;
        Ok(shipped)
    }

    pub(crate) async fn find_calls(
        &self,
        filter: &SpendFilter,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let rows = sqlx::query(SELECT)
            .bind(filter.call.map(|call| call.to_string()))
            .bind(&filter.key_id)
            .bind(&filter.user_id)
            .bind(filter.from.map(stored))
            .bind(filter.until.map(stored))
            .bind(i64::from(filter.limit))
            .bind(i64::from(filter.offset))
            .fetch_all(&self.pool)
            .await;
        self.track(rows)?.iter().map(read).collect()
    }
}

async fn ship(
    connection: &mut SqliteConnection,
    rows: &str,
    position: Option<(Uuid, Position)>,
) -> Result<Inserted, sqlx::Error> {
    let before = stream::last_place(connection).await?;
    let inserted: Vec<(String, i64)> =
        sqlx::query_as(INSERT).bind(rows).fetch_all(&mut *connection).await?;
    let mut charges = BTreeMap::<&str, i64>::new();
    for (key, amount) in &inserted {
        let sum = charges.entry(key).or_default();
        *sum = sum.saturating_add(*amount);
    }
    if !charges.is_empty() {
        let keys = charges.len() as u64;
        let charges = serde_json::to_string(&charges.into_iter().collect::<Vec<_>>());
        let charges = charges.map_err(|error| sqlx::Error::Encode(error.into()))?;
        let charged = sqlx::query(CHARGE_KEYS).bind(&charges).execute(&mut *connection).await?;
        if charged.rows_affected() < keys {
            let deleted = sqlx::query(CHARGE_DELETED_KEYS).bind(&charges);
            deleted.execute(&mut *connection).await?;
        }
    }
    if let Some((segment, position)) = position {
        positions::put(connection, segment, position).await?;
    }
    let after = stream::last_place(connection).await?;
    Ok(Inserted { count: inserted.len(), before, after })
}

/// A call as one JSON array, in the order of [`INSERT`].
struct Row<'a>(&'a Settled);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let call = self.0;
        let Settled { opened, usage, charge, .. } = call;
        let tokens = usage.usage();
        let parts = Parts { input: charge.input, cached: charge.cached, output: charge.output };
        let (pricing, version) = match &charge.pricing {
            Pricing::Priced(version) => ("priced", Some(version.as_str())),
            Pricing::Unpriced => ("unpriced", None),
            Pricing::MeterFailed => ("meter-failed", None),
        };
        let mut row = serializer.serialize_seq(Some(31))?;
        row.serialize_element(&opened.call)?;
        row.serialize_element(&opened.client_call_id)?;
        row.serialize_element(&opened.key_id)?;
        row.serialize_element(&opened.key_alias)?;
        row.serialize_element(&opened.user_id)?;
        row.serialize_element(&opened.team_id)?;
        row.serialize_element(&opened.route)?;
        row.serialize_element(&opened.dialect)?;
        row.serialize_element(&opened.model)?;
        row.serialize_element(&opened.deployment)?;
        row.serialize_element(&opened.provider)?;
        row.serialize_element(&opened.upstream_model)?;
        row.serialize_element(&opened.stream)?;
        row.serialize_element(&call.status)?;
        row.serialize_element(&call.ending)?;
        row.serialize_element(&call.error)?;
        row.serialize_element(&stored(tokens.input))?;
        row.serialize_element(&stored(tokens.output))?;
        row.serialize_element(&stored(tokens.cached_input))?;
        row.serialize_element(&stored(tokens.cache_write))?;
        row.serialize_element(&stored(tokens.reasoning))?;
        row.serialize_element(&usage.is_estimated())?;
        row.serialize_element(&charge.amount)?;
        row.serialize_element(&parts)?;
        row.serialize_element(pricing)?;
        row.serialize_element(&version)?;
        row.serialize_element(&opened.reserved)?;
        row.serialize_element(&stored(opened.started_at))?;
        row.serialize_element(&call.first_byte_at.map(stored))?;
        row.serialize_element(&stored(call.ended_at))?;
        row.serialize_element(&call.plugins)?;
        row.end()
    }
}

fn read(row: &SqliteRow) -> Result<SpendRow, StoreError> {
    let call: &str = get(row, "call_id")?;
    let call: CallId = call.parse().map_err(|_| StoreError::Unreadable { column: "call_id" })?;
    let tokens = |column| get::<i64>(row, column).map(number);
    let status = u16::try_from(get::<i64>(row, "status")?);
    Ok(SpendRow {
        call,
        client_call_id: get(row, "client_call_id")?,
        key_id: get(row, "key_id")?,
        key_alias: get(row, "key_alias")?,
        user_id: get(row, "user_id")?,
        team_id: get(row, "team_id")?,
        route: get(row, "route")?,
        dialect: word(row, "dialect")?,
        model: get(row, "model")?,
        deployment: get(row, "deployment")?,
        provider: get(row, "provider")?,
        upstream_model: get(row, "upstream_model")?,
        stream: get(row, "stream")?,
        status: status.map_err(|_| StoreError::Unreadable { column: "status" })?,
        ending: word(row, "ending")?,
        error: get(row, "error")?,
        usage: Usage {
            input: tokens("input_tokens")?,
            output: tokens("output_tokens")?,
            cached_input: tokens("cached_input_tokens")?,
            cache_write: tokens("cache_write_tokens")?,
            reasoning: tokens("reasoning_tokens")?,
            ..Usage::default()
        },
        estimated: get(row, "estimated")?,
        charge: read_charge(row)?,
        reserved: NanoUsd::from_stored(get(row, "reserved_nano_usd")?),
        started_at: number(get(row, "started_at")?),
        first_byte_at: get::<Option<i64>>(row, "first_byte_at")?.map(number),
        ended_at: number(get(row, "ended_at")?),
        plugins: json(row, "plugins")?,
    })
}

fn read_charge(row: &SqliteRow) -> Result<Charge, StoreError> {
    let parts: Parts = json(row, "parts")?;
    let version: Option<String> = get(row, "price_version")?;
    let pricing = match (get(row, "pricing")?, version) {
        ("priced", Some(version)) => Pricing::Priced(version),
        ("unpriced", _) => Pricing::Unpriced,
        ("meter-failed", _) => Pricing::MeterFailed,
        _ => return Err(StoreError::Unreadable { column: "pricing" }),
    };
    let amount = NanoUsd::from_stored(get(row, "charge_nano_usd")?);
    Ok(Charge { amount, input: parts.input, cached: parts.cached, output: parts.output, pricing })
}

/// A column of JSON.
fn json<T: for<'de> Deserialize<'de>>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(get(row, column)?).map_err(|_| StoreError::Unreadable { column })
}

/// A column with the name of a variant.
fn word<T: for<'de> Deserialize<'de>>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, StoreError> {
    let value = Value::String(get(row, column)?);
    serde_json::from_value(value).map_err(|_| StoreError::Unreadable { column })
}
