//! What was used, what it is priced at, what it cost.

use serde::{Deserialize, Serialize};

use crate::{FemtoUsd, NanoUsd};

/// Tokens that a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input: u64,
    /// All output tokens, reasoning included.
    pub output: u64,
    /// Input tokens read from the provider's cache.
    pub cached_input: u64,
    /// Input tokens written to the provider's cache.
    pub cache_write: u64,
    /// Output tokens spent on reasoning.
    pub reasoning: u64,
    /// Input tokens that are sound.
    #[serde(default)]
    pub audio_input: u64,
    /// Output tokens that are sound.
    #[serde(default)]
    pub audio_output: u64,
}

/// How well usage is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "known", content = "usage")]
pub enum Observed {
    /// The provider reported it.
    Reported(Usage),
    /// Counted from what arrived before the answer was cut.
    Estimated(Usage),
    /// Nothing arrived that could be billed.
    Nothing,
}

/// Prices of a deployment, per token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// An input token that came from no cache.
    pub input: FemtoUsd,
    /// An output token.
    pub output: FemtoUsd,
    /// An input token read from the cache; absent: the input price.
    pub cached_input: Option<FemtoUsd>,
    /// An input token written to the cache; absent: the input price.
    pub cache_write: Option<FemtoUsd>,
    /// Version of the table.
    pub version: String,
}

/// Whether a charge rests on a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pricing {
    /// From the table of this version.
    Priced(String),
    /// No price is known.
    Unpriced,
    /// The meter failed: what was reserved is charged.
    MeterFailed,
}

/// What a call cost: what the meter component says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The whole amount.
    pub amount: NanoUsd,
    /// The part for uncached input.
    pub input: NanoUsd,
    /// The part for cached input.
    pub cached: NanoUsd,
    /// The part for output.
    pub output: NanoUsd,
    /// What the amount rests on.
    pub pricing: Pricing,
}

// === impl Observed ===

impl Observed {
    /// The figures, all 0 if nothing arrived.
    pub fn usage(&self) -> Usage {
        match self {
            Self::Reported(usage) | Self::Estimated(usage) => *usage,
            Self::Nothing => Usage::default(),
        }
    }

    /// Whether the figures are an estimate.
    pub fn is_estimated(&self) -> bool {
        matches!(self, Self::Estimated(_))
    }
}
