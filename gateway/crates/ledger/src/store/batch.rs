//! Many rows at once, by few statements: SQLite gets them row by row as `VALUES`, PostgreSQL
//! column by column as arrays.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use uuid::Uuid;

use super::session::Session;
use super::value::Value;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Flag,
    Id,
}

/// Statements that insert into one table.
pub(crate) struct Batch {
    columns: &'static [(&'static str, Kind)],
    /// For SQLite, by how many rows they take, the most first.
    sqlite: Vec<(usize, SqlStr)>,
    postgres: SqlStr,
}

/// Rows that a statement for SQLite takes. Few different ones, so that all stay prepared; with the
/// widest table they have fewer parameters than SQLite allows.
const ROWS: [usize; 3] = [64, 8, 1];

// === impl Batch ===

impl Batch {
    /// Statements for a table. `conflict` says what becomes of rows that are there.
    pub(crate) fn new(
        table: &'static str,
        columns: &'static [(&'static str, Kind)],
        conflict: &str,
    ) -> Self {
        let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let sqlite = ROWS.map(|count| {
            let rows = vec![&*row; count].join(", ");
            (count, text(format!("INSERT INTO {table} ({names}) VALUES {rows} {conflict}")))
        });
        let arrays: Vec<_> = columns.iter().zip(1..).map(array).collect();
        let arrays = arrays.join(", ");
        let postgres =
            format!("INSERT INTO {table} ({names}) SELECT * FROM UNNEST({arrays}) {conflict}");
        Self { columns, sqlite: sqlite.into(), postgres: text(postgres) }
    }

    /// Inserts rows, whose values follow each other; says how many were not there.
    pub(crate) async fn insert(
        &self,
        session: &mut Session,
        values: &[Value<'_>],
    ) -> Result<u64, sqlx::Error> {
        if let Session::Postgres(_) = session {
            let columns: Vec<_> = (0..self.columns.len()).map(|n| self.column(n, values)).collect();
            return session.execute_text(self.postgres.clone(), &columns).await;
        }
        let mut rest = values;
        let mut inserted = 0;
        for (rows, sql) in &self.sqlite {
            while let Some((now, later)) = rest.split_at_checked(rows * self.columns.len())
                && !now.is_empty()
            {
                inserted += session.execute_text(sql.clone(), now).await?;
                rest = later;
            }
        }
        Ok(inserted)
    }

    /// The values of one column.
    fn column<'a>(&self, number: usize, values: &'a [Value<'_>]) -> Value<'a> {
        let kind = self.columns.get(number).map(|(_, kind)| *kind);
        let values = values.iter().skip(number).step_by(self.columns.len());
        match kind {
            Some(Kind::Number) => Value::Numbers(values.map(as_number).collect()),
            Some(Kind::Flag) => Value::Flags(values.map(as_flag).collect()),
            Some(Kind::Id) => Value::Ids(values.map(as_id).collect()),
            Some(Kind::Text) | None => Value::MaybeTexts(values.map(as_text).collect()),
        }
    }
}

fn text(sql: String) -> SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}

fn array(((_, kind), number): (&(&str, Kind), i32)) -> String {
    let name = match kind {
        Kind::Text => "text",
        Kind::Number => "int8",
        Kind::Flag => "bool",
        Kind::Id => "uuid",
    };
    format!("${number}::{name}[]")
}

fn as_text<'a>(value: &'a Value<'_>) -> Option<Cow<'a, str>> {
    if let Value::Text(text) = value { text.as_deref().map(Cow::Borrowed) } else { None }
}

fn as_number(value: &Value<'_>) -> Option<i64> {
    if let Value::Number(number) = value { *number } else { None }
}

fn as_flag(value: &Value<'_>) -> Option<bool> {
    if let Value::Flag(flag) = value { *flag } else { None }
}

fn as_id(value: &Value<'_>) -> Uuid {
    if let Value::Id(id) = value { *id } else { Uuid::nil() }
}
