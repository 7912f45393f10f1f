//! SQL that compares what is kept twice: spend and sums with the rows that they are made of.

use super::session::Session;
use super::value::Row;
use super::{Store, number};
use crate::StoreError;

/// Findings of a kind that are told; more say no more.
const TOLD_MAX: i64 = 20;

const COUNTS: &str = "SELECT (SELECT count(*) FROM calls) AS calls, \
     (SELECT count(*) FROM keys) AS keys, (SELECT count(DISTINCT day) FROM daily) AS days";

/// Sums of days hold every call ever, while rows may have been dropped. What has reached the
/// largest number says nothing any more.
const KEYS: &str = "SELECT hash AS what, spend AS have, base + charge AS want FROM \
     (SELECT hash, spend, base, (SELECT CAST(coalesce(sum(charge_nano_usd), 0) AS BIGINT) \
     FROM daily WHERE daily.key_id = keys.hash) AS charge FROM keys) AS told \
     WHERE spend <> base + charge AND spend < 9223372036854775807 ORDER BY hash LIMIT $1";

/// A day that has fewer rows than calls had some dropped, and is not compared.
const DAYS: &str = "SELECT CAST(told.day AS TEXT) AS what, told.charge AS have, rows.charge AS want \
     FROM (SELECT day, CAST(sum(charge_nano_usd) AS BIGINT) AS charge, \
     CAST(sum(requests) AS BIGINT) AS requests, CAST(sum(input_tokens) AS BIGINT) AS input, \
     CAST(sum(output_tokens) AS BIGINT) AS output FROM daily GROUP BY day) AS told \
     JOIN (SELECT started_at / 86400000 AS day, CAST(sum(charge_nano_usd) AS BIGINT) AS charge, \
     count(*) AS requests, CAST(sum(input_tokens) AS BIGINT) AS input, \
     CAST(sum(output_tokens) AS BIGINT) AS output FROM calls GROUP BY 1) AS rows \
     ON rows.day = told.day WHERE rows.requests >= told.requests \
     AND (rows.requests <> told.requests OR rows.charge <> told.charge \
     OR rows.input <> told.input OR rows.output <> told.output) ORDER BY told.day LIMIT $1";

const UNTOLD: &str = "SELECT CAST(started_at / 86400000 AS TEXT) AS what, count(*) AS have, \
     0 AS want FROM calls WHERE NOT EXISTS (SELECT 1 FROM daily \
     WHERE daily.day = started_at / 86400000) GROUP BY 1 ORDER BY 1 LIMIT $1";

/// What a comparison found.
#[derive(Default)]
pub(crate) struct Checked {
    pub(crate) calls: u64,
    pub(crate) keys: u64,
    pub(crate) days: u64,
    pub(crate) wrong: Vec<String>,
}

// === impl Store ===

impl Store {
    /// Compares everything as it is at one moment.
    pub(crate) async fn check(&self) -> Result<Checked, StoreError> {
        let mut session = self.snapshot().await?.patient();
        let counts = session.row(COUNTS, &[]).await;
        let counts = self.track(counts)?.ok_or(StoreError::Unreadable { column: "calls" })?;
        let count = |column| counts.number(column).map(number);
        let mut checked = Checked {
            calls: count("calls")?,
            keys: count("keys")?,
            days: count("days")?,
            wrong: Vec::new(),
        };
        let kinds = [
            (KEYS, "spend of key", "its calls come to"),
            (DAYS, "sums of day", "its calls come to"),
            (UNTOLD, "sums of day", "there are none, but calls"),
        ];
        for (sql, what, but) in kinds {
            let rows = self.compare(&mut session, sql).await?;
            for row in &rows {
                checked.wrong.push(told(row, what, but)?);
            }
        }
        session.done().await;
        Ok(checked)
    }

    async fn compare(
        &self,
        session: &mut Session,
        sql: &'static str,
    ) -> Result<Vec<Row>, StoreError> {
        let rows = session.rows(sql, &[TOLD_MAX.into()]).await;
        self.track(rows)
    }
}

fn told(row: &Row, what: &str, but: &str) -> Result<String, StoreError> {
    let (name, have, want) = (row.text("what")?, row.number("have")?, row.number("want")?);
    Ok(format!("{what} {name}: {have}, {but} {want}"))
}
