//! What the management API needs from the store of keys.

use async_trait::async_trait;
use serde_json::{Map, Value};
use tollgate_domain::{KeyHash, NanoUsd, UnixMillis};

/// A stored virtual key.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredKey {
    /// Its identity.
    pub hash: KeyHash,
    /// The key shortened for people.
    pub name: String,
    /// Its alias, unlike that of any other key.
    pub alias: Option<String>,
    /// The user that it belongs to.
    pub user_id: Option<String>,
    /// The team that it belongs to.
    pub team_id: Option<String>,
    /// Models that it may call; empty for all.
    pub models: Vec<String>,
    /// What it spent, as far as it is stored.
    pub spend: NanoUsd,
    /// What it may spend in all.
    pub max_budget: Option<NanoUsd>,
    /// Calls that may begin within any window of 60 seconds.
    pub rpm_limit: Option<u64>,
    /// Whether it is blocked; none if nobody ever said.
    pub blocked: Option<bool>,
    /// When it stops being valid.
    pub expires: Option<UnixMillis>,
    /// LiteLLM's other fields, by their names there.
    pub extra: Map<String, Value>,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// Who made it.
    pub created_by: String,
    /// Who changed it last.
    pub updated_by: String,
}

/// A key to be stored; the fields are those of [`StoredKey`].
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each field is the one of StoredKey with the same name")]
pub struct NewKey {
    pub hash: KeyHash,
    pub name: String,
    pub alias: Option<String>,
    pub user_id: Option<String>,
    pub team_id: Option<String>,
    pub models: Vec<String>,
    pub spend: NanoUsd,
    pub max_budget: Option<NanoUsd>,
    pub rpm_limit: Option<u64>,
    pub blocked: Option<bool>,
    pub expires: Option<UnixMillis>,
    pub extra: Map<String, Value>,
    pub created_by: String,
}

/// A change of a key: absent fields stay, `Some(None)` empties.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "each field is the one of StoredKey with the same name")]
pub struct KeyChange {
    pub alias: Option<Option<String>>,
    pub user_id: Option<Option<String>>,
    pub team_id: Option<Option<String>>,
    pub models: Option<Vec<String>>,
    pub spend: Option<NanoUsd>,
    pub max_budget: Option<Option<NanoUsd>>,
    pub rpm_limit: Option<Option<u64>>,
    pub blocked: Option<Option<bool>>,
    pub expires: Option<Option<UnixMillis>>,
    /// These are put over the stored ones, one by one; null empties.
    pub extra: Map<String, Value>,
    /// Who changes it.
    pub updated_by: String,
}

/// Which keys to list, newest first. Absent fields do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Of this user.
    pub user_id: Option<String>,
    /// Of this team.
    pub team_id: Option<String>,
    /// With this very alias.
    pub alias: Option<String>,
    /// With this identity.
    pub hash: Option<KeyHash>,
    /// The page, from 1.
    pub page: u32,
    /// Keys on a page.
    pub size: u32,
}

/// Why the store did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum KeyBookError {
    /// Another key has the alias.
    #[error("another key has this alias")]
    AliasTaken,
    /// The key is stored already.
    #[error("the key is stored already")]
    KeyTaken,
    /// The store cannot be reached, or failed.
    #[error("the store of keys failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The store of virtual keys.
#[async_trait]
pub trait KeyBook: Send + Sync {
    /// Stores a new key.
    async fn create(&self, key: NewKey) -> Result<StoredKey, KeyBookError>;
    /// The key with this identity.
    async fn get(&self, hash: KeyHash) -> Result<Option<StoredKey>, KeyBookError>;
    /// The key with this alias.
    async fn find_alias(&self, alias: &str) -> Result<Option<StoredKey>, KeyBookError>;
    /// Changes a key; none if there is no such key.
    async fn update(
        &self,
        hash: KeyHash,
        change: KeyChange,
    ) -> Result<Option<StoredKey>, KeyBookError>;
    /// Deletes keys, and says which of them there were.
    async fn delete(&self, hashes: &[KeyHash], by: &str) -> Result<Vec<KeyHash>, KeyBookError>;
    /// A page of keys, and how many there are in all.
    async fn list(&self, filter: KeyFilter) -> Result<(Vec<StoredKey>, u64), KeyBookError>;
}
