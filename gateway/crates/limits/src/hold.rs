//! What one call holds until it ends.

use std::sync::Arc;

use tollgate_domain::NanoUsd;

/// Everything that a call holds.
#[derive(Default)]
pub(crate) struct Hold {
    pub(crate) rates: Vec<HeldEvents>,
    /// At most one per budget.
    pub(crate) money: Vec<HeldMoney>,
}

/// Events counted in a window.
pub(crate) struct HeldEvents {
    pub(crate) bucket: Arc<str>,
    pub(crate) units: u64,
    /// Which window of the bucket: a later one is not touched.
    pub(crate) epoch: u64,
}

/// Money held in a budget.
pub(crate) struct HeldMoney {
    pub(crate) bucket: Arc<str>,
    pub(crate) amount: NanoUsd,
    /// What the budget may come to; none: another process granted it.
    pub(crate) ceiling: Option<NanoUsd>,
}

// === impl Hold ===

impl Hold {
    pub(crate) fn add_money(&mut self, money: HeldMoney) {
        match self.money.iter_mut().find(|held| held.bucket == money.bucket) {
            Some(held) => {
                held.amount = held.amount.saturating_add(money.amount);
                held.ceiling = held.ceiling.min(money.ceiling);
            }
            None => self.money.push(money),
        }
    }

    pub(crate) fn money_max(&self) -> NanoUsd {
        self.money.iter().map(|held| held.amount).max().unwrap_or_default()
    }

    pub(crate) fn money_total(&self) -> u64 {
        self.money.iter().fold(0, |sum: u64, held| sum.wrapping_add(held.amount.get()))
    }
}
