//! The outside of the gateway: listeners, TLS, sites and routes. Decides where a request goes,
//! and speaks HTTP with whoever sent it.

mod certificate;
mod compression;
mod context;
mod cookies;
mod cors;
mod direct;
mod drain;
mod exchange;
mod fields;
mod forwarded;
mod frame;
mod gate;
mod handover;
mod health;
mod hop;
mod host;
mod issue;
mod listeners;
mod listening;
mod own;
mod passing;
mod path;
mod policy;
mod proxy;
mod redirect;
mod reload;
mod respond;
mod server;
mod servers;
mod serving;
mod site;
mod webroot;

pub use certificate::SelfSignedError;
pub use drain::{Drain, End, Signals};
pub use gate::Gate;
pub use listeners::ListenerError;
pub use reload::Reload;
pub use server::{EdgeError, EdgeSettings, Serve, Server};
pub use site::SiteError;
pub use tollgate_listener::provider;
