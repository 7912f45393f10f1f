//! Sockets in, checked connections out: PROXY protocol, TLS, limits, and the framing of HTTP/1.
//!
//! [`service`] makes one of pingora's listening services. Pingora binds and accepts, also with the
//! sockets that another process hands over; from there on a connection is in this crate's care
//! until the application gets its requests: HTTP/1 one at a time, each looked through by a guard,
//! HTTP/2 as it is. What is known of a connection beside its bytes is told by [`Connection`].

mod certificates;
mod connection;
mod connections;
mod front;
mod guard;
mod guarded;
mod proxy_protocol;
mod secure;
mod settings;
mod tls;

pub use certificates::challenges::ChallengeCertificates;
pub use certificates::pair::PairFault;
pub use certificates::watch::CertificateWatch;
pub use certificates::{CertificateError, Certificates, PairFiles};
pub use connection::Connection;
pub use connections::{ConnectionLimits, Connections};
pub use front::{Front, service};
pub use guard::{GuardLimits, refusal::Fault};
pub use settings::{Deadlines, Listener, ServiceSettings};
pub use tls::{Resumption, Tls, TlsError, TlsSettings, provider};
