//! Sums of days, read back in groups.

use tollgate_domain::{NanoUsd, Usage};

use super::SUM_COLUMNS;
use crate::StoreError;
use crate::store::calls::usage;
use crate::store::value::{Row, Value};
use crate::store::{Store, number, stored};

/// What sums can be grouped and chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DayField {
    /// The virtual key: hexadecimal SHA-256.
    Key,
    /// Its user.
    User,
    /// Its team.
    Team,
    /// Its organization.
    Organization,
    /// The model that the client asked for.
    Model,
    /// The provider's name of the model.
    UpstreamModel,
    /// The provider.
    Provider,
    /// The route.
    Route,
    /// A tag: a call counts for each that it has.
    Tag,
    /// The customer.
    Customer,
}

/// Which sums are wanted.
#[derive(Clone, Debug, Default)]
pub struct DailyFilter {
    /// Days from this one on, counted in UTC since 1970.
    pub from: Option<u32>,
    /// Days up to this one, itself included.
    pub until: Option<u32>,
    /// Whether each day is a group of its own.
    pub by_day: bool,
    /// Each value of these is a group. Tags and customers go with keys, models and providers, not
    /// with one another or the rest.
    pub by: Vec<DayField>,
    /// Only calls with these values.
    pub only: Vec<(DayField, String)>,
}

/// The sums of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyRow {
    /// The day, if each has its own.
    pub day: Option<u32>,
    /// The values of the fields that were grouped by, in their order; absent ones are empty.
    pub names: Vec<String>,
    /// All calls, interrupted ones included.
    pub requests: u64,
    /// Those that succeeded.
    pub successes: u64,
    /// Those that failed.
    pub failures: u64,
    /// Their tokens.
    pub usage: Usage,
    /// What they cost.
    pub charge: NanoUsd,
    /// How long they took, in milliseconds.
    pub duration_ms: u64,
}

// === impl DayField ===

impl DayField {
    /// The column, and the kind of label if it is one.
    fn column(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Key => ("key_id", None),
            Self::User => ("user_id", None),
            Self::Team => ("team_id", None),
            Self::Organization => ("organization_id", None),
            Self::Model => ("model", None),
            Self::UpstreamModel => ("upstream_model", None),
            Self::Provider => ("provider", None),
            Self::Route => ("route", None),
            Self::Tag => ("label", Some("tag")),
            Self::Customer => ("label", Some("customer")),
        }
    }
}

/// The statement for a filter. `least` is the function that gives the lesser of two numbers.
fn select<'a>(filter: &'a DailyFilter, least: &str) -> (String, Vec<Value<'a>>) {
    let fields = filter.by.iter().copied().chain(filter.only.iter().map(|(field, _)| *field));
    let kind = fields.map(DayField::column).find_map(|(_, kind)| kind);
    let mut groups: Vec<&str> = filter.by.iter().map(|field| field.column().0).collect();
    if filter.by_day {
        groups.push("day");
    }
    let mut values = Vec::new();
    let mut conditions = Vec::new();
    let mut choose = |condition: String, value| {
        values.push(value);
        conditions.push(format!("{condition} ${}", values.len()));
    };
    if let Some(kind) = kind {
        choose("kind =".to_owned(), Value::text(kind));
    }
    for (field, value) in &filter.only {
        choose(format!("{} =", field.column().0), Value::text(super::clip(value, super::NAME_MAX)));
    }
    for (condition, day) in [("day >=", filter.from), ("day <=", filter.until)] {
        if let Some(day) = day {
            choose(condition.to_owned(), stored(day.into()).into());
        }
    }
    let mut sql = "SELECT ".to_owned();
    for group in &groups {
        sql.push_str(&format!("{group}, "));
    }
    // Without any row there is no sum; PostgreSQL's are wider than what they are made of.
    let sums = SUM_COLUMNS.map(|sum| {
        format!("CAST({least}(coalesce(sum({sum}), 0), 9223372036854775807) AS BIGINT) AS {sum}")
    });
    sql.push_str(&sums.join(", "));
    sql.push_str(if kind.is_some() { " FROM daily_labels" } else { " FROM daily" });
    for (number, condition) in conditions.iter().enumerate() {
        sql.push_str(if number == 0 { " WHERE " } else { " AND " });
        sql.push_str(condition);
    }
    if !groups.is_empty() {
        let groups = groups.join(", ");
        sql.push_str(&format!(" GROUP BY {groups} ORDER BY {groups}"));
    }
    (sql, values)
}

// === impl Store ===

impl Store {
    pub(crate) async fn daily(&self, filter: &DailyFilter) -> Result<Vec<DailyRow>, StoreError> {
        let least = if self.database.is_shared() { "least" } else { "min" };
        let (sql, values) = select(filter, least);
        let mut session = self.read().await?;
        let rows = session.rows_of(sql, &values).await;
        let rows = self.track(rows)?;
        session.done().await;
        rows.iter().map(|row| read(row, filter)).collect()
    }
}

fn read(row: &Row, filter: &DailyFilter) -> Result<DailyRow, StoreError> {
    let count = |column| row.number(column).map(number);
    let day = filter.by_day.then(|| row.number("day")).transpose()?;
    Ok(DailyRow {
        day: day.and_then(|day| u32::try_from(day).ok()),
        names: (0..filter.by.len()).map(|place| row.text_at(place)).collect::<Result<_, _>>()?,
        requests: count("requests")?,
        successes: count("successes")?,
        failures: count("failures")?,
        usage: usage(row)?,
        charge: NanoUsd::from_stored(row.number("charge_nano_usd")?),
        duration_ms: count("duration_ms")?,
    })
}
