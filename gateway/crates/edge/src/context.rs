//! What is known of a request on its way: what was seen of the connection, the site, the route.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use http::header;
use pingora_http::RequestHeader;
use pingora_proxy::Session;
use tollgate_domain::UnixMillis;
use tollgate_host::{Head, HeadBuilder};
use tollgate_listener::Connection;
use tollgate_telemetry::Surface;

use crate::drain::UnderWay;
use crate::forwarded::{self, Client};
use crate::gate::Seen;
use crate::listening::ListenerId;
use crate::policy::Policy;
use crate::serving::Serving;
use crate::site::{Destination, UpstreamRoute};

/// What is known of a request on its way.
pub(crate) struct Context {
    pub(crate) at: UnixMillis,
    /// The configuration that the request began with.
    pub(crate) serving: Arc<Serving>,
    /// What the site wants of the answer.
    pub(crate) policy: Arc<Policy>,
    pub(crate) destination: Option<Destination>,
    /// Whether the host is one that this gateway answers for.
    pub(crate) is_known_host: bool,
    /// Whether the listener sends requests on to https.
    pub(crate) redirects: bool,
    /// Where answers to authorities lie that another ACME client asked.
    pub(crate) webroot: Option<Arc<Path>>,
    pub(crate) peer: Option<IpAddr>,
    pub(crate) client: Option<Client>,
    pub(crate) upstream: Option<Arc<UpstreamRoute>>,
    /// The server whose turn it is, and how many were asked.
    pub(crate) server: usize,
    pub(crate) asked: usize,
    /// Bytes of the request body that were passed on.
    pub(crate) body_bytes: u64,
    pub(crate) under_way: Option<UnderWay>,
    /// When the request and its answer must be over. None: they may last.
    pub(crate) until: Option<Instant>,
}

// === impl Context ===

impl Context {
    pub(crate) fn new(serving: Arc<Serving>) -> Self {
        Self {
            at: 0,
            policy: serving.sites.without_site(),
            serving,
            destination: None,
            is_known_host: false,
            redirects: false,
            webroot: None,
            peer: None,
            client: None,
            upstream: None,
            server: 0,
            asked: 0,
            body_bytes: 0,
            under_way: None,
            until: None,
        }
    }

    /// Learns who the request is from.
    pub(crate) fn see(&mut self, session: &Session) {
        let request = session.req_header();
        let connection = session.digest().and_then(Connection::of);
        let listener = connection.and_then(Connection::listener::<ListenerId>);
        let heard = listener.and_then(|id| self.serving.listening.at(*id));
        let local = session.server_addr().and_then(|address| address.as_inet());
        self.peer = session.client_addr().and_then(|address| address.as_inet()).map(|a| a.ip());
        self.redirects = heard.is_some_and(|heard| heard.redirects);
        self.webroot = heard.and_then(|heard| heard.webroot.clone());
        let seen = forwarded::Seen {
            peer: self.peer,
            is_tls: connection.is_some_and(Connection::is_secure),
            port: local.map_or(0, |address| address.port()),
            trusted: heard.map_or(&[], |heard| &heard.trusted),
        };
        self.client = Some(Client::of(seen, host_of(request), &request.headers));
    }

    /// Metrics and the access log of a request that is no model call.
    pub(crate) fn record(&self, session: &Session, surface: Surface, route: &str, status: u16) {
        self.serving.gate.record(&Seen {
            method: session.req_header().method.as_str(),
            client: self.client_address(),
            surface,
            route,
            status,
            at: self.at,
            bytes_in: session.body_bytes_read() as u64,
            bytes_out: session.body_bytes_sent() as u64,
        });
    }

    /// Whether the request should be over. It is asked at every piece of a body: between two of them
    /// there are other limits.
    pub(crate) fn is_overdue(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }

    /// Who sent the request.
    fn client_address(&self) -> Option<IpAddr> {
        self.client.as_ref().and_then(|client| client.address)
    }

    /// The request's head as components see it, with the address of who sent it.
    pub(crate) fn head_of(&self, request: &RequestHeader) -> Arc<Head> {
        let address = self.client_address().map(|address| address.to_string());
        let (method, path) = (request.method.as_str(), request.uri.path());
        let mut head = HeadBuilder::new(method, path, address.unwrap_or_default());
        for (name, value) in &request.headers {
            head.header(name.as_str(), value.as_bytes());
        }
        head.build()
    }
}

/// The host that the client asked for: of the URI in HTTP/2, of the header in HTTP/1.
pub(crate) fn host_of(request: &RequestHeader) -> &str {
    let header = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri.authority().map(|host| host.as_str()).or(header).unwrap_or_default()
}
