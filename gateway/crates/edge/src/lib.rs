//! The outside of the gateway: listeners, TLS, sites and routes. Decides where a request goes,
//! and speaks HTTP with whoever sent it.

mod certificate;
mod drain;
mod exchange;
mod gate;
mod proxy;
mod respond;
mod server;
mod site;

pub use certificate::CertificateError;
pub use drain::Drain;
pub use gate::Gate;
pub use server::{EdgeError, EdgeSettings, Server};
