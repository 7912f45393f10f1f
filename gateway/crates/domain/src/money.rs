//! Money as whole numbers: amounts in nano-dollars, prices in femto-dollars.

use serde::{Deserialize, Serialize};

/// An amount of money: 10⁻⁹ US dollars. Never negative: Tollgate charges, it does not refund.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct NanoUsd(i64);

/// A price for one token: 10⁻¹⁵ US dollars. Fine enough for a price of a thousandth of a cent per
/// million tokens.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct FemtoUsd(pub u64);

const NANO_PER_USD: f64 = 1e9;
const FEMTO_PER_USD: f64 = 1e15;

// === impl NanoUsd ===

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount: about 9.2 billion dollars.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount; one above [`Self::MAX`] becomes it.
    pub fn new(nano: u64) -> Self {
        Self(i64::try_from(nano).unwrap_or(i64::MAX))
    }

    /// The number as the store keeps it; a negative one becomes 0.
    pub fn from_stored(nano: i64) -> Self {
        Self(nano.max(0))
    }

    /// The number as the store keeps it.
    pub fn to_stored(self) -> i64 {
        self.0
    }

    /// The amount as a number that is never negative.
    pub fn get(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// Dollars, as configuration and the management API write them, to the nearest nano-dollar.
    /// None: negative, not a number, or too large.
    pub fn from_usd(usd: f64) -> Option<Self> {
        scaled(usd, NANO_PER_USD).and_then(|nano| i64::try_from(nano).ok()).map(Self)
    }

    /// Dollars, for people and for LiteLLM's JSON.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / NANO_PER_USD
    }

    /// The sum; never above [`Self::MAX`].
    pub fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference; never below 0.
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }
}

// === impl FemtoUsd ===

impl FemtoUsd {
    /// Dollars per token, as `input_cost_per_token` writes them. None: negative, not a number, or
    /// above 18 446 dollars.
    pub fn from_usd(usd: f64) -> Option<Self> {
        scaled(usd, FEMTO_PER_USD).map(Self)
    }

    /// Dollars per token.
    pub fn as_usd(self) -> f64 {
        self.0 as f64 / FEMTO_PER_USD
    }
}

fn scaled(usd: f64, units: f64) -> Option<u64> {
    let whole = (usd * units).round();
    // 2^64 as a float; everything below fits.
    (whole.is_finite() && (0.0..18_446_744_073_709_551_615.0).contains(&whole))
        .then_some(whole as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_become_whole_units_and_come_back() {
        for usd in [0.0, 1e-9, 0.01, 0.015, 10.0, 2.85e-6] {
            assert_eq!(NanoUsd::from_usd(usd).map(NanoUsd::as_usd), Some(usd));
        }
        assert_eq!(FemtoUsd::from_usd(7.5e-8), Some(FemtoUsd(75_000_000)));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for usd in [-1.0, f64::NAN, f64::INFINITY, 1e30] {
            assert_eq!(NanoUsd::from_usd(usd), None, "{usd}");
            assert_eq!(FemtoUsd::from_usd(usd), None, "{usd}");
        }
    }

    #[test]
    fn sums_stop_at_the_ends() {
        assert_eq!(NanoUsd::MAX.saturating_add(NanoUsd::new(1)), NanoUsd::MAX);
        assert_eq!(NanoUsd::new(1).saturating_sub(NanoUsd::new(2)), NanoUsd::ZERO);
        assert_eq!(NanoUsd::new(u64::MAX), NanoUsd::MAX);
    }
}
