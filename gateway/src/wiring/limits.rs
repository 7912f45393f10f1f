//! Counters and budgets: for limiters, and as the live spend of keys.

use std::sync::Arc;

use tollgate_admin::LiveSpend;
use tollgate_domain::{CallId, Claim, ClaimError, KeyHash, NanoUsd, key_budget, unix_now};
use tollgate_ledger::Budgets;

use crate::wiring::keys::LedgerKeys;

/// In-process limits.
#[derive(Clone)]
pub(crate) struct Counted {
    pub(crate) limits: Arc<tollgate_limits::Limits>,
    /// Where calls of other processes are found.
    pub(crate) keys: LedgerKeys,
}

/// A key's budget.
pub(crate) fn bucket(key: &KeyHash) -> String {
    key_budget(&key.to_string())
}

impl tollgate_host::Limits for Counted {
    fn reserve(&self, holder: CallId, claims: &[Claim]) -> Result<Vec<u64>, ClaimError> {
        let reserved = self.limits.reserve(holder, claims, unix_now());
        match reserved {
            // A call of another process may just have ended and given money back.
            Err(ClaimError::Exceeded(excess))
                if excess.resets_at.is_none() && self.keys.look_at_neighbours() =>
            {
                self.limits.reserve(holder, claims, unix_now())
            }
            reserved => reserved,
        }
    }

    fn cancel(&self, holder: CallId) {
        self.limits.cancel(holder);
    }

    fn spent(&self, bucket: &str) -> Option<NanoUsd> {
        self.limits.spent(bucket)
    }
}

/// What the ledger tells the limits.
pub(crate) struct Told(pub(crate) Arc<tollgate_limits::Limits>);

impl Budgets for Told {
    fn seed(&self, key: KeyHash, spent: NanoUsd) {
        self.0.seed(&bucket(&key), spent);
    }

    fn hold(&self, call: CallId, key_id: &str, reserved: NanoUsd) {
        self.0.hold(call, &key_budget(key_id), reserved);
    }

    fn settle(&self, call: CallId, key_id: &str, amount: NanoUsd) {
        self.0.settle_held(call, &key_budget(key_id), amount);
    }

    fn release(&self, call: CallId) {
        self.0.cancel(call);
    }

    fn fits(&self, call: CallId) -> bool {
        self.0.fits(call)
    }
}

impl LiveSpend for Counted {
    fn spent(&self, key: &KeyHash) -> Option<NanoUsd> {
        self.limits.spent(&bucket(key))
    }

    fn set_spent(&self, key: &KeyHash, spent: NanoUsd) {
        self.limits.set_spent(&bucket(key), spent);
    }

    fn forget(&self, key: &KeyHash) {
        self.limits.forget(&bucket(key));
    }
}
