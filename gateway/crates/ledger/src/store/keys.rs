//! SQL of the virtual keys.

use serde_json::{Map, Value};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use tollgate_domain::{KeyHash, NanoUsd, UnixMillis};

use super::{Store, number, stored};
use crate::{KeyChange, KeyError, KeyFilter, StoreError, StoredKey};

macro_rules! columns {
    () => {
        "hash, name, alias, user_id, team_id, models, spend, max_budget, rpm_limit, blocked, \
         expires, extra, created_at, updated_at, created_by, updated_by"
    };
}

macro_rules! chosen {
    () => {
        "FROM keys WHERE ($1 IS NULL OR user_id = $1) AND ($2 IS NULL OR team_id = $2) \
         AND ($3 IS NULL OR alias = $3) AND ($4 IS NULL OR hash = $4)"
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM keys WHERE hash = $1");
const FIND_ALIAS: &str = concat!("SELECT ", columns!(), " FROM keys WHERE alias = $1");
const INSERT: &str = concat!(
    "INSERT INTO keys (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
);
const UPDATE: &str = "UPDATE keys SET name = $2, alias = $3, user_id = $4, team_id = $5, \
     models = $6, spend = $7, max_budget = $8, rpm_limit = $9, blocked = $10, expires = $11, \
     extra = $12, created_at = $13, updated_at = $14, created_by = $15, updated_by = $16 \
     WHERE hash = $1";
const BLOCK: &str = concat!(
    "UPDATE keys SET blocked = $2, updated_at = $3, updated_by = $4 WHERE hash = $1 RETURNING ",
    columns!()
);
const KEEP_DELETED: &str = concat!(
    "INSERT INTO deleted_keys (",
    columns!(),
    ", deleted_at, deleted_by) SELECT ",
    columns!(),
    ", $2, $3 FROM keys WHERE hash IN (SELECT value FROM json_each($1))"
);
const DELETE: &str =
    "DELETE FROM keys WHERE hash IN (SELECT value FROM json_each($1)) RETURNING hash";
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " ",
    chosen!(),
    " ORDER BY created_at DESC, rowid DESC LIMIT $5 OFFSET $6"
);
const COUNT: &str = concat!("SELECT count(*) AS total ", chosen!());

// === impl Store ===

impl Store {
    pub(crate) async fn find_key(&self, hash: KeyHash) -> Result<Option<StoredKey>, StoreError> {
        let row = sqlx::query(FIND).bind(hash.to_string()).fetch_optional(&self.pool).await;
        self.track(row)?.as_ref().map(read).transpose()
    }

    pub(crate) async fn find_key_by_alias(
        &self,
        alias: &str,
    ) -> Result<Option<StoredKey>, StoreError> {
        let row = sqlx::query(FIND_ALIAS).bind(alias).fetch_optional(&self.pool).await;
        self.track(row)?.as_ref().map(read).transpose()
    }

    pub(crate) async fn insert_key(&self, key: &StoredKey) -> Result<(), KeyError> {
        let mut connection = self.track(self.pool.acquire().await)?;
        self.write(INSERT, key, &mut connection).await
    }

    /// Reads, changes and writes a key in one transaction, so that spend shipped meanwhile stays.
    pub(crate) async fn change_key(
        &self,
        hash: KeyHash,
        change: KeyChange,
        now: UnixMillis,
    ) -> Result<Option<StoredKey>, KeyError> {
        let mut transaction = self.track(self.pool.begin_with("BEGIN IMMEDIATE").await)?;
        let found = sqlx::query(FIND).bind(hash.to_string()).fetch_optional(&mut *transaction);
        let Some(row) = self.track(found.await)? else { return Ok(None) };
        let mut key = read(&row)?;
        key.apply(change, now);
        self.write(UPDATE, &key, &mut transaction).await?;
        self.track(transaction.commit().await)?;
        Ok(Some(key))
    }

    pub(crate) async fn block_key(
        &self,
        hash: KeyHash,
        blocked: bool,
        by: &str,
        now: UnixMillis,
    ) -> Result<Option<StoredKey>, StoreError> {
        let query = sqlx::query(BLOCK).bind(hash.to_string()).bind(blocked).bind(stored(now));
        let row = query.bind(by).fetch_optional(&self.pool).await;
        self.track(row)?.as_ref().map(read).transpose()
    }

    pub(crate) async fn delete_keys(
        &self,
        hashes: &[KeyHash],
        by: &str,
        now: UnixMillis,
    ) -> Result<Vec<KeyHash>, StoreError> {
        let wanted = Value::from_iter(hashes.iter().map(KeyHash::to_string)).to_string();
        let mut transaction = self.track(self.pool.begin_with("BEGIN IMMEDIATE").await)?;
        let kept = sqlx::query(KEEP_DELETED).bind(&wanted).bind(stored(now)).bind(by);
        self.track(kept.execute(&mut *transaction).await)?;
        let deleted = sqlx::query(DELETE).bind(&wanted).fetch_all(&mut *transaction).await;
        let deleted = self.track(deleted)?.iter().map(read_hash).collect::<Result<_, _>>()?;
        self.track(transaction.commit().await)?;
        Ok(deleted)
    }

    pub(crate) async fn list_keys(
        &self,
        filter: &KeyFilter,
    ) -> Result<(Vec<StoredKey>, u64), StoreError> {
        let hash = filter.key_hash.map(|hash| hash.to_string());
        let (user, team, alias) = (&filter.user_id, &filter.team_id, &filter.key_alias);
        let before = u64::from(filter.page.saturating_sub(1)) * u64::from(filter.size);
        let page = sqlx::query(LIST).bind(user).bind(team).bind(alias).bind(&hash);
        let page = page.bind(i64::from(filter.size)).bind(stored(before));
        let rows = self.track(page.fetch_all(&self.pool).await)?;
        let total = sqlx::query(COUNT).bind(user).bind(team).bind(alias).bind(&hash);
        let total = self.track(total.fetch_one(&self.pool).await)?;
        let keys = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok((keys, number(get(&total, "total")?)))
    }

    async fn write(
        &self,
        sql: &'static str,
        key: &StoredKey,
        connection: &mut SqliteConnection,
    ) -> Result<(), KeyError> {
        let written = sqlx::query(sql)
            .bind(key.hash.to_string())
            .bind(&key.name)
            .bind(&key.alias)
            .bind(&key.user_id)
            .bind(&key.team_id)
            .bind(Value::from(key.models.clone()).to_string())
            .bind(key.spend.to_stored())
            .bind(key.max_budget.map(NanoUsd::to_stored))
            .bind(key.rpm_limit.map(stored))
            .bind(key.blocked)
            .bind(key.expires.map(stored))
            .bind(Value::Object(key.extra.clone()).to_string())
            .bind(stored(key.created_at))
            .bind(stored(key.updated_at))
            .bind(&key.created_by)
            .bind(&key.updated_by)
            .execute(connection)
            .await;
        match written {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                // The store answered well; only the message says which of the two it was.
                let alias = error.message().contains("alias");
                Err(if alias { KeyError::AliasTaken } else { KeyError::KeyTaken })
            }
            other => Ok(self.track(other).map(drop)?),
        }
    }
}

/// The row of a key, seen from inside a transaction.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    hash: KeyHash,
) -> Result<Option<SqliteRow>, sqlx::Error> {
    sqlx::query(FIND).bind(hash.to_string()).fetch_optional(connection).await
}

/// A column's value; what cannot be read is named.
pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(column).map_err(|_| StoreError::Unreadable { column })
}

fn read_hash(row: &SqliteRow) -> Result<KeyHash, StoreError> {
    let hash: &str = get(row, "hash")?;
    hash.parse().map_err(|_| StoreError::Unreadable { column: "hash" })
}

pub(super) fn read(row: &SqliteRow) -> Result<StoredKey, StoreError> {
    let models: &str = get(row, "models")?;
    let extra: &str = get(row, "extra")?;
    let extra: Map<String, Value> =
        serde_json::from_str(extra).map_err(|_| StoreError::Unreadable { column: "extra" })?;
    Ok(StoredKey {
        hash: read_hash(row)?,
        name: get(row, "name")?,
        alias: get(row, "alias")?,
        user_id: get(row, "user_id")?,
        team_id: get(row, "team_id")?,
        models: serde_json::from_str(models)
            .map_err(|_| StoreError::Unreadable { column: "models" })?,
        spend: NanoUsd::from_stored(get(row, "spend")?),
        max_budget: get::<Option<i64>>(row, "max_budget")?.map(NanoUsd::from_stored),
        rpm_limit: get::<Option<i64>>(row, "rpm_limit")?.map(number),
        blocked: get::<Option<i64>>(row, "blocked")?.map(|blocked| blocked != 0),
        expires: get::<Option<i64>>(row, "expires")?.map(number),
        extra,
        created_at: number(get(row, "created_at")?),
        updated_at: number(get(row, "updated_at")?),
        created_by: get(row, "created_by")?,
        updated_by: get(row, "updated_by")?,
    })
}
