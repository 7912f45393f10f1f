//! What Tollgate's policy components share: the contract's types and host functions, the macros
//! that make a type a component, and an allocator for instances that live for one call.
//!
//! A component is a `cdylib` for `wasm32-unknown-unknown` with one role macro in its `lib.rs`:
//!
//! ```text
//! tollgate_sdk::authenticator!("../../wit", Doorman);
//!
//! struct Doorman;
//!
//! impl Guest for Doorman {
//!     fn authenticate(request: &Request) -> Result<Principal, Denial> {
//!         Err(Denial::new(401, "auth_error", "Nobody gets in.".into()))
//!     }
//! }
//! ```
//!
//! Linking this crate installs its allocator. Host functions exist only inside the gateway:
//! elsewhere they panic, so keep decisions in functions that are given what the host said.

#[cfg(target_arch = "wasm32")]
mod allocator;
#[cfg(any(target_arch = "wasm32", test))]
mod arena;
#[cfg(any(target_arch = "wasm32", test))]
mod classes;
mod contract;
mod denial;
mod failure;
mod key;
mod money;
mod roles;
mod time;

pub use contract::{clock, http, keys, limits, log, prices, types};
pub use failure::undecodable;
pub use key::KeyDigest;
pub use money::{NANO_MAX, femto_to_nano_ceiling, femto_to_nano_nearest, usd_text};
pub use time::{utc_micros_text, utc_text};
// For the role macros, whose output names it.
#[doc(hidden)]
pub use wit_bindgen;

/// Writes a line into the gateway's log at level `warn`.
pub fn warn(line: &str) {
    log::write(log::Level::Warn, line);
}

/// Writes a line into the gateway's log at level `error`.
pub fn error(line: &str) {
    log::write(log::Level::Error, line);
}
