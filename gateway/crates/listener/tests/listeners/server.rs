//! A service that listens on ports of its own, as one does that got its sockets from another
//! process.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pingora_core::server::Fds;
use pingora_core::services::Service as _;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tollgate_listener::{
    ConnectionLimits, Connections, Deadlines, GuardLimits, Listener, ServiceSettings, Tls, service,
};

use crate::echo::{Echo, Name, Shared};

pub(crate) struct Server {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) connections: Arc<Connections>,
    pub(crate) echo: Arc<Echo>,
    pub(crate) shutdown: watch::Sender<bool>,
    pub(crate) task: JoinHandle<()>,
}

/// Settings of a server that tests change.
pub(crate) struct Settings {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) limits: ConnectionLimits,
    pub(crate) deadlines: Deadlines,
    pub(crate) handshake: Duration,
}

impl Settings {
    pub(crate) fn new(listeners: Vec<Listener>) -> Self {
        Self {
            listeners,
            limits: ConnectionLimits { open: 1000, per_client: 1000 },
            deadlines: Deadlines::default(),
            handshake: Duration::from_secs(10),
        }
    }
}

/// A listener on any port.
pub(crate) fn listener(name: &'static str, tls: Option<Tls>) -> Listener {
    Listener {
        address: "127.0.0.1:0".parse().unwrap(),
        tls,
        proxy_protocol: None,
        data: Arc::new(Name(name)),
    }
}

pub(crate) fn plain() -> Server {
    start(Settings::new(vec![listener("plain", None)]))
}

pub(crate) fn start(mut settings: Settings) -> Server {
    let mut fds = Fds::new();
    for listener in &mut settings.listeners {
        let socket = TcpListener::bind(listener.address).unwrap();
        socket.set_nonblocking(true).unwrap();
        listener.address = socket.local_addr().unwrap();
        fds.add(listener.address.to_string(), socket.into_raw_fd());
    }
    let connections = Connections::new(settings.limits);
    let echo = Arc::new(Echo::default());
    let addresses = settings.listeners.iter().map(|listener| listener.address).collect();
    let settings = ServiceSettings {
        name: "test".to_owned(),
        listeners: settings.listeners,
        guard: GuardLimits { header_bytes: 16 << 10, header_count: 50 },
        deadlines: settings.deadlines,
        handshake: settings.handshake,
        connections: Arc::clone(&connections),
    };
    let mut service = service(Shared(Arc::clone(&echo)), settings);
    let (shutdown, watch) = watch::channel(false);
    let task = tokio::spawn(async move {
        service.start_service(Some(Arc::new(Mutex::new(fds))), watch, 2).await;
    });
    Server { addresses, connections, echo, shutdown, task }
}
