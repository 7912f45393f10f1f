//! Keys for authenticators, from the ledger.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use tollgate_domain::{KeyHash, KeyRecord};
use tollgate_host::{Keys, StoreUnavailable};
use tollgate_ledger::Ledger;

/// The ledger's keys. The host is set up before the ledger, because recovery asks the meter what
/// interrupted calls cost; until then there are no keys.
#[derive(Clone, Default)]
pub(crate) struct LedgerKeys(Arc<OnceLock<Arc<Ledger>>>);

impl LedgerKeys {
    pub(crate) fn set(&self, ledger: Arc<Ledger>) {
        // A second ledger in one process would be a mistake of `app.rs`; the first one stays.
        let _already_set = self.0.set(ledger);
    }
}

#[async_trait]
impl Keys for LedgerKeys {
    fn cached(&self, hash: KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        self.0.get()?.keys().cached(hash)
    }

    async fn lookup(&self, hash: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreUnavailable> {
        let ledger = self.0.get().ok_or(StoreUnavailable)?;
        ledger.keys().lookup(hash).await.map_err(|error| {
            log::error!(target: "ledger", "a key could not be looked up: {error}");
            StoreUnavailable
        })
    }
}
