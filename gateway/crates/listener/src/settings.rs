//! What a service is set up with.

use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

use crate::connections::Connections;
use crate::guard::GuardLimits;
use crate::tls::Tls;

/// An address that is listened on.
#[derive(Clone)]
pub struct Listener {
    /// The address.
    pub address: SocketAddr,
    /// TLS is spoken; without it, HTTP/1 in the clear.
    pub tls: Option<Tls>,
    /// Every connection begins with a PROXY protocol header, which is believed from these networks;
    /// connections from elsewhere are closed. `None`: no header is expected.
    pub proxy_protocol: Option<Vec<IpNet>>,
    /// Anything that the application wants to know about this listener, given back by
    /// [`Connection::listener`](crate::Connection::listener).
    pub data: Arc<dyn Any + Send + Sync>,
}

/// How long a connection waits for its client. HTTP/2 has none of these: its idle time is pingora's
/// `h2_idle_timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From a request's first byte to the end of its head; then the answer is 408.
    pub head: Duration,
    /// Between requests, and before the first one; then the connection is closed without a word.
    pub idle: Duration,
    /// For the next bytes of a body; then reading it fails with `TimedOut`.
    pub body: Duration,
    /// Bytes per second that a body must bring while it is waited for, once that took longer than
    /// `body` in all. 0: any pace will do.
    pub body_rate: u32,
}

/// What all listeners of a service have in common.
#[derive(Clone, Debug)]
pub struct ServiceSettings {
    /// The service's name in pingora's log.
    pub name: String,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// Bounds of a request's head.
    pub guard: GuardLimits,
    /// Deadlines of HTTP/1 connections.
    pub deadlines: Deadlines,
    /// For the PROXY protocol header and the TLS handshake, each.
    pub handshake: Duration,
    /// Counts and bounds the open connections; may be shared by services.
    pub connections: Arc<Connections>,
}

// === impl Listener ===

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("address", &self.address)
            .field("tls", &self.tls)
            .field("proxy_protocol", &self.proxy_protocol)
            .finish_non_exhaustive()
    }
}

// === impl Deadlines ===

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            body: Duration::from_secs(30),
            body_rate: 0,
        }
    }
}
