//! What the management API needs from the running gateway.

use async_trait::async_trait;
use tollgate_domain::{KeyHash, NanoUsd, Principal};

/// What keys spent, including what is not stored yet.
pub trait LiveSpend: Send + Sync {
    /// What a key spent; none if only the store knows.
    fn spent(&self, key: &KeyHash) -> Option<NanoUsd>;
    /// An administrator sets what a key spent. The store has it already.
    fn set_spent(&self, key: &KeyHash, spent: NanoUsd);
    /// A key is deleted.
    fn forget(&self, key: &KeyHash);
}

/// Whether the store answers.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// Asks it.
    async fn is_connected(&self) -> bool;
}

/// Asks deployments whether they answer.
#[async_trait]
pub trait HealthProbe: Send + Sync {
    /// Asks all deployments that the principal may call, or those of one model group.
    async fn probe(&self, principal: &Principal, model: Option<&str>) -> HealthReport;
}

/// Which deployments answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// Those that did.
    pub healthy: Vec<Endpoint>,
    /// Those that did not.
    pub unhealthy: Vec<Endpoint>,
}

/// A deployment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// Provider and model, such as `openai/gpt-4o-mini`.
    pub model: String,
    /// The deployment's id.
    pub model_id: String,
    /// Where it is. Credentials in it are taken out before it is shown.
    pub api_base: Option<String>,
    /// Why it did not answer.
    pub error: Option<String>,
}
