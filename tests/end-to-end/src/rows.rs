//! The ledger's rows, read from the database file.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{Connection, Row as _};

/// One row of `calls`.
#[derive(Clone, Debug)]
pub struct Row {
    /// The call's id.
    pub call_id: String,
    /// The key's hash.
    pub key_id: String,
    /// `success`, `failure` or `interrupted`.
    pub ending: String,
    /// Input tokens.
    pub input_tokens: i64,
    /// Output tokens.
    pub output_tokens: i64,
    /// What was charged, in nano-dollars.
    pub charge: i64,
}

/// Every row of the ledger in a data directory.
pub async fn rows(data: &Path) -> Vec<Row> {
    let options = SqliteConnectOptions::new().filename(data.join("tollgate.db")).read_only(true);
    let mut database = SqliteConnection::connect_with(&options).await.expect("the database");
    let query = "SELECT hex(call_id), key_id, ending, input_tokens, output_tokens, \
                 charge_nano_usd FROM calls ORDER BY call_id";
    let found = sqlx::query(query).fetch_all(&mut database).await.expect("the ledger's rows");
    database.close().await.expect("nothing to write");
    found
        .iter()
        .map(|row| Row {
            call_id: hyphenated(row.get(0)),
            key_id: row.get(1),
            ending: row.get(2),
            input_tokens: row.get::<Option<i64>, _>(3).unwrap_or_default(),
            output_tokens: row.get::<Option<i64>, _>(4).unwrap_or_default(),
            charge: row.get::<Option<i64>, _>(5).unwrap_or_default(),
        })
        .collect()
}

/// An id as answers and logs have it, from its hexadecimal digits.
fn hyphenated(digits: String) -> String {
    let digits = digits.to_lowercase();
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| digits.get(part).unwrap_or(""));
    parts.join("-")
}
