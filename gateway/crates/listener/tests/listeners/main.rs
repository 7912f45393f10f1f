//! Listeners over real sockets, with an application that tells what it was asked.

mod certificates;
mod client;
mod echo;
mod limits;
mod proxies;
mod requests;
mod server;
mod stopping;
mod tls;
