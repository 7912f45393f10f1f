//! One request to an upstream and its answer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use pingora_core::connectors::{ConnectorOptions, TransportConnector};
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorType};
use pingora_http::{RequestHeader, ResponseHeader};

use crate::endpoint::{Endpoint, EndpointError};
use crate::held::Held;
use crate::pool::Pool;

/// An upstream that has sent its last event ends the framing with it or right after.
const LAST_BYTES_WAIT: Duration = Duration::from_millis(100);

/// An upstream that was restarted leaves several dead connections in the pool. A request is sent
/// again for at most so many of them: one that itself breaks connections must not be repeated
/// without end.
pub const STALE_MAX: u32 = 2;

/// How connections are made and kept.
#[derive(Clone, Debug)]
pub struct UpstreamSettings {
    /// PEM file of trusted roots, made by [`crate::write_bundle`].
    pub roots: PathBuf,
    /// Idle connections kept, over all upstreams.
    pub pool: usize,
    /// Time to connect, TLS included.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept.
    pub idle_timeout: Duration,
}

/// Sends requests over pooled connections.
pub struct Upstreams {
    connector: TransportConnector,
    pool: Arc<Pool>,
    settings: UpstreamSettings,
}

/// A request to send. `host` and `content-length` are added here.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: http::Method,
    /// Path and query, appended to the endpoint's base path.
    pub path: String,
    /// All other headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
    /// The longest wait for the next bytes of the answer.
    pub read_timeout: Duration,
}

/// How long an upstream may take.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// To connect, TLS included.
    pub connect: Duration,
    /// For the next bytes of the answer, and to take those of the request.
    pub read: Duration,
}

/// A request that was sent and brought no answer.
#[derive(Debug)]
pub struct Unanswered {
    /// Why.
    pub error: SendError,
    /// Whether a connection of the pool broke before a byte of the answer came. It may have been
    /// closed long before, but the upstream may also have seen the request.
    pub is_stale: bool,
}

impl From<SendError> for Unanswered {
    fn from(error: SendError) -> Self {
        Self { error, is_stale: false }
    }
}

impl From<EndpointError> for Unanswered {
    fn from(error: EndpointError) -> Self {
        SendError::from(error).into()
    }
}

/// Why no answer came, or why it broke off.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The endpoint has no address.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The request cannot be put in HTTP.
    #[error("the upstream request is not valid HTTP: {0}")]
    Request(String),
    /// No connection.
    #[error("cannot connect to {host}: {why}")]
    Connect {
        /// The upstream.
        host: String,
        /// What happened.
        why: String,
    },
    /// Nothing came within the time.
    #[error("{host} did not answer in time")]
    TimedOut {
        /// The upstream.
        host: String,
    },
    /// The connection broke, or what came is not HTTP.
    #[error("the connection to {host} broke: {why}")]
    Broken {
        /// The upstream.
        host: String,
        /// What happened.
        why: String,
    },
}

/// An answer whose head has arrived. What is large in it is boxed: it is handed from step to step.
pub struct Answering {
    session: Box<HttpSession>,
    /// What the connection may serve again, as the pool knows it.
    key: u64,
    host: Arc<str>,
    pool: Arc<Pool>,
}

// === impl Upstreams ===

impl Upstreams {
    /// Makes the pools.
    pub fn new(settings: UpstreamSettings) -> Arc<Self> {
        let mut options = ConnectorOptions::new(settings.pool);
        options.ca_file = Some(settings.roots.display().to_string());
        let connector = TransportConnector::new(Some(options));
        let pool = Pool::new(settings.pool, settings.idle_timeout);
        Arc::new(Self { connector, pool, settings })
    }

    /// Sends a request and waits for the head of the answer. A pooled connection that turns out
    /// to be dead before a byte of the answer came is replaced; see [`STALE_MAX`].
    pub async fn send(
        &self,
        endpoint: &Endpoint,
        outgoing: &Outgoing,
    ) -> Result<Answering, SendError> {
        let terms = Terms { connect: self.settings.connect_timeout, read: outgoing.read_timeout };
        let mut stale = 0;
        loop {
            let head = Box::new(head(endpoint, outgoing)?);
            match self.attempt(endpoint, terms, head, &outgoing.body).await {
                Ok(answering) => return Ok(answering),
                // A model call is safe to repeat: a provider that has not answered bills nothing.
                Err(unanswered) if unanswered.is_stale && stale < STALE_MAX => stale += 1,
                Err(unanswered) => return Err(unanswered.error),
            }
        }
    }

    /// Sends a request once, with a head that the caller makes, framing included.
    pub async fn attempt(
        &self,
        endpoint: &Endpoint,
        terms: Terms,
        head: Box<RequestHeader>,
        body: &[u8],
    ) -> Result<Answering, Unanswered> {
        let address = endpoint.address().await?;
        let key = endpoint.pool_key(address);
        let (stream, is_reused) = match self.pool.take(key) {
            Some(stream) => (stream, true),
            // On its own: it is rare, and every request would have to carry its room.
            None => (Box::pin(self.connect(endpoint, address, terms)).await?, false),
        };
        let mut session = Box::new(HttpSession::new(stream));
        session.read_timeout = Some(terms.read);
        session.write_timeout = Some(terms.read);
        match exchange(&mut session, head, body).await {
            Ok(()) => {
                let (host, pool) = (endpoint.shared_host(), Arc::clone(&self.pool));
                Ok(Answering { session, key, host, pool })
            }
            Err(error) => {
                session.shutdown().await;
                let is_stale = is_reused && is_closed(&error);
                Err(Unanswered { error: read_error(endpoint.host(), &error), is_stale })
            }
        }
    }

    async fn connect(
        &self,
        endpoint: &Endpoint,
        address: SocketAddr,
        terms: Terms,
    ) -> Result<Stream, SendError> {
        let mut peer = HttpPeer::new(address, endpoint.tls(), endpoint.host().to_string());
        peer.options.connection_timeout = Some(terms.connect);
        peer.options.total_connection_timeout = Some(terms.connect);
        peer.options.read_timeout = Some(terms.read);
        peer.options.write_timeout = Some(terms.read);
        peer.options.idle_timeout = Some(self.settings.idle_timeout);
        let connected = self.connector.new_stream(&peer).await;
        let stream = connected.map_err(|error| connect_error(endpoint, &error))?;
        Ok(Box::new(Held::new(stream)))
    }
}

async fn exchange(
    session: &mut HttpSession,
    head: Box<RequestHeader>,
    body: &[u8],
) -> Result<(), Box<Error>> {
    session.write_request_header(head).await?;
    if !body.is_empty() {
        session.write_body(body).await?;
    }
    session.finish_body().await?;
    loop {
        session.read_response().await?;
        // Interim answers, such as early hints, come before the one that counts.
        if session.resp_header().is_none_or(|head| !head.status.is_informational()) {
            return Ok(());
        }
    }
}

fn head(endpoint: &Endpoint, outgoing: &Outgoing) -> Result<RequestHeader, SendError> {
    // The library's own words repeat the target, in which a key may stand.
    let bad = |_: &dyn std::fmt::Display| SendError::Request("its path or a header".to_owned());
    let path = format!("{}{}", endpoint.base_path(), outgoing.path);
    let mut head = RequestHeader::build_no_case(outgoing.method.clone(), path.as_bytes(), Some(8))
        .map_err(|e| bad(&e))?;
    head.insert_header(http::header::HOST, endpoint.authority()).map_err(|e| bad(&e))?;
    for (name, value) in &outgoing.headers {
        head.append_header(name.clone(), value.clone()).map_err(|e| bad(&e))?;
    }
    let length = outgoing.body.len().to_string();
    head.insert_header(http::header::CONTENT_LENGTH, length).map_err(|e| bad(&e))?;
    Ok(head)
}

fn is_closed(error: &Error) -> bool {
    matches!(
        error.etype(),
        ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError
    )
}

fn is_timeout(error: &Error) -> bool {
    matches!(
        error.etype(),
        ErrorType::ReadTimedout | ErrorType::WriteTimedout | ErrorType::ConnectTimedout
    )
}

fn connect_error(endpoint: &Endpoint, error: &Error) -> SendError {
    SendError::Connect { host: endpoint.authority(), why: plain(error) }
}

fn read_error(host: &str, error: &Error) -> SendError {
    let host = host.to_owned();
    if is_timeout(error) {
        SendError::TimedOut { host }
    } else {
        SendError::Broken { host, why: plain(error) }
    }
}

/// The error without the peer's description, which repeats every option.
fn plain(error: &Error) -> String {
    let mut text = error.etype().as_str().to_owned();
    if let Some(cause) = &error.cause {
        text.push_str(": ");
        text.push_str(cause.to_string().lines().next().unwrap_or_default());
    }
    text
}

// === impl Answering ===

impl Answering {
    /// The status.
    pub fn status(&self) -> u16 {
        self.session.resp_header().map_or(502, |head| head.status.as_u16())
    }

    /// The head.
    pub fn head(&self) -> Option<&ResponseHeader> {
        self.session.resp_header()
    }

    /// The headers.
    pub fn headers(&self) -> HeaderMap {
        self.session.resp_header().map(|head| head.headers.clone()).unwrap_or_default()
    }

    /// The next bytes, as they arrive; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, SendError> {
        let read = self.session.read_body_bytes().await;
        read.map_err(|error| read_error(&self.host, &error))
    }

    /// Reads what is left of an answer whose content is complete: whatever ends the framing may
    /// still be on its way after the last event of a stream. False: it did not come in time.
    pub async fn drained(&mut self, wait: Duration) -> bool {
        let rest = async { while let Ok(Some(_)) = self.session.read_body_bytes().await {} };
        tokio::time::timeout(wait, rest).await.is_ok()
    }

    /// Puts the connection back into the pool if the answer was read whole, else closes it.
    pub async fn finish(mut self) {
        let is_whole = self.session.is_body_done() || self.drained(LAST_BYTES_WAIT).await;
        if is_whole && self.session.is_body_done() {
            self.session.respect_keepalive();
            if let Some(stream) = self.session.reuse().await {
                self.pool.put(self.key, stream);
            }
        } else {
            self.session.shutdown().await;
        }
    }

    /// Closes the connection, which tells the upstream to stop.
    pub async fn cancel(mut self) {
        self.session.shutdown().await;
    }
}
