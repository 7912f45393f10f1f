//! SQL that reads calls back, newest first, a page at a time.

use serde::Deserialize;
use serde_json::Value as Json;
use tollgate_domain::{CallId, Charge, NanoUsd, Pricing, UnixMillis, Usage};

use crate::store::value::{Row, Value};
use crate::store::{Store, number, stored};
use crate::{Account, Service, SpendFilter, SpendRow, StoreError};

/// Rows that are in memory at once, of however many.
const PAGE: u32 = 1_000;
/// Ids are made a moment before or after a call's start is noted.
const SLACK: u64 = 60_000;

/// Rows, read a page at a time; no connection is held in between.
pub struct SpendPages {
    store: Store,
    filter: SpendFilter,
    after: Option<(UnixMillis, CallId)>,
    left: u32,
}

// === impl SpendPages ===

impl SpendPages {
    pub(crate) fn new(store: Store, filter: SpendFilter) -> Self {
        let left = filter.limit;
        Self { store, filter, after: None, left }
    }

    /// The next rows, at most a thousand; none: there are no more. Rows that are shipped
    /// meanwhile may be missed, none comes twice.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn next(&mut self) -> Result<Vec<SpendRow>, StoreError> {
        let wanted = self.left.min(PAGE);
        if wanted == 0 {
            return Ok(Vec::new());
        }
        let mut filter = SpendFilter { limit: wanted, ..self.filter.clone() };
        if self.after.is_some() {
            filter.offset = 0;
        }
        let rows = self.store.find_calls(&filter, self.after).await?;
        let found = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        self.left = if found < wanted { 0 } else { self.left - found };
        self.after = rows.last().map(|row| (row.started_at, row.call));
        Ok(rows)
    }
}

/// A condition and its parameters, as they are put together.
struct Conditions<'a> {
    sql: String,
    values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    fn add(&mut self, condition: &str, value: Option<Value<'a>>) {
        if let Some(value) = value {
            self.values.push(value);
            let word = if self.values.len() == 1 { "WHERE" } else { "AND" };
            self.sql.push_str(&format!(" {word} {condition} ${}", self.values.len()));
        }
    }
}

/// The statement of a filter. By key, an index has the order of starts; else the ids have it.
pub(crate) fn select(
    filter: &SpendFilter,
    after: Option<(UnixMillis, CallId)>,
) -> (String, Vec<Value<'_>>) {
    let sql = "SELECT calls.*, plugin_sets.digests FROM calls \
               JOIN plugin_sets ON plugin_sets.id = calls.plugins";
    let mut chosen = Conditions { sql: sql.to_owned(), values: Vec::new() };
    let by_key = filter.key_id.is_some();
    let text = |text: &'_ Option<String>| text.clone().map(Value::text);
    chosen.add("call_id =", filter.call.map(Value::from));
    chosen.add("key_id =", text(&filter.key_id));
    chosen.add("user_id =", text(&filter.user_id));
    chosen.add("team_id =", text(&filter.team_id));
    chosen.add("organization_id =", text(&filter.organization_id));
    chosen.add("customer_id =", text(&filter.customer_id));
    chosen.add("started_at >=", filter.from.map(|from| stored(from).into()));
    chosen.add("started_at <", filter.until.map(|until| stored(until).into()));
    if !by_key {
        let from = filter.from.map(|from| first_id(from.saturating_sub(SLACK)).into());
        let until = filter.until.map(|until| first_id(until.saturating_add(SLACK)).into());
        chosen.add("call_id >=", from);
        chosen.add("call_id <", until);
        chosen.add("call_id <", after.map(|(_, call)| call.into()));
    } else if let Some((started, call)) = after {
        chosen.add("started_at <=", Some(stored(started).into()));
        let started = stored(started);
        chosen.add(&format!("(started_at < {started} OR call_id <"), Some(call.into()));
        chosen.sql.push(')');
    }
    let order = if by_key { "started_at DESC, call_id DESC" } else { "call_id DESC" };
    let (limit, offset) = (filter.limit, filter.offset);
    chosen.sql.push_str(&format!(" ORDER BY {order} LIMIT {limit} OFFSET {offset}"));
    (chosen.sql, chosen.values)
}

/// The least id of a call that began at a time.
pub(in crate::store) fn first_id(at: UnixMillis) -> CallId {
    let mut bytes = [0; 16];
    let time = at.min((1 << 48) - 1).to_be_bytes();
    for (place, byte) in bytes.iter_mut().zip(time.into_iter().skip(2)) {
        *place = byte;
    }
    CallId::from_bytes(bytes)
}

// === impl Store ===

impl Store {
    pub(crate) async fn find_calls(
        &self,
        filter: &SpendFilter,
        after: Option<(UnixMillis, CallId)>,
    ) -> Result<Vec<SpendRow>, StoreError> {
        let (sql, values) = select(filter, after);
        let mut session = self.read().await?;
        let rows = session.rows_of(sql, &values).await;
        let rows = self.track(rows)?;
        session.done().await;
        rows.iter().map(read).collect()
    }
}

pub(in crate::store) fn read(row: &Row) -> Result<SpendRow, StoreError> {
    let status = u16::try_from(row.number("status")?);
    let text = |column| row.text(column).map(str::to_owned);
    let time = |column| row.maybe_number(column).map(|time| time.map(number));
    Ok(SpendRow {
        call: row.call("call_id")?,
        client_call_id: row.maybe_text("client_call_id")?,
        key_id: text("key_id")?,
        key_alias: row.maybe_text("key_alias")?,
        user_id: row.maybe_text("user_id")?,
        team_id: row.maybe_text("team_id")?,
        account: account(row)?,
        route: text("route")?,
        dialect: word(row, "dialect")?,
        model: text("model")?,
        deployment: text("deployment")?,
        provider: text("provider")?,
        upstream_model: text("upstream_model")?,
        service: Service {
            model: row.maybe_text("served_model")?,
            attempts: u16::try_from(row.number("attempts")?)
                .map_err(|_| StoreError::Unreadable { column: "attempts" })?,
            fallback: row.flag("fallback")?,
            first_token_at: time("first_token_at")?,
        },
        stream: row.flag("stream")?,
        status: status.map_err(|_| StoreError::Unreadable { column: "status" })?,
        ending: word(row, "ending")?,
        error: row.maybe_text("error")?,
        usage: usage(row)?,
        estimated: row.flag("estimated")?,
        charge: charge(row)?,
        reserved: NanoUsd::from_stored(row.number("reserved_nano_usd")?),
        started_at: number(row.number("started_at")?),
        first_byte_at: time("first_byte_at")?,
        ended_at: number(row.number("ended_at")?),
        plugins: json(row.text("digests")?, "digests")?,
    })
}

fn account(row: &Row) -> Result<Account, StoreError> {
    let tags = row.maybe_text("tags")?;
    Ok(Account {
        organization_id: row.maybe_text("organization_id")?,
        customer_id: row.maybe_text("customer_id")?,
        tags: tags.map_or(Ok(Vec::new()), |tags| json(&tags, "tags"))?,
        client_address: row.maybe_text("client_address")?,
    })
}

pub(in crate::store) fn usage(row: &Row) -> Result<Usage, StoreError> {
    let tokens = |column| row.number(column).map(number);
    Ok(Usage {
        input: tokens("input_tokens")?,
        output: tokens("output_tokens")?,
        cached_input: tokens("cached_input_tokens")?,
        cache_write: tokens("cache_write_tokens")?,
        reasoning: tokens("reasoning_tokens")?,
        audio_input: tokens("audio_input_tokens")?,
        audio_output: tokens("audio_output_tokens")?,
    })
}

fn charge(row: &Row) -> Result<Charge, StoreError> {
    let version = row.maybe_text("price_version")?;
    let pricing = match (row.text("pricing")?, version) {
        ("priced", Some(version)) => Pricing::Priced(version),
        ("unpriced", _) => Pricing::Unpriced,
        ("meter-failed", _) => Pricing::MeterFailed,
        _ => return Err(StoreError::Unreadable { column: "pricing" }),
    };
    let money = |column| row.number(column).map(NanoUsd::from_stored);
    Ok(Charge {
        amount: money("charge_nano_usd")?,
        input: money("input_nano_usd")?,
        cached: money("cached_nano_usd")?,
        output: money("output_nano_usd")?,
        pricing,
    })
}

/// A column of JSON.
fn json<T: for<'de> Deserialize<'de>>(text: &str, column: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable { column })
}

/// A column with the name of a variant.
fn word<T: for<'de> Deserialize<'de>>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    let value = Json::String(row.text(column)?.to_owned());
    serde_json::from_value(value).map_err(|_| StoreError::Unreadable { column })
}
