//! The phases of a request: find its destination, then answer it here or pass it on.

use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderName, HeaderValue, header};
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorType, Result};
use pingora_http::RequestHeader;
use pingora_proxy::{ProxyHttp, Session};
use tollgate_admin::{AdminResponse, Route, Routed, method_not_allowed, not_found, route};
use tollgate_calls::{Exchange, ResponseHead};
use tollgate_domain::{UnixMillis, unix_now};
use tollgate_host::{Head, HeadBuilder};
use tollgate_telemetry::Surface;

use crate::drain::{Drain, UnderWay};
use crate::exchange::SessionExchange;
use crate::gate::{Gate, Seen};
use crate::site::{Destination, Exposed, Sites, UpstreamRoute};

/// A write to a client that reads nothing fails after this long.
const WRITE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// Serves the requests of all listeners.
pub(crate) struct Edge {
    pub(crate) gate: Arc<Gate>,
    pub(crate) sites: Sites,
    pub(crate) drain: Arc<Drain>,
}

/// What is known of a request on its way.
#[derive(Default)]
pub(crate) struct Context {
    at: UnixMillis,
    head: Option<Arc<Head>>,
    upstream: Option<Arc<UpstreamRoute>>,
    _under_way: Option<UnderWay>,
}

impl Edge {
    /// Answers a request for one of Tollgate's own paths.
    async fn gateway(&self, session: &mut Session, context: &Context, exposed: Exposed) {
        let Some(head) = &context.head else { return };
        let query = session.req_header().uri.query().map(str::to_owned);
        let mut exchange = SessionExchange::new(session.as_downstream_mut(), Arc::clone(head));
        let (surface, template, answer) = match route_within(exposed, head) {
            Routed::Found(Route::Chat) => return self.call(&mut exchange).await,
            Routed::Found(Route::Readiness) if self.drain.is_draining() => {
                (Surface::Health, Route::Readiness.template(), draining())
            }
            Routed::Found(found) => {
                let answer = self.gate.admin(found, query.as_deref(), &mut exchange).await;
                (surface_of(found), found.template(), answer)
            }
            Routed::MethodNotAllowed { allow } => {
                (Surface::Unrouted, "(other method)", method_not_allowed(allow))
            }
            Routed::NotFound => (Surface::Unrouted, "(none)", not_found()),
        };
        let status = answer.status;
        let _gone = exchange.respond(head_of(&answer), answer.body).await;
        self.gate.record(&Seen {
            head,
            surface,
            route: template,
            status,
            at: context.at,
            bytes_in: session.body_bytes_read() as u64,
            bytes_out: session.body_bytes_sent() as u64,
        });
    }

    async fn call(&self, exchange: &mut SessionExchange<'_>) {
        if self.drain.is_draining() {
            self.gate.pipeline.close();
        }
        self.gate.pipeline.serve(exchange).await;
    }

    /// Whether a request may go on to an upstream; answers it if not.
    async fn may_pass(&self, session: &mut Session, context: &mut Context) -> bool {
        let (Some(upstream), Some(head)) = (&context.upstream, &context.head) else { return false };
        if upstream.public {
            return true;
        }
        let Err(denial) = self.gate.authenticate(Arc::clone(head)).await else { return true };
        let answer = AdminResponse::denial(&denial);
        let mut exchange = SessionExchange::new(session.as_downstream_mut(), Arc::clone(head));
        let _gone = exchange.respond(head_of(&answer), answer.body).await;
        false
    }
}

#[async_trait]
impl ProxyHttp for Edge {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::default()
    }

    async fn early_request_filter(&self, session: &mut Session, _: &mut Context) -> Result<()> {
        // Bytes of a next request that arrive during this one are kept for it.
        session.set_pipelining_enabled(true);
        session.set_write_timeout(Some(WRITE_TIMEOUT));
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        context.at = unix_now();
        context._under_way = Some(self.drain.enter());
        let host = host_of(session.req_header());
        let destination = self.sites.find(&host, session.req_header().uri.path());
        let head = head(session);
        match destination {
            Some(Destination::Gateway(exposed)) => {
                context.head = Some(head);
                self.gateway(session, context, exposed).await;
                Ok(true)
            }
            Some(Destination::Upstream(upstream)) => {
                context.upstream = Some(upstream);
                context.head = Some(head);
                Ok(!self.may_pass(session, context).await)
            }
            None => {
                let answer = not_found();
                let mut exchange = SessionExchange::new(session.as_downstream_mut(), head);
                let _gone = exchange.respond(head_of(&answer), answer.body).await;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        context: &mut Context,
    ) -> Result<Box<HttpPeer>> {
        let Some(route) = &context.upstream else {
            return Error::e_explain(ErrorType::InternalError, "a request without a destination");
        };
        let address = route.endpoint.address().await;
        let address = address
            .map_err(|error| Error::because(ErrorType::ConnectError, "no address", error))?;
        let host = route.endpoint.host().to_owned();
        let mut peer = HttpPeer::new(address, route.endpoint.tls(), host);
        peer.options.connection_timeout = Some(route.connect_timeout);
        peer.options.total_connection_timeout = Some(route.connect_timeout);
        peer.options.read_timeout = Some(route.read_timeout);
        peer.options.write_timeout = Some(route.read_timeout);
        Ok(Box::new(peer))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        context: &mut Context,
    ) -> Result<()> {
        let Some(head) = &context.head else { return Ok(()) };
        // What the client claims about itself is overwritten by what was seen.
        let scheme = if is_tls(session) { "https" } else { "http" };
        for (name, value) in [
            ("x-real-ip", head.client()),
            ("x-forwarded-for", head.client()),
            ("x-forwarded-proto", scheme),
            ("x-forwarded-host", &host_of(session.req_header())),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                request.insert_header(HeaderName::from_static(name), value)?;
            }
        }
        request.remove_header(&header::FORWARDED);
        if session.req_header().headers.get(header::HOST).is_none() {
            request.insert_header(header::HOST, host_of(session.req_header()))?;
        }
        Ok(())
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, context: &mut Context) {
        let (Some(route), Some(head)) = (&context.upstream, &context.head) else { return };
        let status = session.response_written().map_or(0, |head| head.status.as_u16());
        self.gate.record(&Seen {
            head,
            surface: Surface::Upstream,
            route: &route.template,
            status,
            at: context.at,
            bytes_in: session.body_bytes_read() as u64,
            bytes_out: session.body_bytes_sent() as u64,
        });
    }
}

fn head(session: &Session) -> Arc<Head> {
    let request = session.req_header();
    let client = session.client_addr().and_then(|address| address.as_inet());
    let client = client.map(|address| address.ip().to_canonical().to_string());
    let path = request.uri.path();
    let mut head = HeadBuilder::new(request.method.as_str(), path, client.unwrap_or_default());
    for (name, value) in &request.headers {
        head.header(name.as_str(), value.as_bytes());
    }
    head.build()
}

/// The host that the client asked for: of the URI in HTTP/2, of the header in HTTP/1.
fn host_of(request: &RequestHeader) -> String {
    let header = request.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    request.uri.authority().map(|host| host.as_str()).or(header).unwrap_or_default().to_owned()
}

fn is_tls(session: &Session) -> bool {
    session.digest().is_some_and(|digest| digest.ssl_digest.is_some())
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
