//! The task that keeps the store from growing: rows of calls are dropped by their age, and lists
//! that were read by everybody are shortened.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time;
use tollgate_domain::unix_now;

use crate::StoreError;
use crate::store::Store;

/// How often there is something to drop. Every process on a store does it; the first finds the most.
const INTERVAL: Duration = Duration::from_secs(600);
/// How long others get their turn between two steps.
const PAUSE: Duration = Duration::from_millis(20);

/// The task; it stops when this is dropped.
pub(crate) struct Retention(JoinHandle<()>);

// === impl Retention ===

impl Retention {
    /// Starts the task on the current runtime. Without a limit of age no row is dropped.
    pub(crate) fn start(store: &Store, kept: Option<Duration>) -> Self {
        let store = store.clone();
        Self(tokio::spawn(async move {
            loop {
                if let Err(error) = tidy(&store, kept).await {
                    log::debug!("store: nothing can be dropped now: {error}");
                }
                time::sleep(INTERVAL).await;
            }
        }))
    }
}

impl Drop for Retention {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Drops all that is too old now.
async fn tidy(store: &Store, kept: Option<Duration>) -> Result<(), StoreError> {
    store.tidy_changes().await?;
    let Some(kept) = kept.and_then(|kept| u64::try_from(kept.as_millis()).ok()) else {
        return Ok(());
    };
    while store.drop_calls(unix_now().saturating_sub(kept)).await? {
        time::sleep(PAUSE).await;
    }
    Ok(())
}
