//! The ledger from outside: keys, journal, shipping, crashes.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests fail the test")]

mod away;
mod books;
mod cluster;
mod crash;
mod days;
mod death;
mod fixture;
mod home;
mod keys;
mod overlap;
mod process;
mod replicas;
mod schema;
mod shipping;
mod trouble;
