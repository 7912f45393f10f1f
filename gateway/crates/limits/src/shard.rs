//! A part of the buckets behind one lock.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_domain::{NanoUsd, UnixMillis};

use crate::SHARDS;
use crate::hold::{HeldEvents, HeldMoney};

/// Windows that are open at once, over all shards: about 200 MiB. Beyond it calls are refused with
/// "unavailable", as memory would otherwise grow with what callers choose.
const WINDOWS_MAX: usize = 1 << 20;

/// Below this a sweep is not worth its walk.
const SWEEP_MIN: usize = 32;

/// The buckets whose names fall here.
#[derive(Default)]
pub(crate) struct Shard {
    windows: HashMap<Arc<str>, Window>,
    budgets: HashMap<Arc<str>, Budget>,
    epochs: u64,
    /// The number of windows at which ended ones are swept next.
    sweep_at: usize,
}

/// A counter of events.
pub(crate) struct Window {
    pub(crate) used: u64,
    pub(crate) ends_at: UnixMillis,
    epoch: u64,
}

/// A budget.
#[derive(Default)]
pub(crate) struct Budget {
    /// None: not known.
    pub(crate) spent: Option<NanoUsd>,
    pub(crate) open: NanoUsd,
}

// === impl Shard ===

impl Shard {
    /// The events in a bucket's window at this moment, and when it ends.
    pub(crate) fn events(&self, bucket: &str, now: UnixMillis) -> Option<(u64, UnixMillis)> {
        let window = self.windows.get(bucket).filter(|window| window.ends_at > now)?;
        Some((window.used, window.ends_at))
    }

    /// Whether one more window would be too many, after a sweep if one is due.
    pub(crate) fn is_full(&mut self, bucket: &str, now: UnixMillis) -> bool {
        if self.windows.len() >= self.sweep_at.max(SWEEP_MIN) && !self.windows.contains_key(bucket)
        {
            self.windows.retain(|_, window| window.ends_at > now);
            // Twice what is left: each bucket pays for a constant number of visits.
            self.sweep_at = self.windows.len().saturating_mul(2).min(WINDOWS_MAX / SHARDS);
        }
        self.windows.len() >= WINDOWS_MAX / SHARDS && !self.windows.contains_key(bucket)
    }

    /// Counts events in a bucket's window; a window that has ended starts anew.
    pub(crate) fn count(
        &mut self,
        bucket: &str,
        units: u64,
        length: u64,
        now: UnixMillis,
    ) -> HeldEvents {
        let name = self.windows.get_key_value(bucket).map(|(name, _)| Arc::clone(name));
        let name = name.unwrap_or_else(|| Arc::from(bucket));
        let ends_at = now.saturating_add(length);
        let fresh = Window { used: 0, ends_at, epoch: self.epochs };
        let window = self.windows.entry(Arc::clone(&name)).or_insert(fresh);
        if window.ends_at <= now || window.epoch == self.epochs {
            *window = Window { used: 0, ends_at, epoch: self.epochs };
            self.epochs += 1;
        }
        // A clock that was set back must not make a window longer than it is.
        window.ends_at = window.ends_at.min(ends_at);
        window.used = window.used.saturating_add(units);
        HeldEvents { bucket: name, units, epoch: window.epoch }
    }

    pub(crate) fn give_back_events(&mut self, held: &HeldEvents) {
        if let Some(window) = self.windows.get_mut(&held.bucket)
            && window.epoch == held.epoch
        {
            window.used = window.used.saturating_sub(held.units);
        }
    }

    /// The budget of this name, unknown if it is new.
    pub(crate) fn budget(&mut self, bucket: &str) -> &mut Budget {
        self.budgets.entry(Arc::from(bucket)).or_default()
    }

    /// What is spent and reserved; none if the budget is not known.
    pub(crate) fn committed(&self, bucket: &str) -> Option<u64> {
        let budget = self.budgets.get(bucket)?;
        Some(budget.spent?.get().saturating_add(budget.open.get()))
    }

    /// Opens a reservation, in a budget that need not be known.
    pub(crate) fn open(&mut self, bucket: &str, amount: NanoUsd) -> Arc<str> {
        let name = self.budgets.get_key_value(bucket).map(|(name, _)| Arc::clone(name));
        let name = name.unwrap_or_else(|| Arc::from(bucket));
        let budget = self.budgets.entry(Arc::clone(&name)).or_default();
        budget.open = budget.open.saturating_add(amount);
        name
    }

    /// Closes a reservation.
    pub(crate) fn close(&mut self, held: &HeldMoney) {
        let Some(budget) = self.budgets.get_mut(&held.bucket) else { return };
        budget.open = budget.open.saturating_sub(held.amount);
        if budget.spent.is_none() && budget.open == NanoUsd::ZERO {
            self.budgets.remove(&held.bucket);
        }
    }

    pub(crate) fn charge(&mut self, bucket: &str, amount: NanoUsd) {
        if let Some(spent) = self.budgets.get_mut(bucket).and_then(|b| b.spent.as_mut()) {
            *spent = spent.saturating_add(amount);
        }
    }

    pub(crate) fn forget(&mut self, bucket: &str) {
        if let Some(budget) = self.budgets.get_mut(bucket) {
            budget.spent = None;
            if budget.open == NanoUsd::ZERO {
                self.budgets.remove(bucket);
            }
        }
    }

    pub(crate) fn spent(&self, bucket: &str) -> Option<NanoUsd> {
        self.budgets.get(bucket)?.spent
    }

    pub(crate) fn windows_len(&self) -> usize {
        self.windows.len()
    }
}
