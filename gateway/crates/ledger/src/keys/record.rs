//! Virtual keys as the store knows them.

use serde_json::{Map, Value};
use tollgate_domain::{KeyHash, KeyLimits, KeyRecord, NanoUsd, Scopes, UnixMillis};

/// A virtual key in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredKey {
    /// SHA-256 of the whole key: the key itself is stored nowhere.
    pub hash: KeyHash,
    /// The key shortened for people, such as `sk-...a1b2`.
    pub name: String,
    /// The alias that its owner chose; no two keys have the same.
    pub alias: Option<String>,
    /// The user that it belongs to.
    pub user_id: Option<String>,
    /// The team that it belongs to.
    pub team_id: Option<String>,
    /// Models that it may call; empty for all.
    pub models: Vec<String>,
    /// What its calls have cost, as far as they were shipped.
    pub spend: NanoUsd,
    /// Money that it may spend in all.
    pub max_budget: Option<NanoUsd>,
    /// Calls that may begin within a minute.
    pub rpm_limit: Option<u64>,
    /// Whether it is blocked; none: nobody ever said.
    pub blocked: Option<bool>,
    /// When it stops being valid.
    pub expires: Option<UnixMillis>,
    /// Every other field of LiteLLM's, stored and given back as it came.
    pub extra: Map<String, Value>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was changed last, spend aside.
    pub updated_at: UnixMillis,
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub updated_by: String,
}

/// A key to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct NewKey {
    /// SHA-256 of the whole key.
    pub hash: KeyHash,
    /// The key shortened for people.
    pub name: String,
    /// The alias that its owner chose.
    pub alias: Option<String>,
    /// The user that it belongs to.
    pub user_id: Option<String>,
    /// The team that it belongs to.
    pub team_id: Option<String>,
    /// Models that it may call; empty for all.
    pub models: Vec<String>,
    /// What counts as spent already; none: nothing.
    pub spend: Option<NanoUsd>,
    /// Money that it may spend in all.
    pub max_budget: Option<NanoUsd>,
    /// Calls that may begin within a minute.
    pub rpm_limit: Option<u64>,
    /// Whether it is blocked.
    pub blocked: Option<bool>,
    /// When it stops being valid.
    pub expires: Option<UnixMillis>,
    /// Every other field.
    pub extra: Map<String, Value>,
    /// Who makes it.
    pub created_by: String,
}

/// A change of a key. An absent field stays as it is; where a field can be emptied, `Some(None)`
/// does so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeyChange {
    /// The alias.
    pub alias: Option<Option<String>>,
    /// The user.
    pub user_id: Option<Option<String>>,
    /// The team.
    pub team_id: Option<Option<String>>,
    /// The models.
    pub models: Option<Vec<String>>,
    /// What counts as spent. Flush the ledger first: calls not yet shipped are added to it.
    pub spend: Option<NanoUsd>,
    /// The budget.
    pub max_budget: Option<Option<NanoUsd>>,
    /// Calls per minute.
    pub rpm_limit: Option<Option<u64>>,
    /// Whether it is blocked.
    pub blocked: Option<Option<bool>>,
    /// When it stops being valid.
    pub expires: Option<Option<UnixMillis>>,
    /// Other fields: these are put over the stored ones, one by one.
    pub extra: Map<String, Value>,
    /// Who changes it.
    pub updated_by: String,
}

/// Which keys are wanted. An absent field does not choose.
#[derive(Clone, Debug)]
pub struct KeyFilter {
    /// The page, from 1.
    pub page: u32,
    /// Keys on a page.
    pub size: u32,
    /// Keys of this user.
    pub user_id: Option<String>,
    /// Keys of this team.
    pub team_id: Option<String>,
    /// The key with this alias.
    pub key_alias: Option<String>,
    /// The key with this hash.
    pub key_hash: Option<KeyHash>,
}

// === impl StoredKey ===

impl StoredKey {
    /// The key as authenticators see it. A virtual key never has more than the right to call
    /// models, and not that if LiteLLM's `key_type` is `management` or `read_only`.
    pub fn record(&self) -> KeyRecord {
        let key_type = self.extra.get("key_type").and_then(Value::as_str);
        let call_models = !matches!(key_type, Some("management" | "read_only"));
        KeyRecord {
            name: self.name.clone(),
            alias: self.alias.clone(),
            user_id: self.user_id.clone(),
            team_id: self.team_id.clone(),
            models: self.models.clone(),
            scopes: Scopes { call_models, ..Scopes::default() },
            limits: KeyLimits { requests_per_minute: self.rpm_limit, max_budget: self.max_budget },
            blocked: self.blocked.unwrap_or(false),
            expires: self.expires,
        }
    }

    pub(crate) fn apply(&mut self, change: KeyChange, now: UnixMillis) {
        fn set<T>(field: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *field = value;
            }
        }
        set(&mut self.alias, change.alias);
        set(&mut self.user_id, change.user_id);
        set(&mut self.team_id, change.team_id);
        set(&mut self.models, change.models);
        set(&mut self.spend, change.spend);
        set(&mut self.max_budget, change.max_budget);
        set(&mut self.rpm_limit, change.rpm_limit);
        set(&mut self.blocked, change.blocked);
        set(&mut self.expires, change.expires);
        self.extra.extend(change.extra);
        self.updated_by = change.updated_by;
        self.updated_at = now;
    }
}

// === impl NewKey ===

impl NewKey {
    /// A key without limits.
    pub fn new(hash: KeyHash, name: &str, created_by: &str) -> Self {
        Self {
            hash,
            name: name.to_owned(),
            alias: None,
            user_id: None,
            team_id: None,
            models: Vec::new(),
            spend: None,
            max_budget: None,
            rpm_limit: None,
            blocked: None,
            expires: None,
            extra: Map::new(),
            created_by: created_by.to_owned(),
        }
    }

    pub(crate) fn into_stored(self, now: UnixMillis) -> StoredKey {
        StoredKey {
            hash: self.hash,
            name: self.name,
            alias: self.alias,
            user_id: self.user_id,
            team_id: self.team_id,
            models: self.models,
            spend: self.spend.unwrap_or_default(),
            max_budget: self.max_budget,
            rpm_limit: self.rpm_limit,
            blocked: self.blocked,
            expires: self.expires,
            extra: self.extra,
            created_at: now,
            updated_at: now,
            updated_by: self.created_by.clone(),
            created_by: self.created_by,
        }
    }
}

// === impl KeyFilter ===

impl Default for KeyFilter {
    fn default() -> Self {
        Self { page: 1, size: 10, user_id: None, team_id: None, key_alias: None, key_hash: None }
    }
}
