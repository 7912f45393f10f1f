//! The server: listeners made from the configuration, and its run until a signal ends it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use pingora_core::connectors::ConnectorOptions;
use pingora_core::listeners::{L4BufferSettings, ListenerConfig};
use pingora_core::server::configuration::ServerConf;
use pingora_core::server::{RunArgs, Server as PingoraServer};
use pingora_core::services::background::background_service;
use pingora_core::services::listening::Service;
use pingora_proxy::http_proxy;
use tollgate_config::{Cors, Edge as EdgeConfig, EdgeLimits, Listener};

use crate::certificate::{self, CertificateError};
use crate::drain::{Drain, Signals};
use crate::gate::Gate;
use crate::health::Watch;
use crate::listening::Listening;
use crate::proxy::Edge;
use crate::site::{SiteError, Sites};

/// Holds the head and body of nearly every answer that is not streamed.
const WRITE_BUFFER_BYTES: usize = 8 << 10;

/// What a server is set up with.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// The plain listener.
    pub plain: SocketAddr,
    /// Listeners and sites of the configuration.
    pub edge: Option<EdgeConfig>,
    /// Pages elsewhere that may call, where there are no sites.
    pub cors: Option<Cors>,
    /// Where self-signed certificates are kept.
    pub data_dir: PathBuf,
    /// PEM file of the roots that upstreams of routes are trusted by.
    pub roots: PathBuf,
    /// Idle connections kept to upstreams of routes.
    pub pool: usize,
}

/// The server cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// A certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A site cannot be served.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The file asks for something that is not there yet.
    #[error("edge: `{key}` is not supported yet")]
    Unsupported {
        /// The key.
        key: &'static str,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// All listeners, ready to run.
pub struct Server {
    server: PingoraServer,
    drain: Arc<Drain>,
}

impl Server {
    /// Makes the listeners.
    pub fn new(settings: EdgeSettings, gate: Arc<Gate>) -> Result<Self, EdgeError> {
        let conf = conf(&settings);
        let mut server = PingoraServer::new_with_opt_and_conf(None, conf);
        server.bootstrap();
        let drain = Arc::new(Drain::default());
        let listeners = settings.edge.as_ref().map_or(&[][..], |edge| &edge.listeners);
        let sites = settings.edge.as_ref().map_or(&[][..], |edge| &edge.sites);
        listeners.iter().try_for_each(check_supported)?;
        if settings.edge.as_ref().is_some_and(|edge| edge.limits != EdgeLimits::default()) {
            return Err(EdgeError::Unsupported { key: "limits" });
        }
        let sites = Sites::new(sites, settings.cors.as_ref())?;
        let watched = sites.watched();
        if !watched.is_empty() {
            let options = ConnectorOptions::from_server_conf(&server.configuration);
            let watch = Watch { routes: watched, options };
            server.add_service(background_service("health", watch));
        }
        let edge = Edge {
            gate,
            sites,
            listening: Listening::new(settings.plain, listeners),
            drain: Arc::clone(&drain),
        };
        let proxy = http_proxy(&server.configuration, edge);
        let mut service = Service::new("edge".to_owned(), proxy);
        check_free(settings.plain)?;
        service.add_listener(listener_at(settings.plain));
        for listener in listeners {
            add(&mut service, listener, &settings)?;
        }
        server.add_service(service);
        Ok(Self { server, drain })
    }

    /// Tells whether the end has begun.
    pub fn drain(&self) -> Arc<Drain> {
        Arc::clone(&self.drain)
    }

    /// Serves until a signal ends it.
    pub fn run(self) {
        let signals = Signals { drain: self.drain };
        self.server.run(RunArgs { shutdown_signal: Box::new(signals) });
    }
}

/// Refuses what would be missed if it were left out in silence.
fn check_supported(listener: &Listener) -> Result<(), EdgeError> {
    let tls = listener.tls.as_ref();
    let unsupported = [
        ("proxy_protocol", listener.proxy_protocol),
        ("tls.acme", tls.is_some_and(|tls| tls.acme.is_some())),
        ("tls.client_ca", tls.is_some_and(|tls| tls.client_ca.is_some())),
        ("tls.certificates[1]", tls.is_some_and(|tls| tls.certificates.len() > 1)),
    ];
    match unsupported.into_iter().find(|(_, is_asked_for)| *is_asked_for) {
        Some((key, _)) => Err(EdgeError::Unsupported { key }),
        None => Ok(()),
    }
}

fn add<A>(
    service: &mut Service<A>,
    listener: &Listener,
    settings: &EdgeSettings,
) -> Result<(), EdgeError> {
    check_free(listener.address)?;
    let at = listener_at(listener.address);
    service.add_listener(match &listener.tls {
        Some(tls) => at.tls(certificate::settings(listener, tls, &settings.data_dir)?),
        None => at,
    });
    Ok(())
}

/// An answer's head and a body of a few kilobytes leave in one packet: a second one costs a system
/// call here and a wake-up at the client. Streams are flushed at every event.
fn listener_at(address: SocketAddr) -> ListenerConfig {
    ListenerConfig::tcp(address.to_string())
        .l4_buffer(L4BufferSettings::default().write(WRITE_BUFFER_BYTES))
}

/// The server stops the process over an address that is taken, without a word; look first.
fn check_free(address: SocketAddr) -> Result<(), EdgeError> {
    let bound = std::net::TcpListener::bind(address);
    bound.map(drop).map_err(|source| EdgeError::Listen { address, source })
}

fn conf(settings: &EdgeSettings) -> ServerConf {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    ServerConf {
        threads,
        work_stealing: true,
        ca_file: Some(settings.roots.display().to_string()),
        upstream_keepalive_pool_size: settings.pool,
        // Draining is done before the server is told to stop.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}
