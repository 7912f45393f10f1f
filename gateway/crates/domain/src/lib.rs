//! The words of Tollgate as Rust types: ids, money, tokens, and the evidence that each step of a
//! call hands to the next. No input or output, nothing asynchronous.
//!
//! The types mirror the contract in `wit/`; the `host` crate converts between the two, so that no
//! other crate depends on how components are bound.
//!
//! ```
//! use tollgate_domain::{FemtoUsd, KeyHash, NanoUsd};
//!
//! let key = KeyHash::of_key("sk-example");
//! assert_eq!(key.to_string().len(), 64);
//! assert_eq!(NanoUsd::from_usd(0.015).map(NanoUsd::as_usd), Some(0.015));
//! assert_eq!(FemtoUsd::from_usd(1.5e-7).map(|p| p.0), Some(150_000_000));
//! ```

mod call;
mod claim;
mod document;
mod event;
mod id;
mod money;
mod principal;
mod usage;

pub use call::{Admission, Allowance, Call, Candidate, Dialect, Ending, Outcome};
pub use claim::{Claim, ClaimError, Excess, key_budget};
pub use document::{BadEdit, Document, DocumentError, Edit};
pub use event::{Event, Extension, Failure, FailureKind, FinishReason, Frame, ToolCallDelta};
pub use id::{CallId, KeyHash};
pub use money::{FemtoUsd, NanoUsd};
pub use principal::{Denial, KeyLimits, KeyRecord, LimitHit, Principal, Scopes};
pub use usage::{Charge, Observed, Pricing, Rates, Usage};

/// Milliseconds since the Unix epoch.
pub type UnixMillis = u64;

/// The time now; 0 if the machine's clock stands before 1970.
pub fn unix_now() -> UnixMillis {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
