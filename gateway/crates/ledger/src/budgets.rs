//! What the ledger tells the counters of this process.

use tollgate_domain::{CallId, KeyHash, NanoUsd};

/// The budgets of this process. The ledger seeds them from the store and keeps them right about
/// what was opened and spent elsewhere; what this process's own calls reserve and spend is none of
/// the ledger's business. Nothing here may wait.
pub trait Budgets: Send + Sync {
    /// Makes a key's budget known with what was spent of it, unless it is known already.
    fn seed(&self, key: KeyHash, spent: NanoUsd);
    /// Another process opened a call.
    fn hold(&self, call: CallId, key_id: &str, reserved: NanoUsd);
    /// A call that is not this process's ended; it may never have been held. Once per call.
    fn settle(&self, call: CallId, key_id: &str, amount: NanoUsd);
    /// What was held for a call is free; nothing will be told of it any more.
    fn release(&self, call: CallId);
    /// Whether what this process reserved for a call still fits its budgets.
    fn fits(&self, call: CallId) -> bool;
}

/// Budgets that nobody keeps.
pub(crate) struct NoBudgets;

// === impl NoBudgets ===

impl Budgets for NoBudgets {
    fn seed(&self, _key: KeyHash, _spent: NanoUsd) {}

    fn hold(&self, _call: CallId, _key_id: &str, _reserved: NanoUsd) {}

    fn settle(&self, _call: CallId, _key_id: &str, _amount: NanoUsd) {}

    fn release(&self, _call: CallId) {}

    fn fits(&self, _call: CallId) -> bool {
        true
    }
}
