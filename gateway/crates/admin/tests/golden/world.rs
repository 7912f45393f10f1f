//! The gateway around the management API, in memory.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::Value;
use tollgate_admin::{
    Admin, AdminParts, Endpoint, HealthProbe, HealthReport, KeyBook, KeyBookError, KeyChange,
    KeyFilter, LiveSpend, ModelEntry, NewKey, Route, StoreHealth, StoredKey,
};
use tollgate_domain::{KeyHash, KeyLimits, NanoUsd, Principal, Scopes, unix_now};
use tollgate_telemetry::{Build, Metrics};

pub(crate) struct World {
    pub(crate) admin: Admin,
    book: Arc<dyn KeyBook>,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    keys: Mutex<Vec<StoredKey>>,
    spent: Mutex<HashMap<KeyHash, NanoUsd>>,
    down: Mutex<bool>,
}

impl World {
    /// With keys in memory, or in a store of its own.
    pub(crate) fn new(book: Option<Arc<dyn KeyBook>>) -> Self {
        let state = Arc::new(State::default());
        let book = book.unwrap_or_else(|| state.clone());
        let model = |id: &str| ModelEntry { id: id.to_owned() };
        let admin = Admin::new(AdminParts {
            book: Arc::clone(&book),
            spend: state.clone(),
            store: state.clone(),
            probe: state.clone(),
            metrics: Arc::new(Metrics::new(Build { version: "0", revision: "0" }).unwrap()),
            models: vec![model("gpt-4o-mini"), model("claude"), model("openai/gpt-4o")],
            metrics_access: Route::Metrics.access(),
        });
        Self { admin, book, state }
    }

    /// Makes the change that a step asks for.
    pub(crate) fn changes(&self, step: &Value) -> bool {
        if let Some(store) = step.get("store") {
            *self.state.down.lock() = store == "down";
        } else if let Some(spent) = step.get("spent") {
            let hash = KeyHash::of_key(spent["key"].as_str().unwrap());
            let amount = NanoUsd::from_usd(spent["usd"].as_f64().unwrap()).unwrap();
            self.state.spent.lock().insert(hash, amount);
        } else {
            return false;
        }
        true
    }

    /// `master`, `manager`, `nobody`, or the key itself.
    pub(crate) async fn principal(&self, who: &str) -> Option<Principal> {
        let all =
            Scopes { call_models: true, manage_keys: true, read_spend: true, administer: true };
        let mut principal = Principal {
            key_id: KeyHash::of_key(who).to_string(),
            key_name: "sk-...1234".into(),
            key_alias: None,
            user_id: Some("default_user_id".into()),
            team_id: None,
            models: Vec::new(),
            scopes: all,
            limits: KeyLimits::default(),
        };
        match who {
            "nobody" => return None,
            "master" => {}
            "manager" => principal.scopes = Scopes { manage_keys: true, ..Scopes::default() },
            key => {
                let stored = self.book.get(KeyHash::of_key(key)).await.expect("the store answers");
                principal.models = stored.expect("the key is stored").models;
                principal.scopes = Scopes { call_models: true, ..Scopes::default() };
            }
        }
        Some(principal)
    }
}

impl State {
    fn keys(&self) -> Result<parking_lot::MutexGuard<'_, Vec<StoredKey>>, KeyBookError> {
        if *self.down.lock() {
            return Err(KeyBookError::Store("connection refused by 10.0.0.1".into()));
        }
        Ok(self.keys.lock())
    }
}

fn set<T>(place: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *place = value;
    }
}

#[async_trait]
impl KeyBook for State {
    async fn create(&self, key: NewKey) -> Result<StoredKey, KeyBookError> {
        let mut keys = self.keys()?;
        if keys.iter().any(|stored| stored.hash == key.hash) {
            return Err(KeyBookError::KeyTaken);
        }
        if key.alias.is_some() && keys.iter().any(|stored| stored.alias == key.alias) {
            return Err(KeyBookError::AliasTaken);
        }
        let stored = StoredKey {
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
            created_at: unix_now(),
            updated_at: unix_now(),
            created_by: key.created_by.clone(),
            updated_by: key.created_by,
        };
        keys.push(stored.clone());
        Ok(stored)
    }

    async fn get(&self, hash: KeyHash) -> Result<Option<StoredKey>, KeyBookError> {
        Ok(self.keys()?.iter().find(|stored| stored.hash == hash).cloned())
    }

    async fn find_alias(&self, alias: &str) -> Result<Option<StoredKey>, KeyBookError> {
        Ok(self.keys()?.iter().find(|stored| stored.alias.as_deref() == Some(alias)).cloned())
    }

    async fn update(
        &self,
        hash: KeyHash,
        change: KeyChange,
    ) -> Result<Option<StoredKey>, KeyBookError> {
        let mut keys = self.keys()?;
        let alias = change.alias.clone().flatten();
        if alias.is_some() && keys.iter().any(|key| key.alias == alias && key.hash != hash) {
            return Err(KeyBookError::AliasTaken);
        }
        Ok(keys.iter_mut().find(|key| key.hash == hash).map(|key| {
            set(&mut key.alias, change.alias);
            set(&mut key.user_id, change.user_id);
            set(&mut key.team_id, change.team_id);
            set(&mut key.models, change.models);
            set(&mut key.spend, change.spend);
            set(&mut key.max_budget, change.max_budget);
            set(&mut key.rpm_limit, change.rpm_limit);
            set(&mut key.blocked, change.blocked);
            set(&mut key.expires, change.expires);
            key.extra.extend(change.extra);
            key.updated_at = unix_now();
            key.updated_by = change.updated_by;
            key.clone()
        }))
    }

    async fn delete(&self, hashes: &[KeyHash], _: &str) -> Result<Vec<KeyHash>, KeyBookError> {
        let mut keys = self.keys()?;
        let there = keys.iter().map(|key| key.hash).filter(|hash| hashes.contains(hash)).collect();
        keys.retain(|key| !hashes.contains(&key.hash));
        Ok(there)
    }

    async fn list(&self, filter: KeyFilter) -> Result<(Vec<StoredKey>, u64), KeyBookError> {
        let keys = self.keys()?;
        let is =
            |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
        let fit: Vec<_> = keys
            .iter()
            .rev()
            .filter(|key| is(&filter.user_id, &key.user_id) && is(&filter.team_id, &key.team_id))
            .filter(|key| is(&filter.alias, &key.alias))
            .filter(|key| filter.hash.is_none_or(|hash| hash == key.hash))
            .cloned()
            .collect();
        let total = fit.len() as u64;
        let (page, size) = (filter.page as usize, filter.size as usize);
        let page = fit.into_iter().skip((page - 1) * size).take(size);
        Ok((page.collect(), total))
    }
}

impl LiveSpend for State {
    fn spent(&self, key: &KeyHash) -> Option<NanoUsd> {
        self.spent.lock().get(key).copied()
    }

    fn set_spent(&self, key: &KeyHash, spent: NanoUsd) {
        self.spent.lock().insert(*key, spent);
    }

    fn forget(&self, key: &KeyHash) {
        self.spent.lock().remove(key);
    }
}

#[async_trait]
impl StoreHealth for State {
    async fn is_connected(&self) -> bool {
        !*self.down.lock()
    }
}

#[async_trait]
impl HealthProbe for State {
    async fn probe(&self, _: &Principal, model: Option<&str>) -> HealthReport {
        let endpoint = |model: &str, error: Option<&str>| Endpoint {
            model: format!("openai/{model}"),
            model_id: format!("dep-{model}"),
            api_base: Some("http://user:pass@upstream/v1?key=secret".into()),
            error: error.map(str::to_owned),
        };
        let mut report = HealthReport {
            healthy: vec![endpoint("gpt-4o-mini", None)],
            unhealthy: vec![endpoint("claude", Some("401 for sk-upstream-key"))],
        };
        if let Some(model) = model {
            let named = |endpoint: &Endpoint| endpoint.model_id == format!("dep-{model}");
            report.healthy.retain(named);
            report.unhealthy.retain(named);
        }
        report
    }
}
