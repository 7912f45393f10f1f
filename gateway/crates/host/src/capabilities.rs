//! What components may ask of the gateway, as traits that other crates implement.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tollgate_domain::{CallId, Claim, ClaimError, KeyHash, KeyRecord, NanoUsd, Rates};

/// The store cannot be reached and the cache does not know the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot be reached")]
pub struct StoreUnavailable;

/// Finds virtual keys.
#[async_trait]
pub trait Keys: Send + Sync {
    /// The key with this hash, if memory can tell; the outer none if only the store can.
    fn cached(&self, hash: KeyHash) -> Option<Option<Arc<KeyRecord>>>;
    /// The key with this hash.
    async fn lookup(&self, hash: KeyHash) -> Result<Option<Arc<KeyRecord>>, StoreUnavailable>;
}

/// Counts and reserves.
pub trait Limits: Send + Sync {
    /// Reserves every claim for a call, or none; gives what remains of each.
    fn reserve(&self, holder: CallId, claims: &[Claim]) -> Result<Vec<u64>, ClaimError>;
    /// Gives back all that a call has reserved, because it will not be made.
    fn cancel(&self, holder: CallId);
    /// What is spent of a budget.
    fn spent(&self, bucket: &str) -> Option<NanoUsd>;
}

/// Knows prices.
pub trait Prices: Send + Sync {
    /// Prices of a deployment.
    fn of(&self, deployment: &str) -> Option<Rates>;
}

/// Is told of every call into a component, for metrics.
pub trait Watch: Send + Sync {
    /// A call has ended in the way that `outcome` names.
    fn called(&self, plugin: &str, role: &'static str, outcome: &'static str, took: Duration);
}

/// Everything that components may be granted.
#[derive(Clone)]
pub struct Capabilities {
    /// For authenticators.
    pub keys: Arc<dyn Keys>,
    /// For limiters.
    pub limits: Arc<dyn Limits>,
    /// For limiters and meters.
    pub prices: Arc<dyn Prices>,
    /// For the host itself.
    pub watch: Arc<dyn Watch>,
}
