//! The outside of the gateway: listeners, TLS, sites and routes. Decides where a request goes,
//! and speaks HTTP with whoever sent it.

mod certificate;
mod compression;
mod context;
mod cookies;
mod cors;
mod drain;
mod exchange;
mod fields;
mod forwarded;
mod frame;
mod gate;
mod health;
mod hop;
mod host;
mod listening;
mod own;
mod path;
mod policy;
mod proxy;
mod redirect;
mod respond;
mod server;
mod servers;
mod site;

pub use certificate::CertificateError;
pub use drain::Drain;
pub use gate::Gate;
pub use server::{EdgeError, EdgeSettings, Server};
pub use site::SiteError;
