//! Counters and budgets of this process: claims are taken together or not at all, exactly, at any
//! concurrency. Nothing here is durable; the ledger seeds the budgets, and says what calls of other
//! processes hold and spend of them. Counters of events are this process's alone.
//!
//! ```
//! use tollgate_domain::{CallId, Claim, NanoUsd};
//! use tollgate_limits::Limits;
//!
//! let limits = Limits::new();
//! limits.seed("key:k", NanoUsd::ZERO);
//! let claim = Claim::Money {
//!     bucket: "key:k".into(),
//!     amount: NanoUsd::new(5),
//!     ceiling: NanoUsd::new(8),
//! };
//! let (first, second) = (CallId::generate(), CallId::generate());
//! assert_eq!(limits.reserve(first, &[claim.clone()], 0), Ok(vec![3]));
//! assert!(limits.reserve(second, &[claim], 0).is_err());
//! assert!(limits.settle(first, NanoUsd::new(4)).is_none());
//! assert_eq!(limits.spent("key:k"), Some(NanoUsd::new(4)));
//! ```

mod hold;
mod reserve;
mod shard;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};
use tollgate_domain::{CallId, Claim, ClaimError, NanoUsd, UnixMillis};

use crate::hold::{HeldMoney, Hold};
use crate::shard::Shard;

/// Enough that two of a few dozen worker threads seldom meet; a power of two, for the mask.
const SHARDS: usize = 64;

/// Counters of events and budgets of money.
///
/// A call's entry is always locked before buckets, and buckets in rising order of their shard, so
/// that no two threads can wait for each other.
pub struct Limits {
    hasher: RandomState,
    holds: Box<[Mutex<HashMap<CallId, Hold>>]>,
    shards: Box<[Mutex<Shard>]>,
    /// Money in open reservations, over all budgets.
    open: AtomicU64,
}

/// By how much a charge passed what was reserved for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "an overrun is counted"]
pub struct Overrun(pub NanoUsd);

// === impl Overrun ===

impl Overrun {
    /// Whether the charge stayed within the reservation.
    pub fn is_none(self) -> bool {
        self.0 == NanoUsd::ZERO
    }
}

// === impl Limits ===

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}

impl Limits {
    /// No counters, no budgets.
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            holds: (0..SHARDS).map(|_| Mutex::default()).collect(),
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            open: AtomicU64::new(0),
        }
    }

    /// Reserves every claim or none, for one call, at most once; gives what remains of each.
    ///
    /// # Errors
    ///
    /// The claim that does not fit, a budget that was never seeded, or claims that are malformed.
    pub fn reserve(
        &self,
        holder: CallId,
        claims: &[Claim],
        now: UnixMillis,
    ) -> Result<Vec<u64>, ClaimError> {
        reserve::check(claims)?;
        let mut holds = self.holds(&holder);
        let Entry::Vacant(entry) = holds.entry(holder) else {
            return Err(ClaimError::Invalid("the call has reserved already"));
        };
        let mut buckets = reserve::Buckets::lock(self, claims);
        let remaining = buckets.fit(claims, now)?;
        let hold = buckets.take(claims, now);
        self.open.fetch_add(hold.money_total(), Ordering::Relaxed);
        entry.insert(hold);
        Ok(remaining)
    }

    /// Gives everything back, counted events too: the call was refused, or its limiter failed.
    pub fn cancel(&self, holder: CallId) {
        let Some(hold) = self.holds(&holder).remove(&holder) else { return };
        for held in &hold.rates {
            self.shard(&held.bucket).give_back_events(held);
        }
        for held in &hold.money {
            self.shard(&held.bucket).close(held);
        }
        self.open.fetch_sub(hold.money_total(), Ordering::Relaxed);
    }

    /// Replaces a call's reserved money by what it cost. Its events stay counted.
    ///
    /// A call that reserved nothing, or settles again, changes nothing.
    pub fn settle(&self, holder: CallId, amount: NanoUsd) -> Overrun {
        let Some(hold) = self.holds(&holder).remove(&holder) else { return Overrun::default() };
        let mut overrun = Overrun::default();
        for held in &hold.money {
            let mut shard = self.shard(&held.bucket);
            shard.close(held);
            shard.charge(&held.bucket, amount);
            overrun.0 = overrun.0.max(amount.saturating_sub(held.amount));
        }
        self.open.fetch_sub(hold.money_total(), Ordering::Relaxed);
        overrun
    }

    /// Holds what another process reserved for one of its calls: it is not refused, and the budget
    /// need not be known. It ends as any reservation does; once per call.
    pub fn hold(&self, holder: CallId, bucket: &str, amount: NanoUsd) {
        let mut holds = self.holds(&holder);
        let Entry::Vacant(entry) = holds.entry(holder) else { return };
        let bucket = self.shard(bucket).open(bucket, amount);
        let mut hold = Hold::default();
        hold.add_money(HeldMoney { bucket, amount, ceiling: None });
        self.open.fetch_add(hold.money_total(), Ordering::Relaxed);
        entry.insert(hold);
    }

    /// Counts what another process's call cost, in place of what is held for it, if anything is.
    pub fn settle_held(&self, holder: CallId, bucket: &str, amount: NanoUsd) {
        if self.holds(&holder).contains_key(&holder) {
            // The process that reserved it counts what passed the reservation.
            let _counted_there = self.settle(holder, amount);
        } else {
            self.charge(bucket, amount);
        }
    }

    /// Whether the budgets of a call still keep their ceilings, now that reservations of another
    /// process may have come to its own.
    pub fn fits(&self, holder: CallId) -> bool {
        let holds = self.holds(&holder);
        let Some(hold) = holds.get(&holder) else { return true };
        hold.money.iter().all(|held| {
            let Some(ceiling) = held.ceiling else { return true };
            let committed = self.shard(&held.bucket).committed(&held.bucket);
            committed.is_none_or(|committed| committed <= ceiling.get())
        })
    }

    /// Counts the cost of a call that reserved no money, if the budget is known.
    pub fn charge(&self, bucket: &str, amount: NanoUsd) {
        self.shard(bucket).charge(bucket, amount);
    }

    /// Makes a budget known, with what was spent so far, unless it is known already.
    pub fn seed(&self, bucket: &str, spent: NanoUsd) {
        self.shard(bucket).budget(bucket).spent.get_or_insert(spent);
    }

    /// Sets what was spent of a budget; open reservations stay.
    pub fn set_spent(&self, bucket: &str, spent: NanoUsd) {
        self.shard(bucket).budget(bucket).spent = Some(spent);
    }

    /// Makes a budget unknown; open reservations stay until their calls end.
    pub fn forget(&self, bucket: &str) {
        self.shard(bucket).forget(bucket);
    }

    /// What is spent of a budget, without open reservations; none if it is not known.
    pub fn spent(&self, bucket: &str) -> Option<NanoUsd> {
        self.shard(bucket).spent(bucket)
    }

    /// The largest amount that a call holds in one budget.
    pub fn reserved(&self, holder: CallId) -> NanoUsd {
        self.holds(&holder).get(&holder).map_or(NanoUsd::ZERO, Hold::money_max)
    }

    /// Money in open reservations, over all budgets: one call counts once per budget.
    pub fn open_total(&self) -> NanoUsd {
        NanoUsd::new(self.open.load(Ordering::Relaxed))
    }

    /// Counters that memory is held for: open windows, and ended ones not swept yet.
    pub fn windows_len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().windows_len()).sum()
    }

    fn shard_index(&self, bucket: &str) -> usize {
        self.hasher.hash_one(bucket) as usize & (SHARDS - 1)
    }

    #[expect(clippy::indexing_slicing, reason = "the mask keeps the index below SHARDS")]
    fn shard_at(&self, index: usize) -> MutexGuard<'_, Shard> {
        self.shards[index & (SHARDS - 1)].lock()
    }

    fn shard(&self, bucket: &str) -> MutexGuard<'_, Shard> {
        self.shard_at(self.shard_index(bucket))
    }

    #[expect(clippy::indexing_slicing, reason = "the mask keeps the index below SHARDS")]
    fn holds(&self, holder: &CallId) -> MutexGuard<'_, HashMap<CallId, Hold>> {
        self.holds[self.hasher.hash_one(holder) as usize & (SHARDS - 1)].lock()
    }
}
