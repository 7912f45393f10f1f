//! The server: listeners made from the configuration, and its run until a signal ends it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pingora_core::apps::HttpServerOptions;
use pingora_core::connectors::ConnectorOptions;
use pingora_core::protocols::http::v2::server::{H2Options, default_h2_options};
use pingora_core::server::configuration::{Opt, ServerConf};
use pingora_core::server::{RunArgs, Server as PingoraServer};
use pingora_core::services::background::background_service;
use pingora_proxy::http_proxy;
use tollgate_acme::AcmeError;
use tollgate_config::{Cors, Edge as EdgeConfig, EdgeLimits};
use tollgate_listener::{CertificateWatch, service};
use tollgate_upstream::{UpstreamSettings, Upstreams};

use crate::drain::{Drain, End, Ending, Stop};
use crate::gate::Gate;
use crate::handover::Sockets;
use crate::health::Watch;
use crate::issue::Issuance;
use crate::listeners::{ListenerError, Listeners};
use crate::proxy::Edge;
use crate::reload::Reload;
use crate::serving::{Current, Serving};
use crate::site::SiteError;

/// Where a new process waits for the sockets, in the data directory.
const HANDOVER: &str = "handover.sock";
/// nginx keeps an idle connection to a server for a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
/// Pingora ends what runs this long after the listeners have stopped; by then the process is gone.
const BEYOND_GRACE_SECONDS: u64 = 3600;

/// What a server is set up with.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// The plain listener.
    pub plain: SocketAddr,
    /// Listeners and sites of the configuration.
    pub edge: Option<EdgeConfig>,
    /// Pages elsewhere that may call, where there are no sites.
    pub cors: Option<Cors>,
    /// Where certificates are kept and processes meet.
    pub data_dir: PathBuf,
    /// PEM file of the roots that upstreams of routes are trusted by.
    pub roots: PathBuf,
    /// Idle connections kept to upstreams of routes.
    pub pool: usize,
    /// Whether the sockets come from a running process.
    pub takes_over: bool,
}

/// The server cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// A listener cannot be set up.
    #[error(transparent)]
    Listener(Box<ListenerError>),
    /// Certificates cannot be ordered.
    #[error("tls.acme: {0}")]
    Acme(#[from] AcmeError),
    /// A site cannot be served.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

impl From<ListenerError> for EdgeError {
    fn from(error: ListenerError) -> Self {
        Self::Listener(Box::new(error))
    }
}

/// All listeners, ready to run.
pub struct Server {
    server: PingoraServer,
    drain: Arc<Drain>,
    /// How it ends.
    pub end: End,
    /// How it is given another configuration.
    pub reload: Reload,
}

impl Server {
    /// Makes the listeners. Cryptography has to be set up, see [`tollgate_listener::provider`].
    pub fn new(settings: EdgeSettings, gate: Arc<Gate>) -> Result<Self, EdgeError> {
        let limits = settings.edge.as_ref().map_or_else(EdgeLimits::default, |e| e.limits.clone());
        let listeners = settings.edge.as_ref().map_or(&[][..], |edge| &edge.listeners);
        let ready = Listeners::new(settings.plain, listeners, &limits, &settings.data_dir)?;
        let sockets = Sockets::default();
        let issuance =
            Issuance::new(listeners, &ready.certified, &settings.data_dir, sockets.clone())?;
        let serving = Serving::new(settings.edge.as_ref(), settings.cors.as_ref(), gate)?;
        let current = Current::new(serving);
        if !settings.takes_over {
            let addresses = listeners.iter().map(|listener| listener.address);
            std::iter::once(settings.plain).chain(addresses).try_for_each(check_free)?;
        }
        let mut server = bootstrapped(&settings, &limits);
        let drain = Arc::new(Drain::default());
        let edge = Edge {
            current: Arc::clone(&current),
            challenges: issuance.challenges.clone(),
            drain: Arc::clone(&drain),
            upstreams: upstreams(&settings),
            request_timeout: limits.request_timeout,
        };
        let options = ConnectorOptions::from_server_conf(&server.configuration);
        let watch = Watch { current: Arc::clone(&current), options };
        server.add_service(background_service("health", watch));
        for one in &ready.certified {
            server.add_service(CertificateWatch::new(Arc::clone(&one.certificates)));
        }
        if !issuance.is_empty() {
            server.add_service(background_service("acme", issuance));
        }
        server.add_service(sockets.clone());
        let end = End {
            drain: Arc::clone(&drain),
            connections: Arc::clone(&ready.settings.connections),
            sockets,
            ending: Ending { delay: limits.drain_delay, grace: limits.drain_timeout },
            handover: settings.data_dir.join(HANDOVER),
        };
        let mut proxy = http_proxy(&server.configuration, edge);
        let mut server_options = HttpServerOptions::default();
        server_options.h2_idle_timeout = Some(limits.idle_timeout);
        proxy.server_options = Some(server_options);
        proxy.h2_options = Some(h2_options(&limits));
        let reload = Reload::new(current, ready.certified, settings);
        server.add_service(service(proxy, ready.settings));
        Ok(Self { server, drain, end, reload })
    }

    /// Tells whether the end has begun.
    pub fn drain(&self) -> Arc<Drain> {
        Arc::clone(&self.drain)
    }

    /// Where a process that takes over waits for the sockets of the one in this data directory.
    pub fn handover(data_dir: &std::path::Path) -> PathBuf {
        data_dir.join(HANDOVER)
    }

    /// Takes the parts that others need, and what is left to serve.
    pub fn split(self) -> (Serve, End, Reload) {
        (Serve { server: self.server, drain: self.drain }, self.end, self.reload)
    }
}

/// What accepts connections.
pub struct Serve {
    server: PingoraServer,
    drain: Arc<Drain>,
}

impl Serve {
    /// Serves for as long as the process lives: connections are taken until [`End`] says so.
    pub fn run(self) {
        let shutdown_signal = Box::new(Stop(self.drain));
        self.server.run(RunArgs { shutdown_signal });
    }
}

fn bootstrapped(settings: &EdgeSettings, limits: &EdgeLimits) -> PingoraServer {
    let opt = Opt { upgrade: settings.takes_over, ..Opt::default() };
    let mut server = PingoraServer::new_with_opt_and_conf(opt, conf(settings, limits));
    server.bootstrap();
    server
}

fn upstreams(settings: &EdgeSettings) -> Arc<Upstreams> {
    Upstreams::new(UpstreamSettings {
        roots: settings.roots.clone(),
        pool: settings.pool,
        // Routes have their own.
        connect_timeout: CONNECT_TIMEOUT,
        idle_timeout: IDLE_TIMEOUT,
    })
}

/// Both limits are set: an option of pingora's takes the place of all its defaults.
fn h2_options(limits: &EdgeLimits) -> H2Options {
    let mut options = default_h2_options();
    let headers = u32::try_from(limits.header_bytes).unwrap_or(u32::MAX);
    options.max_header_list_size(headers);
    options.max_concurrent_streams(limits.h2_streams);
    options.max_pending_accept_reset_streams(limits.h2_resets as usize);
    options.max_local_error_reset_streams(Some(limits.h2_resets as usize * 4));
    options
}

/// The server stops the process over an address that is taken, without a word; look first.
fn check_free(address: SocketAddr) -> Result<(), EdgeError> {
    let bound = std::net::TcpListener::bind(address);
    bound.map(drop).map_err(|source| EdgeError::Listen { address, source })
}

fn conf(settings: &EdgeSettings, limits: &EdgeLimits) -> ServerConf {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    ServerConf {
        threads,
        work_stealing: true,
        ca_file: Some(settings.roots.display().to_string()),
        upstream_keepalive_pool_size: settings.pool,
        upgrade_sock: Server::handover(&settings.data_dir).display().to_string(),
        // What is under way is waited for elsewhere.
        grace_period_seconds: Some(limits.drain_timeout.as_secs() + BEYOND_GRACE_SECONDS),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    }
}
