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
use pingora_proxy::{ProxyHttp, Session};
use tollgate_upstream::{Answering, Endpoint, SendError, Terms};

use crate::context::{Context, host_of};
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
    pub(crate) async fn direct(&self, session: &mut Session, context: &mut Context) -> Result<()> {
        let body = whole_body(session).await?;
        let request = self.outgoing(session, context).await?;
        let asked = tokio::select! {
            biased;
            asked = self.ask(context, &request, &body) => asked,
            () = gone(session) => {
                session.as_downstream_mut().set_keepalive(None);
                return Ok(());
            }
        };
        let mut answering = asked?;
        let head = self.incoming(session, context, &answering).await?;
        let passed = pass(session, head, &mut answering).await;
        match passed {
            Ok(()) => answering.finish().await,
            Err(_) => answering.cancel().await,
        }
        passed
    }

    /// What the server is sent.
    async fn outgoing(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<RequestHeader> {
        let mut request = session.req_header().clone();
        request.set_version(Version::HTTP_11);
        if session.req_header().version == Version::HTTP_2 {
            let host = host_of(session.req_header()).to_owned();
            request.insert_header(header::HOST, host)?;
        }
        self.upstream_request_filter(session, &mut request, context).await?;
        Ok(request)
    }

    /// Asks one server after the other until one takes the connection.
    async fn ask(
        &self,
        context: &Context,
        request: &RequestHeader,
        body: &Bytes,
    ) -> Result<Answering> {
        let Some(route) = &context.upstream else {
            return Error::e_explain(ErrorType::InternalError, "a request without a destination");
        };
        let terms = Terms {
            connect: route.connect_timeout,
            read: route.read_timeout,
            is_repeatable: request.method.is_idempotent(),
        };
        let mut asked = 0;
        loop {
            let server = route.servers.turn();
            asked += 1;
            let Some(endpoint) = route.servers.endpoint(server) else {
                return Error::e_explain(ErrorType::InternalError, "a server without an address");
            };
            match self.ask_one(endpoint, terms, request, body).await {
                Ok(answering) => return Ok(answering),
                Err(error) => {
                    let is_unreached =
                        matches!(error, SendError::Connect { .. } | SendError::Endpoint(_));
                    if is_unreached {
                        route.servers.rest(server);
                    }
                    if !is_unreached || asked >= route.servers.len() {
                        return Err(failed(&error));
                    }
                }
            }
        }
    }

    async fn ask_one(
        &self,
        endpoint: &Endpoint,
        terms: Terms,
        request: &RequestHeader,
        body: &Bytes,
    ) -> std::result::Result<Answering, SendError> {
        let sent = self.upstreams.send_as(endpoint, terms, body, || Ok(request.clone()));
        match tokio::time::timeout(terms.connect + terms.read, sent).await {
            Ok(sent) => sent,
            Err(_elapsed) => Err(SendError::TimedOut { host: endpoint.host().to_owned() }),
        }
    }

    /// What the client is sent, its body apart.
    async fn incoming(
        &self,
        session: &mut Session,
        context: &mut Context,
        answering: &Answering,
    ) -> Result<ResponseHeader> {
        let Some(mut head) = answering.head().cloned() else {
            return Error::e_explain(ErrorType::InternalError, "an answer without a head");
        };
        let has_framing = head.headers.contains_key(header::TRANSFER_ENCODING)
            || head.headers.contains_key(header::CONTENT_LENGTH);
        if !has_framing && !is_bodiless(session, head.status) {
            // Otherwise the client's connection would have to end with the body.
            head.set_version(Version::HTTP_11);
            head.insert_header(header::TRANSFER_ENCODING, "chunked")?;
        }
        self.response_filter(session, &mut head, context).await?;
        Ok(head)
    }
}

/// The request's body.
async fn whole_body(session: &mut Session) -> Result<Bytes> {
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
    head: ResponseHeader,
    answering: &mut Answering,
) -> Result<()> {
    let broken = |error: SendError| failed(&error);
    if is_bodiless(session, head.status) {
        session.write_response_header(Box::new(head), true).await.map_err(Error::into_down)?;
        return session.as_downstream_mut().finish_body().await.map_err(Error::into_down);
    }
    let length = head.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let is_short = length.is_some_and(|bytes| bytes <= ANSWER_BYTES_MAX);
    let first = if is_short { gathered(answering).await? } else { Bytes::new() };
    session.write_response_header(Box::new(head), false).await.map_err(Error::into_down)?;
    if is_short {
        return session.write_response_body(Some(first), true).await.map_err(Error::into_down);
    }
    while let Some(bytes) = answering.next().await.map_err(broken)? {
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
