//! Counters and budgets: for limiters, and as the live spend of keys.

use std::sync::Arc;

use tollgate_admin::LiveSpend;
use tollgate_domain::{CallId, Claim, ClaimError, KeyHash, NanoUsd, key_budget, unix_now};

/// In-process limits.
#[derive(Clone)]
pub(crate) struct Counted(pub(crate) Arc<tollgate_limits::Limits>);

/// A key's budget.
pub(crate) fn bucket(key: &KeyHash) -> String {
    key_budget(&key.to_string())
}

impl tollgate_host::Limits for Counted {
    fn reserve(&self, holder: CallId, claims: &[Claim]) -> Result<Vec<u64>, ClaimError> {
        self.0.reserve(holder, claims, unix_now())
    }

    fn cancel(&self, holder: CallId) {
        self.0.cancel(holder);
    }

    fn spent(&self, bucket: &str) -> Option<NanoUsd> {
        self.0.spent(bucket)
    }
}

impl LiveSpend for Counted {
    fn spent(&self, key: &KeyHash) -> Option<NanoUsd> {
        self.0.spent(&bucket(key))
    }

    fn set_spent(&self, key: &KeyHash, spent: NanoUsd) {
        self.0.set_spent(&bucket(key), spent);
    }

    fn forget(&self, key: &KeyHash) {
        self.0.forget(&bucket(key));
    }
}
