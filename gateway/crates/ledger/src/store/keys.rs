//! SQL of the virtual keys.

use serde_json::Value as Json;
use tollgate_domain::{KeyHash, NanoUsd, UnixMillis};

use super::session::Session;
use super::value::{Row, Sql, Value};
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

macro_rules! keep_deleted {
    ($among:literal) => {
        concat!(
            "INSERT INTO deleted_keys (",
            columns!(),
            ", base, deleted_at, deleted_by) SELECT ",
            columns!(),
            ", base, $2, $3 FROM keys WHERE ",
            $among
        )
    };
}

macro_rules! list {
    ($place:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " ",
            chosen!(),
            " ORDER BY created_at DESC, ",
            $place,
            " DESC LIMIT $5 OFFSET $6"
        )
    };
}

const FIND: &str = concat!("SELECT ", columns!(), " FROM keys WHERE hash = $1");
const FIND_ALIAS: &str = concat!("SELECT ", columns!(), " FROM keys WHERE alias = $1");
/// What a key is made with that its earlier calls do not account for, it has in `base`.
const INSERT: &str = concat!(
    "INSERT INTO keys (",
    columns!(),
    ", base) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
     $7 - coalesce((SELECT sum(charge_nano_usd) FROM daily WHERE key_id = $1), 0))"
);
const UPDATE: &str = "UPDATE keys SET name = $2, alias = $3, user_id = $4, team_id = $5, \
     models = $6, base = base + ($7 - spend), spend = $7, max_budget = $8, rpm_limit = $9, \
     blocked = $10, expires = $11, extra = $12, created_at = $13, updated_at = $14, \
     created_by = $15, updated_by = $16 WHERE hash = $1";
const BLOCK: &str = concat!(
    "UPDATE keys SET blocked = $2, updated_at = $3, updated_by = $4 WHERE hash = $1 RETURNING ",
    columns!()
);
const KEEP_DELETED: Sql = Sql {
    sqlite: keep_deleted!("hash IN (SELECT value FROM json_each($1))"),
    postgres: keep_deleted!("hash = ANY($1)"),
};
const DELETE: Sql = Sql {
    sqlite: "DELETE FROM keys WHERE hash IN (SELECT value FROM json_each($1)) RETURNING hash",
    postgres: "DELETE FROM keys WHERE hash = ANY($1) RETURNING hash",
};
const LIST: Sql = Sql { sqlite: list!("rowid"), postgres: list!("place") };
const COUNT: &str = concat!("SELECT count(*) AS total ", chosen!());

// === impl Store ===

impl Store {
    pub(crate) async fn find_key(&self, hash: KeyHash) -> Result<Option<StoredKey>, StoreError> {
        self.one_key(FIND, &[hash.into()]).await
    }

    pub(crate) async fn find_key_by_alias(
        &self,
        alias: &str,
    ) -> Result<Option<StoredKey>, StoreError> {
        self.one_key(FIND_ALIAS, &[Value::text(alias)]).await
    }

    async fn one_key(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<StoredKey>, StoreError> {
        let mut session = self.read().await?;
        let row = session.row(sql, values).await;
        let row = self.track(row)?;
        session.done().await;
        row.as_ref().map(read).transpose()
    }

    pub(crate) async fn insert_key(&self, key: &StoredKey) -> Result<(), KeyError> {
        let mut session = self.write().await?;
        self.put_key(INSERT, key, &mut session).await?;
        Ok(self.track(session.commit().await)?)
    }

    /// Reads, changes and writes a key in one transaction, so that spend shipped meanwhile stays.
    pub(crate) async fn change_key(
        &self,
        hash: KeyHash,
        change: KeyChange,
        now: UnixMillis,
    ) -> Result<Option<StoredKey>, KeyError> {
        let mut session = self.write().await?;
        let found = find(&mut session, hash).await;
        let Some(row) = self.track(found)? else {
            self.track(session.roll_back().await)?;
            return Ok(None);
        };
        let mut key = read(&row)?;
        key.apply(change, now);
        self.put_key(UPDATE, &key, &mut session).await?;
        self.track(session.commit().await)?;
        Ok(Some(key))
    }

    pub(crate) async fn block_key(
        &self,
        hash: KeyHash,
        blocked: bool,
        by: &str,
        now: UnixMillis,
    ) -> Result<Option<StoredKey>, StoreError> {
        let values = [hash.into(), Value::Flag(Some(blocked)), stored(now).into(), Value::text(by)];
        let mut session = self.write().await?;
        let row = session.row(BLOCK, &values).await;
        let row = self.track(row)?;
        self.track(session.commit().await)?;
        row.as_ref().map(read).transpose()
    }

    pub(crate) async fn delete_keys(
        &self,
        hashes: &[KeyHash],
        by: &str,
        now: UnixMillis,
    ) -> Result<Vec<KeyHash>, StoreError> {
        let wanted = Value::Texts(hashes.iter().map(KeyHash::to_string).collect());
        let mut session = self.write().await?;
        let values = [wanted.clone(), stored(now).into(), Value::text(by)];
        let kept = session.execute(KEEP_DELETED, &values).await;
        self.track(kept)?;
        let deleted = session.rows(DELETE, &[wanted]).await;
        let deleted = self.track(deleted)?.iter().map(read_hash).collect::<Result<_, _>>()?;
        self.track(session.commit().await)?;
        Ok(deleted)
    }

    pub(crate) async fn list_keys(
        &self,
        filter: &KeyFilter,
    ) -> Result<(Vec<StoredKey>, u64), StoreError> {
        let before = u64::from(filter.page.saturating_sub(1)) * u64::from(filter.size);
        let mut values = vec![
            Value::maybe(&filter.user_id),
            Value::maybe(&filter.team_id),
            Value::maybe(&filter.key_alias),
            filter.key_hash.map_or(Value::Text(None), Value::from),
        ];
        let mut session = self.snapshot().await?;
        let total = session.row(COUNT, &values).await;
        let total = self.track(total)?;
        values.extend([i64::from(filter.size).into(), stored(before).into()]);
        let rows = session.rows(LIST, &values).await;
        let rows = self.track(rows)?;
        session.done().await;
        let keys = rows.iter().map(read).collect::<Result<_, _>>()?;
        let total = total.ok_or(StoreError::Unreadable { column: "total" })?;
        Ok((keys, number(total.number("total")?)))
    }

    async fn put_key(
        &self,
        sql: &'static str,
        key: &StoredKey,
        session: &mut Session,
    ) -> Result<(), KeyError> {
        let values = [
            key.hash.into(),
            Value::text(&*key.name),
            Value::maybe(&key.alias),
            Value::maybe(&key.user_id),
            Value::maybe(&key.team_id),
            Value::text(Json::from(key.models.clone()).to_string()),
            key.spend.to_stored().into(),
            key.max_budget.map(NanoUsd::to_stored).into(),
            key.rpm_limit.map(stored).into(),
            Value::Flag(key.blocked),
            key.expires.map(stored).into(),
            Value::text(Json::Object(key.extra.clone()).to_string()),
            stored(key.created_at).into(),
            stored(key.updated_at).into(),
            Value::text(&*key.created_by),
            Value::text(&*key.updated_by),
        ];
        match session.execute(sql, &values).await {
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
pub(super) async fn find(session: &mut Session, hash: KeyHash) -> Result<Option<Row>, sqlx::Error> {
    session.row(FIND, &[hash.into()]).await
}

fn read_hash(row: &Row) -> Result<KeyHash, StoreError> {
    row.text("hash")?.parse().map_err(|_| StoreError::Unreadable { column: "hash" })
}

pub(super) fn read(row: &Row) -> Result<StoredKey, StoreError> {
    let unreadable = |column| move |_| StoreError::Unreadable { column };
    let text = |column| row.text(column).map(str::to_owned);
    let maybe = |column| row.maybe_number(column);
    Ok(StoredKey {
        hash: read_hash(row)?,
        name: text("name")?,
        alias: row.maybe_text("alias")?,
        user_id: row.maybe_text("user_id")?,
        team_id: row.maybe_text("team_id")?,
        models: serde_json::from_str(row.text("models")?).map_err(unreadable("models"))?,
        spend: NanoUsd::from_stored(row.number("spend")?),
        max_budget: maybe("max_budget")?.map(NanoUsd::from_stored),
        rpm_limit: maybe("rpm_limit")?.map(number),
        blocked: row.maybe_flag("blocked")?,
        expires: maybe("expires")?.map(number),
        extra: serde_json::from_str(row.text("extra")?).map_err(unreadable("extra"))?,
        created_at: number(row.number("created_at")?),
        updated_at: number(row.number("updated_at")?),
        created_by: text("created_by")?,
        updated_by: text("updated_by")?,
    })
}
