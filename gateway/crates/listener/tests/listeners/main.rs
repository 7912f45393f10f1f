//! Listeners over real sockets, with an application that tells what it was asked.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail the test"
)]

mod certificates;
mod client;
mod echo;
mod limits;
mod proxies;
mod requests;
mod server;
mod stopping;
mod tls;
