//! The ledger as the store of keys, and whether it answers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tollgate_domain::KeyHash;
use tollgate_ledger::{KeyError, Ledger, StoreError, StoreState};

use crate::book::{KeyBook, KeyBookError, KeyChange, KeyFilter, NewKey, StoredKey};
use crate::ports::StoreHealth;

/// How long an administrator who sets what a key spent waits for earlier calls to be stored.
const FLUSH_MAX: Duration = Duration::from_secs(5);

/// The keys of a ledger.
pub struct LedgerBook(pub Arc<Ledger>);

// === impl LedgerBook ===

#[async_trait]
impl KeyBook for LedgerBook {
    async fn create(&self, key: NewKey) -> Result<StoredKey, KeyBookError> {
        Ok(self.0.keys().create(key.into()).await?.into())
    }

    async fn get(&self, hash: KeyHash) -> Result<Option<StoredKey>, KeyBookError> {
        Ok(self.0.keys().get(hash).await?.map(Into::into))
    }

    async fn find_alias(&self, alias: &str) -> Result<Option<StoredKey>, KeyBookError> {
        Ok(self.0.keys().find_alias(alias).await?.map(Into::into))
    }

    async fn update(
        &self,
        hash: KeyHash,
        change: KeyChange,
    ) -> Result<Option<StoredKey>, KeyBookError> {
        if change.spend.is_some() {
            // What was spent before would be added to the new amount when it is shipped.
            let flushed = tokio::time::timeout(FLUSH_MAX, self.0.flush()).await;
            flushed.map_err(|elapsed| KeyBookError::Store(Box::new(elapsed)))?;
        }
        Ok(self.0.keys().update(hash, change.into()).await?.map(Into::into))
    }

    async fn delete(&self, hashes: &[KeyHash], by: &str) -> Result<Vec<KeyHash>, KeyBookError> {
        Ok(self.0.keys().delete(hashes, by).await?)
    }

    async fn list(&self, filter: KeyFilter) -> Result<(Vec<StoredKey>, u64), KeyBookError> {
        let (keys, total) = self.0.keys().list(filter.into()).await?;
        Ok((keys.into_iter().map(Into::into).collect(), total))
    }
}

#[async_trait]
impl StoreHealth for LedgerBook {
    async fn is_connected(&self) -> bool {
        self.0.state() == StoreState::Connected
    }
}

impl From<KeyError> for KeyBookError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::AliasTaken => Self::AliasTaken,
            KeyError::KeyTaken => Self::KeyTaken,
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for KeyBookError {
    fn from(error: StoreError) -> Self {
        Self::Store(Box::new(error))
    }
}

impl From<NewKey> for tollgate_ledger::NewKey {
    fn from(key: NewKey) -> Self {
        Self {
            hash: key.hash,
            name: key.name,
            alias: key.alias,
            user_id: key.user_id,
            team_id: key.team_id,
            models: key.models,
            spend: Some(key.spend),
            max_budget: key.max_budget,
            rpm_limit: key.rpm_limit,
            blocked: key.blocked,
            expires: key.expires,
            extra: key.extra,
            created_by: key.created_by,
        }
    }
}

impl From<KeyChange> for tollgate_ledger::KeyChange {
    fn from(change: KeyChange) -> Self {
        Self {
            alias: change.alias,
            user_id: change.user_id,
            team_id: change.team_id,
            models: change.models,
            spend: change.spend,
            max_budget: change.max_budget,
            rpm_limit: change.rpm_limit,
            blocked: change.blocked,
            expires: change.expires,
            extra: change.extra,
            updated_by: change.updated_by,
        }
    }
}

impl From<KeyFilter> for tollgate_ledger::KeyFilter {
    fn from(filter: KeyFilter) -> Self {
        Self {
            page: filter.page,
            size: filter.size,
            user_id: filter.user_id,
            team_id: filter.team_id,
            key_alias: filter.alias,
            key_hash: filter.hash,
        }
    }
}

impl From<tollgate_ledger::StoredKey> for StoredKey {
    fn from(key: tollgate_ledger::StoredKey) -> Self {
        Self {
            hash: key.hash,
            name: key.name,
            alias: key.alias,
            user_id: key.user_id,
            team_id: key.team_id,
            models: key.models,
            spend: key.spend,
            max_budget: key.max_budget,
            rpm_limit: key.rpm_limit,
            blocked: key.blocked,
            expires: key.expires,
            extra: key.extra,
            created_at: key.created_at,
            updated_at: key.updated_at,
            created_by: key.created_by,
            updated_by: key.updated_by,
        }
    }
}
