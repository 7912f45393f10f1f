//! One request to an upstream and its answer.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use pingora_core::connectors::{ConnectorOptions, TransportConnector};
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_core::upstreams::peer::{HttpPeer, Peer};
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
const STALE_MAX: u32 = 2;

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

/// How long an upstream may take, and whether it may be asked twice.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// To connect, TLS included.
    pub connect: Duration,
    /// For the next bytes of the answer, and to take those of the request.
    pub read: Duration,
    /// Whether the request may be sent again when a pooled connection turns out to be dead: the
    /// upstream may have seen it.
    pub is_repeatable: bool,
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
    peer: u64,
    host: String,
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
        // A model call is safe to repeat: a provider that has not answered bills nothing.
        let terms = Terms {
            connect: self.settings.connect_timeout,
            read: outgoing.read_timeout,
            is_repeatable: true,
        };
        self.send_as(endpoint, terms, &outgoing.body, || head(endpoint, outgoing)).await
    }

    /// The same for a head that the caller makes, framing included; it is made again for each
    /// connection that is tried.
    pub async fn send_as(
        &self,
        endpoint: &Endpoint,
        terms: Terms,
        body: &[u8],
        head: impl Fn() -> Result<RequestHeader, SendError>,
    ) -> Result<Answering, SendError> {
        let peer = self.peer(endpoint, terms).await?;
        let key = peer.reuse_hash();
        let mut stale = 0;
        loop {
            let head = Box::new(head()?);
            let (stream, reused) = self.connection(endpoint, &peer, key).await?;
            let mut session = Box::new(HttpSession::new_with_options(stream, &*peer));
            session.read_timeout = Some(terms.read);
            session.write_timeout = Some(terms.read);
            match exchange(&mut session, head, body).await {
                Ok(()) => {
                    let (host, pool) = (endpoint.host().to_owned(), Arc::clone(&self.pool));
                    return Ok(Answering { session, peer: key, host, pool });
                }
                Err(error) => {
                    session.shutdown().await;
                    stale += 1;
                    let is_stale = reused && terms.is_repeatable && is_closed(&error);
                    if !is_stale || stale > STALE_MAX {
                        return Err(read_error(endpoint.host(), &error));
                    }
                }
            }
        }
    }

    /// A connection to a peer, and whether it has served before.
    async fn connection(
        &self,
        endpoint: &Endpoint,
        peer: &HttpPeer,
        key: u64,
    ) -> Result<(Stream, bool), SendError> {
        if let Some(stream) = self.pool.take(key) {
            return Ok((stream, true));
        }
        let connected = self.connector.new_stream(peer).await;
        let stream = connected.map_err(|error| connect_error(endpoint, &error))?;
        Ok((Box::new(Held::new(stream)), false))
    }

    async fn peer(&self, endpoint: &Endpoint, terms: Terms) -> Result<Box<HttpPeer>, SendError> {
        let address = endpoint.address().await?;
        let mut peer = HttpPeer::new(address, endpoint.tls(), endpoint.host().to_owned());
        peer.options.connection_timeout = Some(terms.connect);
        peer.options.total_connection_timeout = Some(terms.connect);
        peer.options.read_timeout = Some(terms.read);
        peer.options.write_timeout = Some(terms.read);
        peer.options.idle_timeout = Some(self.settings.idle_timeout);
        Ok(Box::new(peer))
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
    let bad = |error: &dyn std::fmt::Display| SendError::Request(error.to_string());
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
        if self.drained(LAST_BYTES_WAIT).await && self.session.is_body_done() {
            self.session.respect_keepalive();
            if let Some(stream) = self.session.reuse().await {
                self.pool.put(self.peer, stream);
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
