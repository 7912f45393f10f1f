//! What is sent to a database and what comes back, whichever of the two it is.

use std::borrow::Cow;

use sqlx::postgres::{PgArguments, PgRow, Postgres};
use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteRow};
use sqlx::{ColumnIndex, Decode, Row as _, Type, TypeInfo as _, ValueRef as _};
use tollgate_domain::{CallId, KeyHash};
use uuid::Uuid;

use crate::StoreError;

/// A value of a column or a parameter.
#[derive(Clone, Debug)]
pub(crate) enum Value<'a> {
    /// Text; PostgreSQL holds no NUL, so both stores get a replacement character for one.
    Text(Option<Cow<'a, str>>),
    /// A whole number.
    Number(Option<i64>),
    /// Yes or no.
    Flag(Option<bool>),
    /// An id of 16 bytes.
    Id(Uuid),
    /// Several texts as one parameter: an array, or JSON where there are none.
    Texts(Vec<String>),
    /// Several ids as one parameter: an array, or JSON of their hexadecimal digits.
    Ids(Vec<Uuid>),
    /// A column of texts: PostgreSQL's only, as the next two.
    MaybeTexts(Vec<Option<Cow<'a, str>>>),
    /// A column of numbers.
    Numbers(Vec<Option<i64>>),
    /// A column of flags.
    Flags(Vec<Option<bool>>),
}

/// A row that came back.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A statement, in one text where both databases understand it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

impl From<&'static str> for Sql {
    fn from(both: &'static str) -> Self {
        Self { sqlite: both, postgres: both }
    }
}

// === impl Value ===

impl<'a> Value<'a> {
    /// Text that is there.
    pub(crate) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(Some(storable(text.into())))
    }

    /// Text that may be absent.
    pub(crate) fn maybe(text: &'a Option<String>) -> Self {
        Self::Text(text.as_deref().map(|text| storable(text.into())))
    }
}

fn storable(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Number(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Number(number)
    }
}

impl From<CallId> for Value<'_> {
    fn from(call: CallId) -> Self {
        Self::Id(Uuid::from_bytes(*call.as_bytes()))
    }
}

impl From<KeyHash> for Value<'_> {
    fn from(hash: KeyHash) -> Self {
        Self::text(hash.to_string())
    }
}

type SqliteQuery<'q> = Query<'q, Sqlite, SqliteArguments>;
type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

/// Binds values for SQLite.
pub(crate) fn bind_sqlite<'q>(query: SqliteQuery<'q>, values: &'q [Value<'q>]) -> SqliteQuery<'q> {
    values.iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text.as_deref()),
        Value::Number(number) => query.bind(*number),
        Value::Flag(flag) => query.bind(*flag),
        Value::Id(id) => query.bind(*id),
        Value::Texts(texts) => query.bind(serde_json::Value::from(texts.clone()).to_string()),
        Value::Ids(ids) => {
            let texts = ids.iter().map(|id| id.simple().to_string());
            query.bind(serde_json::Value::from_iter(texts).to_string())
        }
        // Columns are never sent to SQLite.
        Value::MaybeTexts(_) | Value::Numbers(_) | Value::Flags(_) => query.bind(None::<i64>),
    })
}

/// Binds values for PostgreSQL.
pub(crate) fn bind_postgres<'q>(query: PgQuery<'q>, values: &'q [Value<'q>]) -> PgQuery<'q> {
    values.iter().fold(query, |query, value| match value {
        Value::Text(text) => query.bind(text.as_deref()),
        Value::Number(number) => query.bind(*number),
        Value::Flag(flag) => query.bind(*flag),
        Value::Id(id) => query.bind(*id),
        Value::Texts(texts) => query.bind(texts.as_slice()),
        Value::Ids(ids) => query.bind(ids.as_slice()),
        Value::MaybeTexts(texts) => query.bind(texts.as_slice()),
        Value::Numbers(numbers) => query.bind(numbers.as_slice()),
        Value::Flags(flags) => query.bind(flags.as_slice()),
    })
}

// === impl Row ===

impl Row {
    fn get<'r, T>(&'r self, column: &'static str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        value.map_err(|_| StoreError::Unreadable { column })
    }

    /// Text.
    pub(crate) fn text(&self, column: &'static str) -> Result<&str, StoreError> {
        self.get(column)
    }

    /// Text that may be absent.
    pub(crate) fn maybe_text(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    /// A number that may be absent, however wide the column is.
    pub(crate) fn maybe_number(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        let Self::Postgres(row) = self else { return self.get(column) };
        let unreadable = |_| StoreError::Unreadable { column };
        let raw = row.try_get_raw(column).map_err(unreadable)?;
        if raw.is_null() {
            return Ok(None);
        }
        let number = match raw.type_info().name() {
            "INT2" => row.try_get::<i16, _>(column).map(i64::from),
            "INT4" => row.try_get::<i32, _>(column).map(i64::from),
            _ => row.try_get::<i64, _>(column),
        };
        number.map(Some).map_err(unreadable)
    }

    /// A number.
    pub(crate) fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        self.maybe_number(column)?.ok_or(StoreError::Unreadable { column })
    }

    /// Yes or no, or neither.
    pub(crate) fn maybe_flag(&self, column: &'static str) -> Result<Option<bool>, StoreError> {
        self.get(column)
    }

    /// Yes or no.
    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        self.get(column)
    }

    /// A call's id.
    pub(crate) fn call(&self, column: &'static str) -> Result<CallId, StoreError> {
        let id: Uuid = self.get(column)?;
        Ok(CallId::from_bytes(*id.as_bytes()))
    }

    /// The text of a column that is chosen by its place.
    pub(crate) fn text_at(&self, place: usize) -> Result<String, StoreError> {
        let column = "of a group";
        let text = match self {
            Self::Sqlite(row) => at(row, place),
            Self::Postgres(row) => at(row, place),
        };
        text.map_err(|_| StoreError::Unreadable { column })
    }
}

fn at<R: sqlx::Row>(row: &R, place: usize) -> Result<String, sqlx::Error>
where
    usize: ColumnIndex<R>,
    String: for<'r> Decode<'r, R::Database> + Type<R::Database>,
{
    row.try_get(place)
}
