//! The ledger from outside: keys, journal, shipping, crashes.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod crash;
mod death;
mod fixture;
mod keys;
mod overlap;
mod process;
mod shipping;
mod trouble;
