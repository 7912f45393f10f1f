//! Tollgate's own answers: its routes, refusals, redirects and what it says when an upstream fails.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use pingora_core::{Error, ErrorSource, ErrorType};
use pingora_proxy::Session;
use tollgate_acme::Challenges;
use tollgate_admin::{
    AdminResponse, Route, Routed, method_not_allowed, named_model, not_found, route,
};
use tollgate_calls::{Called, Exchange, ResponseHead};
use tollgate_domain::Denial;
use tollgate_host::Head;
use tollgate_listener::Fault;
use tollgate_telemetry::Surface;

use crate::context::{Context, host_of};
use crate::cors::Preflight;
use crate::exchange::SessionExchange;
use crate::gate::Gate;
use crate::proxy::Edge;
use crate::redirect;
use crate::site::{Exposed, UpstreamRoute};
use crate::webroot;

/// An answer that needs no part of the gateway, and what the access log calls the request.
pub(crate) struct Short {
    route: &'static str,
    head: ResponseHead,
    body: Bytes,
}

impl Edge {
    /// Answers a request for one of Tollgate's own paths.
    pub(crate) async fn gateway(&self, session: &mut Session, context: &Context, exposed: Exposed) {
        let head = context.head_of(session.req_header());
        let query = session.req_header().uri.query().map(str::to_owned);
        let downstream = session.as_downstream_mut();
        let mut exchange = SessionExchange::new(downstream, Arc::clone(&head), context);
        let (surface, template, answer) = match route_within(exposed, &head) {
            Routed::Found(Route::Call(dialect)) => {
                let model = named_model(head.path()).map(str::to_owned);
                let called = Called { dialect, model, route: Route::Call(dialect).template() };
                return self.call(&context.serving.gate, &mut exchange, &called).await;
            }
            Routed::Found(Route::Readiness) if self.drain.is_ending() => {
                (Surface::Health, Route::Readiness.template(), draining())
            }
            Routed::Found(found) => {
                let answer =
                    context.serving.gate.admin(found, query.as_deref(), &mut exchange).await;
                (surface_of(found), found.template(), answer)
            }
            Routed::MethodNotAllowed { allow } => {
                (Surface::Unrouted, "(other method)", method_not_allowed(allow))
            }
            Routed::NotFound => (Surface::Unrouted, "(none)", not_found()),
        };
        let status = answer.status;
        let _gone = exchange.respond(head_of(&answer), answer.body).await;
        context.record(session, surface, template, status);
    }

    async fn call(&self, gate: &Gate, exchange: &mut SessionExchange<'_>, called: &Called) {
        if self.drain.is_refusing() {
            gate.pipeline.close();
        }
        gate.pipeline.serve(exchange, called).await;
    }

    /// Gives an answer that needs no part of the gateway.
    pub(crate) async fn short(&self, session: &mut Session, context: &Context, short: Short) {
        let Short { route, head, body } = short;
        let status = head.status;
        respond_own(session, context, head, body).await;
        context.record(session, Surface::Unrouted, route, status);
    }

    /// Whether a request may go on to an upstream; answers it if not.
    pub(crate) async fn may_pass(
        &self,
        session: &mut Session,
        context: &Context,
        route: &UpstreamRoute,
    ) -> bool {
        let length = session.req_header().headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let is_too_large = route.body_max.zip(length).is_some_and(|(max, length)| length > max);
        let answer = if is_too_large {
            refusal(413)
        } else if route.public {
            return true;
        } else {
            let head = context.head_of(session.req_header());
            match Box::pin(context.serving.gate.authenticate(head)).await {
                Ok(_) => return true,
                Err(denial) => AdminResponse::denial(&denial),
            }
        };
        Box::pin(respond_own(session, context, head_of(&answer), answer.body)).await;
        false
    }

    /// The answer to requests that are sent elsewhere, or that ask what they may.
    pub(crate) fn short_of(&self, session: &Session, context: &Context) -> Option<Short> {
        let request = session.req_header();
        let path = request.uri.path();
        if let Some(fault) = Fault::of(request.method.as_str(), path) {
            return Some(faulty(fault));
        }
        // HTTP/2 has no guard in front, and its library takes a path such as `?q`.
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        if !target.starts_with('/') && target != "*" {
            return Some(faulty(Fault::Target));
        }
        if let Some(token) = path.strip_prefix(Challenges::HTTP_PATH)
            && let Some(answer) = self.challenges.http_answer(token)
        {
            return Some(plain("(challenge)", 200, Vec::new(), answer));
        }
        if context.redirects && context.is_known_host && !redirect::is_excepted(path) {
            return Some(match redirect::location(host_of(request), target) {
                Some(location) => plain("(redirect)", 301, vec![(header::LOCATION, location)], ""),
                None => {
                    plain("(redirect)", 400, Vec::new(), "The host of this request is not valid.")
                }
            });
        }
        match context.policy.preflight(&request.method, &request.headers)? {
            Preflight::Allowed(headers) => Some(plain("(preflight)", 200, headers, "OK")),
            Preflight::Refused => {
                Some(plain("(preflight)", 403, Vec::new(), "This origin may not call."))
            }
        }
    }

    /// Tells a client that its request failed, unless an answer has begun. Returns the status.
    pub(crate) async fn failed(
        &self,
        session: &mut Session,
        context: &Context,
        error: &Error,
    ) -> u16 {
        let Some(status) = status_of(error) else { return 0 };
        let downstream = session.as_downstream_mut();
        downstream.set_keepalive(None);
        if downstream.response_written().is_some() {
            return status;
        }
        let answer = refusal(status);
        // A body that is still on its way is heard out, or the client would see a reset instead.
        let head = context.head_of(downstream.req_header());
        let mut exchange = SessionExchange::new(downstream, head, context);
        if exchange.respond(head_of(&answer), answer.body).await.is_err() {
            log::debug!(target: "edge", "a client left before it heard that its request failed");
        }
        if Fault::behind(error.root_cause()).is_some() {
            // What it still sends is taken, too: closed over that, the connection would be reset.
            session.as_downstream_mut().shutdown().await;
        }
        status
    }
}

/// Answers without any part of the gateway.
async fn respond_own(session: &mut Session, context: &Context, head: ResponseHead, body: Bytes) {
    let seen = context.head_of(session.req_header());
    let mut exchange = SessionExchange::new(session.as_downstream_mut(), seen, context);
    if exchange.respond(head, body).await.is_err() {
        log::debug!(target: "edge", "a client left before it had its answer");
    }
}

/// The answer to what is no request. It comes in its turn, and the connection ends with it.
fn faulty(fault: Fault) -> Short {
    let kind = "invalid_request_error".to_owned();
    let (status, message) = (fault.status(), fault.sentence().to_owned());
    let answer = AdminResponse::denial(&Denial { status, kind, message, param: None, limit: None });
    log::debug!(target: "edge", "a request is refused: {}", fault.word());
    Short { route: "(refused)", head: head_of(&answer), body: answer.body }
}

/// The answer that an ACME client beside the gateway left for its authority, where the listener
/// has a folder for them: then nothing else answers below that path.
pub(crate) async fn from_webroot(session: &Session, context: &Context) -> Option<Short> {
    let folder = context.webroot.clone()?;
    let request = session.req_header();
    let token = request.uri.path().strip_prefix(Challenges::HTTP_PATH)?;
    let is_read = matches!(request.method, Method::GET | Method::HEAD);
    let answer = if is_read { webroot::read(folder, token).await } else { None };
    Some(answer.map_or_else(nothing_here, |answer| {
        let kind = HeaderValue::from_static("application/octet-stream");
        let head = ResponseHead { status: 200, headers: vec![(header::CONTENT_TYPE, kind)] };
        Short { route: "(challenge)", head, body: answer }
    }))
}

/// The answer where nothing is.
pub(crate) fn nothing_here() -> Short {
    let answer = not_found();
    Short { route: "(none)", head: head_of(&answer), body: answer.body }
}

fn plain(
    route: &'static str,
    status: u16,
    mut headers: Vec<(HeaderName, HeaderValue)>,
    text: impl Into<Bytes>,
) -> Short {
    let body = text.into();
    if !body.is_empty() {
        let kind = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.push((header::CONTENT_TYPE, kind));
    }
    Short { route, head: ResponseHead { status, headers }, body }
}

/// The status that a failure has for the client. None: there is no client.
fn status_of(error: &Error) -> Option<u16> {
    let cause = error.root_cause();
    // The guard in front tells of bodies that are no bodies, or too slow, when they are read.
    if let Some(fault) = Fault::behind(cause) {
        return Some(fault.status());
    }
    let cause = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    match (error.etype(), error.esource()) {
        (_, ErrorSource::Downstream) if cause == Some(io::ErrorKind::TimedOut) => Some(408),
        (ErrorType::HTTPStatus(status), _) => Some(*status),
        (
            ErrorType::WriteError | ErrorType::ReadError | ErrorType::ConnectionClosed,
            ErrorSource::Downstream,
        ) => None,
        (ErrorType::ReadTimedout, ErrorSource::Downstream) => Some(408),
        (_, ErrorSource::Downstream) => Some(400),
        (
            ErrorType::ConnectTimedout | ErrorType::ReadTimedout | ErrorType::TLSHandshakeTimedout,
            ErrorSource::Upstream,
        ) => Some(504),
        (_, ErrorSource::Upstream) => Some(502),
        // Whoever has no address is an upstream that cannot be reached.
        (ErrorType::ConnectError, _) => Some(502),
        (_, ErrorSource::Internal | ErrorSource::Unset) => Some(500),
    }
}

fn refusal(status: u16) -> AdminResponse {
    let (kind, message) = match status {
        400 => ("invalid_request_error", "The request is not valid HTTP."),
        408 => ("invalid_request_error", "The request took too long to arrive."),
        413 => ("invalid_request_error", "The request body is larger than this route takes."),
        502 => ("bad_gateway", "The server behind this route cannot be reached or is broken."),
        504 => ("gateway_timeout", "The server behind this route did not answer in time."),
        _ => ("internal_server_error", "The gateway could not serve this request."),
    };
    let (kind, message) = (kind.to_owned(), message.to_owned());
    AdminResponse::denial(&Denial { status, kind, message, param: None, limit: None })
}

/// The route of Tollgate's own that a request is for; one that is not shown here is not there,
/// whatever the method.
fn route_within(exposed: Exposed, head: &Head) -> Routed {
    let routed = route(head.method(), head.path());
    let found = match routed {
        Routed::MethodNotAllowed { allow } => route(allow, head.path()),
        other => other,
    };
    match found {
        Routed::Found(found) if !exposed.shows(found) => Routed::NotFound,
        _ => routed,
    }
}

fn surface_of(route: Route) -> Surface {
    match route {
        Route::Liveness | Route::Readiness | Route::Health | Route::Metrics => Surface::Health,
        _ => Surface::Admin,
    }
}

fn draining() -> AdminResponse {
    AdminResponse::json(503, &"draining")
}

fn head_of(answer: &AdminResponse) -> ResponseHead {
    let mut headers = Vec::with_capacity(answer.headers.len() + 1);
    headers.push((header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type)));
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::from_str(value)) {
            headers.push((name, value));
        }
    }
    ResponseHead { status: answer.status, headers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_the_status_of_who_is_to_blame() {
        let of = |etype: ErrorType, source: ErrorSource| {
            let mut error = Error::new(etype);
            error.esource = source;
            status_of(&error)
        };
        use ErrorSource::{Downstream, Internal, Upstream};
        let cases = [
            (ErrorType::HTTPStatus(413), Internal, Some(413)),
            (ErrorType::WriteError, Downstream, None),
            (ErrorType::ReadTimedout, Downstream, Some(408)),
            (ErrorType::InvalidHTTPHeader, Downstream, Some(400)),
            (ErrorType::ConnectTimedout, Upstream, Some(504)),
            (ErrorType::ReadTimedout, Upstream, Some(504)),
            (ErrorType::ConnectRefused, Upstream, Some(502)),
            (ErrorType::ConnectionClosed, Upstream, Some(502)),
            (ErrorType::ConnectError, Internal, Some(502)),
            (ErrorType::InternalError, Internal, Some(500)),
        ];
        for (etype, source, expected) in cases {
            assert_eq!(of(etype.clone(), source.clone()), expected, "{etype:?} {source:?}");
        }
    }

    #[test]
    fn a_body_that_is_none_is_the_clients_fault_and_a_slow_one_too() {
        let of = |cause: io::Error| {
            let mut error = Error::because(ErrorType::ReadError, "while reading a body", cause);
            error.as_down();
            status_of(&error)
        };
        assert_eq!(of(io::Error::new(io::ErrorKind::InvalidData, Fault::Chunk)), Some(400));
        assert_eq!(of(io::ErrorKind::TimedOut.into()), Some(408));
        assert_eq!(of(io::ErrorKind::ConnectionReset.into()), None);
    }
}
