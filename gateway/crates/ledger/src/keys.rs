//! Virtual keys: looked up on every call, changed by the management API.

mod record;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use quick_cache::sync::Cache;
use tokio::time::Instant;
use tollgate_domain::{KeyHash, KeyRecord, unix_now};

pub use self::record::{KeyChange, KeyFilter, NewKey, StoredKey};
pub(crate) use self::watch::Watcher;
use crate::store::Store;
use crate::{KeyError, Neighbours, StoreError};

/// Keys kept in memory: some 50 MB at worst.
const CACHED_MAX: usize = 100_000;
/// How long a key is used before it is read again. Changes are told within a second; this is for
/// spend, and for what nobody tells.
const KNOWN_FOR: Duration = Duration::from_secs(60);
/// How long a key that is in no store is believed not to be; long enough to blunt guessing.
const UNKNOWN_FOR: Duration = Duration::from_secs(5);
/// How long a known key is used before the store that did not answer is asked again.
const STALE_FOR: Duration = Duration::from_secs(5);

/// The virtual keys.
pub struct KeyStore {
    store: Store,
    cache: Cache<KeyHash, Cached>,
    /// Counts changes: what was read before a change must not be cached after it.
    changes: Mutex<u64>,
    permanent: RwLock<HashMap<KeyHash, Arc<KeyRecord>>>,
    neighbours: Arc<Neighbours>,
}

#[derive(Clone)]
struct Cached {
    record: Option<Arc<KeyRecord>>,
    until: Instant,
}

// === impl KeyStore ===

impl KeyStore {
    pub(crate) fn new(store: Store, neighbours: Arc<Neighbours>) -> Self {
        Self {
            store,
            cache: Cache::new(CACHED_MAX),
            changes: Mutex::new(0),
            permanent: RwLock::default(),
            neighbours,
        }
    }

    /// What is known about a key, from memory if it was asked for lately. While the store does not
    /// answer, keys that were known stay so.
    ///
    /// # Errors
    ///
    /// The store does not answer and the key was not known.
    pub async fn lookup(&self, hash: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreError> {
        if let Some(known) = self.cached(hash) {
            return Ok(known);
        }
        let cached = self.cache.get(&hash);
        let changes = *self.changes.lock();
        match (self.neighbours.load(hash).await, cached.and_then(|cached| cached.record)) {
            (Ok(Some(key)), _) => {
                let record = Arc::new(key.record());
                self.remember(changes, hash, Some(Arc::clone(&record)), KNOWN_FOR);
                Ok(Some(record))
            }
            (Ok(None), _) => {
                self.remember(changes, hash, None, UNKNOWN_FOR);
                Ok(None)
            }
            (Err(_), Some(stale)) => {
                self.remember(changes, hash, Some(Arc::clone(&stale)), STALE_FOR);
                Ok(Some(stale))
            }
            (Err(error), None) => Err(error),
        }
    }

    /// What memory knows about a key. None: only the store can tell.
    pub fn cached(&self, hash: KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        if let Some(cached) = self.cache.get(&hash)
            && cached.until > Instant::now()
        {
            return Some(cached.record);
        }
        self.permanent.read().get(&hash).map(|record| Some(Arc::clone(record)))
    }

    /// Makes a key known that is in no database: the master key.
    pub fn insert_permanent(&self, hash: KeyHash, record: KeyRecord) {
        self.permanent.write().insert(hash, Arc::new(record));
        self.forget(&[hash]);
    }

    /// Stores a new key.
    ///
    /// # Errors
    ///
    /// Its alias or the key itself is taken, or the store does not answer.
    pub async fn create(&self, key: NewKey) -> Result<StoredKey, KeyError> {
        if self.permanent.read().contains_key(&key.hash) {
            return Err(KeyError::KeyTaken);
        }
        let key = key.into_stored(unix_now());
        self.store.insert_key(&key).await?;
        self.forget(&[key.hash]);
        Ok(key)
    }

    /// A key as the store has it.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn get(&self, hash: KeyHash) -> Result<Option<StoredKey>, StoreError> {
        self.store.find_key(hash).await
    }

    /// The key with this alias.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn find_alias(&self, alias: &str) -> Result<Option<StoredKey>, StoreError> {
        self.store.find_key_by_alias(alias).await
    }

    /// Changes a key; none: there is no such key.
    ///
    /// # Errors
    ///
    /// The new alias is taken, or the store does not answer.
    pub async fn update(
        &self,
        hash: KeyHash,
        change: KeyChange,
    ) -> Result<Option<StoredKey>, KeyError> {
        let changed = self.store.change_key(hash, change, unix_now()).await;
        // Even after an error: the change may have happened, and the answer been lost.
        self.forget(&[hash]);
        changed
    }

    /// Blocks a key or lets it call again; none: there is no such key.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn set_blocked(
        &self,
        hash: KeyHash,
        blocked: bool,
        by: &str,
    ) -> Result<Option<StoredKey>, StoreError> {
        let changed = self.store.block_key(hash, blocked, by, unix_now()).await;
        self.forget(&[hash]);
        changed
    }

    /// Deletes keys, keeping a copy of each row aside; gives those that there were.
    ///
    /// # Errors
    ///
    /// The store does not answer; then none was deleted.
    pub async fn delete(&self, hashes: &[KeyHash], by: &str) -> Result<Vec<KeyHash>, StoreError> {
        let deleted = self.store.delete_keys(hashes, by, unix_now()).await;
        self.forget(hashes);
        deleted
    }

    /// A page of keys, newest first, and how many there are on all pages.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn list(&self, filter: KeyFilter) -> Result<(Vec<StoredKey>, u64), StoreError> {
        self.store.list_keys(&filter).await
    }

    fn remember(
        &self,
        changes: u64,
        hash: KeyHash,
        record: Option<Arc<KeyRecord>>,
        lifetime: Duration,
    ) {
        let current = self.changes.lock();
        if *current == changes {
            self.cache.insert(hash, Cached { record, until: Instant::now() + lifetime });
        }
    }

    /// Reads keys that were known anew, so that no call has to wait for it and the store may be
    /// away a moment later. Until then they are unknown.
    async fn refresh(&self, hashes: &[KeyHash]) {
        let known = hashes.iter().filter(|hash| self.cache.get(*hash).is_some());
        let known: Vec<_> = known.copied().collect();
        self.forget(hashes);
        for hash in known {
            if let Err(error) = self.lookup(hash).await {
                log::debug!("store: a changed key cannot be read: {error}");
            }
        }
    }

    /// Forgets every key, as nobody knows which of them changed.
    fn forget_all(&self) {
        let mut changes = self.changes.lock();
        *changes += 1;
        self.cache.clear();
    }

    fn forget(&self, hashes: &[KeyHash]) {
        let mut changes = self.changes.lock();
        *changes += 1;
        for hash in hashes {
            self.cache.remove(hash);
        }
    }
}
