//! Sockets in, checked connections out: PROXY protocol, TLS, limits, and the framing of HTTP/1.
//!
//! [`service`] makes one of pingora's listening services. Pingora binds and accepts, also with the
//! sockets that another process hands over; from there on a connection is in this crate's care
//! until the application gets its requests: HTTP/1 one at a time, each looked through by a guard,
//! HTTP/2 as it is. What is known of a connection beside its bytes is told by [`Connection`].
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//! use pingora_core::apps::HttpServerApp;
//! use pingora_core::server::Server;
//! use tollgate_listener::*;
//!
//! fn listen<A>(server: &mut Server, app: A) -> Result<(), Box<dyn std::error::Error>>
//! where
//!     A: HttpServerApp + Send + Sync + 'static,
//! {
//!     let files = PairFiles { certificate: "site.crt".into(), key: "site.key".into() };
//!     let certificates = Certificates::load(vec![files])?;
//!     let tls = TlsSettings { certificates, http2: true, client_ca: None };
//!     let listener = Listener {
//!         address: "[::]:443".parse()?,
//!         tls: Some(Tls::new(&tls, &Resumption::new(10_000)?)?),
//!         proxy_protocol: None,
//!         data: Arc::new("the public one"),
//!     };
//!     let settings = ServiceSettings {
//!         name: "edge".to_owned(),
//!         listeners: vec![listener],
//!         guard: GuardLimits { header_bytes: 32 << 10, header_count: 100 },
//!         deadlines: Deadlines::default(),
//!         handshake: Duration::from_secs(10),
//!         connections: Connections::new(ConnectionLimits { open: 10_000, per_client: 500 }),
//!     };
//!     server.add_service(service(app, settings));
//!     server.add_service(CertificateWatch::new(tls.certificates));
//!     Ok(())
//! }
//! ```

mod certificates;
mod connection;
mod connections;
mod frames;
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
