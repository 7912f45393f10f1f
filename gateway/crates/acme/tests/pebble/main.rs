//! Certificates from a real ACME CA, pebble, which each test starts for itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod ca;
mod clock;
mod edge;
mod issue;
mod logged;
mod renew;
mod site;
mod trouble;
