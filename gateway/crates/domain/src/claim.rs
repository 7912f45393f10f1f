//! Claims on counters and budgets.

use std::time::Duration;

use crate::{NanoUsd, UnixMillis};

/// One thing to reserve for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Events in a window that starts at its first event.
    Rate {
        /// The counter's name.
        bucket: String,
        /// Events to count.
        units: u64,
        /// The most that the window may hold.
        ceiling: u64,
        /// The window's length.
        window: Duration,
    },
    /// Money.
    Money {
        /// The budget's name.
        bucket: String,
        /// The most that the call can cost.
        amount: NanoUsd,
        /// The ceiling of spent and reserved together.
        ceiling: NanoUsd,
    },
}

/// The budget in which a key's spend is kept. Limiters name it so in their claims; the gateway
/// seeds it with what the store knows.
pub fn key_budget(key_id: &str) -> String {
    format!("key:{key_id}")
}

/// The claim that did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// Its position in the list.
    pub claim: u32,
    /// What is used already: events, or nano-dollars spent and reserved.
    pub used: u64,
    /// When the window ends; none for money.
    pub resets_at: Option<UnixMillis>,
}

/// Why nothing was reserved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimError {
    /// A claim does not fit.
    #[error("claim {} does not fit", .0.claim)]
    Exceeded(Excess),
    /// The claims cannot be taken at all.
    #[error("{0}")]
    Invalid(&'static str),
    /// A budget's state is not known at present.
    #[error("the state of a budget is not known")]
    Unavailable,
}
