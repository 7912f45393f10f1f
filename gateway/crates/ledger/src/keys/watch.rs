//! The task that hears of keys which other processes changed, so that this one forgets them.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;
use tokio::task::JoinHandle;
use tokio::time;

use super::KeyStore;
use crate::StoreError;
use crate::store::changes::Changed;

/// How often the list of changes is read where nobody tells that it grew. A change takes effect
/// within a second.
const POLL: Duration = Duration::from_millis(500);
/// How often it is read even so: a listener may not notice that its server is gone.
const RECHECK: Duration = Duration::from_secs(5);

/// The task; it stops when this is dropped.
pub(crate) struct Watcher(JoinHandle<()>);

// === impl Watcher ===

impl Watcher {
    /// Starts the task on the current runtime. What changed before now is not in the cache.
    pub(crate) async fn start(keys: &Arc<KeyStore>) -> Result<Self, StoreError> {
        let place = keys.store.last_change().await?;
        let keys = Arc::clone(keys);
        Ok(Self(tokio::spawn(async move {
            let mut watch = Watch { keys, place };
            loop {
                watch.follow().await;
                // The store is away: what it would tell is asked for when it is back.
                time::sleep(POLL).await;
            }
        })))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Watch {
    keys: Arc<KeyStore>,
    place: i64,
}

// === impl Watch ===

impl Watch {
    /// Follows the list until the store does not answer.
    async fn follow(&mut self) {
        let Ok(mut listener) = self.keys.store.listen().await else { return };
        // Only after it listens: what comes from now on is told.
        while self.catch_up().await.is_ok() {
            match &mut listener {
                None => time::sleep(POLL).await,
                Some(listener) => {
                    if !hear(listener).await {
                        return;
                    }
                }
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), StoreError> {
        let changes = self.keys.store.changes_after(self.place).await?;
        match changes.keys {
            Changed::Some(hashes) if hashes.is_empty() => {}
            Changed::Some(hashes) => self.keys.refresh(&hashes).await,
            Changed::Any => self.keys.forget_all(),
        }
        self.place = changes.last;
        Ok(())
    }
}

/// Waits for news, at most until the list is read anyway; says whether the connection stands.
async fn hear(listener: &mut PgListener) -> bool {
    match time::timeout(RECHECK, listener.try_recv()).await {
        Ok(Ok(Some(_))) | Err(_) => true,
        Ok(Ok(None) | Err(_)) => false,
    }
}
