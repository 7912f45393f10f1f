//! Keys for authenticators, from the ledger.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use tollgate_domain::{KeyHash, KeyRecord};
use tollgate_host::{Keys, StoreUnavailable};
use tollgate_ledger::Ledger;

/// The ledger's keys. The host is set up before the ledger, because recovery asks the meter what
/// interrupted calls cost; until then there are no keys. The ledger asks that meter as long as it
/// lives, so it must not be owned from here.
#[derive(Clone, Default)]
pub(crate) struct LedgerKeys(Arc<OnceLock<Weak<Ledger>>>);

impl LedgerKeys {
    pub(crate) fn set(&self, ledger: &Arc<Ledger>) {
        // A second ledger in one process would be a mistake of `app.rs`; the first one stays.
        let _already_set = self.0.set(Arc::downgrade(ledger));
    }

    /// Whether calls of other processes may have ended since they were last looked at: if there
    /// are any such processes, they have been looked at now.
    pub(crate) fn look_at_neighbours(&self) -> bool {
        let Some(ledger) = self.ledger() else { return false };
        ledger.neighbours().any()
            && ledger.neighbours().look().unwrap_or_else(|error| {
                log::error!(target: "ledger", "other processes cannot be seen: {error}");
                false
            })
    }

    fn ledger(&self) -> Option<Arc<Ledger>> {
        self.0.get()?.upgrade()
    }
}

#[async_trait]
impl Keys for LedgerKeys {
    fn cached(&self, hash: KeyHash) -> Option<Option<Arc<KeyRecord>>> {
        self.ledger()?.keys().cached(hash)
    }

    async fn lookup(&self, hash: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreUnavailable> {
        let ledger = self.ledger().ok_or(StoreUnavailable)?;
        ledger.keys().lookup(hash).await.map_err(|error| {
            log::error!(target: "ledger", "a key could not be looked up: {error}");
            StoreUnavailable
        })
    }
}
