//! The short way to a server behind a route, for requests whose body is at hand or absent.
//!
//! Pingora's proxy half is made for bodies of any length in both directions at once, for upgrades and
//! for HTTP/2 behind: it sends head and body in two packets, watches idle connections with a task
//! each, and hands pieces on through channels. A request that needs none of that, which is nearly
//! every one, costs a quarter less on this way. All others take pingora's; the policies are the same
//! functions.

use bytes::{Bytes, BytesMut};
use http::{Method, StatusCode, Version, header};
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;
use tollgate_upstream::{Answering, STALE_MAX, SendError, Terms, Unanswered};

use crate::context::Context;
use crate::passing;
use crate::proxy::Edge;
use crate::site::UpstreamRoute;

/// A request's body that is gathered before it is sent.
const REQUEST_BYTES_MAX: u64 = 64 << 10;
/// An answer's body that is gathered, so that it leaves with its head.
const ANSWER_BYTES_MAX: u64 = 32 << 10;

/// Whether a request can go this way.
pub(crate) fn fits(session: &mut Session, route: &UpstreamRoute) -> bool {
    let is_body_empty = session.as_downstream_mut().is_body_empty();
    let request = session.req_header();
    let headers = &request.headers;
    let is_plain = request.method != Method::CONNECT
        && !headers.contains_key(header::UPGRADE)
        && !headers.contains_key(header::EXPECT)
        && !headers.contains_key(header::TE);
    let length = || {
        let length = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
        length.trim().parse::<u64>().ok()
    };
    is_plain
        && !route.http2
        && (is_body_empty || length().is_some_and(|bytes| bytes <= REQUEST_BYTES_MAX))
}

impl Edge {
    /// Sends a request on and its answer back.
    pub(crate) async fn direct(
        &self,
        session: &mut Session,
        context: &Context,
        route: &UpstreamRoute,
    ) -> Result<()> {
        let body = whole_body(session, context).await?;
        let mut tries = Tries::new(route, &session.req_header().method);
        let mut answering = loop {
            let request = passing::for_server(session.req_header(), context)?;
            let asked = tokio::select! {
                biased;
                asked = self.ask(&tries, request, &body) => asked,
                () = gone(session) => {
                    session.as_downstream_mut().set_keepalive(None);
                    return Ok(());
                }
            };
            match asked {
                Ok(answering) => break answering,
                Err(unanswered) => tries.after(unanswered)?,
            }
        };
        let head = incoming(session, context, &answering)?;
        let passed = pass(session, context, head, &mut answering).await;
        match passed {
            Ok(()) => answering.finish().await,
            Err(_) => answering.cancel().await,
        }
        passed
    }

    /// Asks the server whose turn it is, once.
    async fn ask(
        &self,
        tries: &Tries<'_>,
        request: Box<RequestHeader>,
        body: &Bytes,
    ) -> std::result::Result<Answering, Unanswered> {
        let Some(endpoint) = tries.route.servers.endpoint(tries.server) else {
            return Err(SendError::Request("the server has no address".to_owned()).into());
        };
        let terms = Terms { connect: tries.route.connect_timeout, read: tries.route.read_timeout };
        let sent = self.upstreams.attempt(endpoint, terms, request, body);
        match tokio::time::timeout(terms.connect + terms.read, sent).await {
            Ok(sent) => sent,
            Err(_elapsed) => Err(SendError::TimedOut { host: endpoint.host().to_owned() }.into()),
        }
    }
}

/// Whose turn it is, and who was asked before.
struct Tries<'a> {
    route: &'a UpstreamRoute,
    is_repeatable: bool,
    server: usize,
    /// Servers that took no connection.
    unreached: usize,
    /// Connections that had died in the pool.
    stale: u32,
}

impl<'a> Tries<'a> {
    fn new(route: &'a UpstreamRoute, method: &Method) -> Self {
        let server = route.servers.turn();
        Self { route, is_repeatable: method.is_idempotent(), server, unreached: 0, stale: 0 }
    }

    /// Whether somebody is asked again: another server if this one took no connection, the same if
    /// the connection was dead and the request may be repeated.
    fn after(&mut self, unanswered: Unanswered) -> Result<()> {
        let Unanswered { error, is_stale } = unanswered;
        if matches!(error, SendError::Connect { .. } | SendError::Endpoint(_)) {
            self.route.servers.rest(self.server);
            self.unreached += 1;
            self.server = self.route.servers.turn();
            if self.unreached < self.route.servers.len() {
                return Ok(());
            }
        } else if is_stale && self.is_repeatable && self.stale < STALE_MAX {
            self.stale += 1;
            return Ok(());
        }
        Err(failed(&error))
    }
}

/// What the client is sent, its body apart.
fn incoming(
    session: &mut Session,
    context: &Context,
    answering: &Answering,
) -> Result<Box<ResponseHeader>> {
    let Some(mut head) = answering.head().cloned().map(Box::new) else {
        return Error::e_explain(ErrorType::InternalError, "an answer without a head");
    };
    let has_framing = head.headers.contains_key(header::TRANSFER_ENCODING)
        || head.headers.contains_key(header::CONTENT_LENGTH);
    if !has_framing && !is_bodiless(session, head.status) {
        // Otherwise the client's connection would have to end with the body.
        head.set_version(Version::HTTP_11);
        head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
    }
    passing::to_client(session, &mut head, context);
    Ok(head)
}

/// The request's body.
async fn whole_body(session: &mut Session, context: &Context) -> Result<Bytes> {
    let downstream = session.as_downstream_mut();
    if downstream.is_body_empty() {
        return Ok(Bytes::new());
    }
    let Some(first) = downstream.read_request_body().await.map_err(Error::into_down)? else {
        return Ok(Bytes::new());
    };
    let Some(second) = downstream.read_request_body().await.map_err(Error::into_down)? else {
        return Ok(first);
    };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    while let Some(more) = downstream.read_request_body().await.map_err(Error::into_down)? {
        if context.is_overdue() {
            return Err(passing::overdue(ErrorSource::Downstream));
        }
        whole.extend_from_slice(&more);
    }
    Ok(whole.freeze())
}

/// Ends when the client does.
async fn gone(session: &mut Session) {
    if session.as_downstream_mut().read_body_or_idle(true).await.is_err() {
        return;
    }
    std::future::pending().await
}

fn is_bodiless(session: &Session, status: StatusCode) -> bool {
    session.req_header().method == Method::HEAD
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Passes an answer on: with its head if it is short, else piece by piece as it comes.
async fn pass(
    session: &mut Session,
    context: &Context,
    head: Box<ResponseHeader>,
    answering: &mut Answering,
) -> Result<()> {
    let broken = |error: SendError| failed(&error);
    if is_bodiless(session, head.status) {
        session.write_response_header(head, true).await.map_err(Error::into_down)?;
        return session.as_downstream_mut().finish_body().await.map_err(Error::into_down);
    }
    let length = head.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let is_short = length.is_some_and(|bytes| bytes <= ANSWER_BYTES_MAX);
    let first = if is_short { gathered(answering).await? } else { Bytes::new() };
    session.write_response_header(head, false).await.map_err(Error::into_down)?;
    if is_short {
        return session.write_response_body(Some(first), true).await.map_err(Error::into_down);
    }
    while let Some(bytes) = answering.next().await.map_err(broken)? {
        if context.is_overdue() {
            return Err(passing::overdue(ErrorSource::Upstream));
        }
        session.write_response_body(Some(bytes), false).await.map_err(Error::into_down)?;
    }
    session.write_response_body(None, true).await.map_err(Error::into_down)?;
    session.as_downstream_mut().finish_body().await.map_err(Error::into_down)
}

async fn gathered(answering: &mut Answering) -> Result<Bytes> {
    let broken = |error: SendError| failed(&error);
    let Some(first) = answering.next().await.map_err(broken)? else { return Ok(Bytes::new()) };
    let mut whole = None;
    while let Some(more) = answering.next().await.map_err(broken)? {
        whole.get_or_insert_with(|| BytesMut::from(&first[..])).extend_from_slice(&more);
    }
    Ok(whole.map_or(first, BytesMut::freeze))
}

/// An upstream's failure in pingora's words, as its own way would tell it.
fn failed(error: &SendError) -> Box<Error> {
    let etype = match error {
        SendError::Connect { .. } | SendError::Endpoint(_) => ErrorType::ConnectError,
        SendError::TimedOut { .. } => ErrorType::ReadTimedout,
        SendError::Broken { .. } => ErrorType::ConnectionClosed,
        SendError::Request(_) => ErrorType::InvalidHTTPHeader,
    };
    let mut told = Error::explain(etype, error.to_string());
    told.esource = ErrorSource::Upstream;
    told
}
