//! The phases of a request: find its destination, then answer it here or pass it on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use http::{StatusCode, Version};
use pingora_core::modules::http::HttpModules;
use pingora_core::protocols::ALPN;
use pingora_core::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, Session};
use tollgate_acme::Challenges;
use tollgate_domain::unix_now;
use tollgate_telemetry::Surface;
use tollgate_upstream::Upstreams;

use crate::compression::{self, Compression};
use crate::context::{Context, host_of};
use crate::direct;
use crate::drain::Drain;
use crate::own::{from_webroot, nothing_here};
use crate::passing;
use crate::serving::Current;
use crate::site::Destination;

/// A write to a client that reads nothing fails after this long.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Serves the requests of all listeners.
pub(crate) struct Edge {
    pub(crate) current: Arc<Current>,
    /// Answers to authorities that ask whose a name is.
    pub(crate) challenges: Challenges,
    pub(crate) drain: Arc<Drain>,
    /// Connections to servers of routes, for what goes the short way.
    pub(crate) upstreams: Arc<Upstreams>,
    /// For a whole request and its answer.
    pub(crate) request_timeout: Duration,
}

#[async_trait]
impl ProxyHttp for Edge {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::new(self.current.get())
    }

    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        modules.add_module(Compression::builder());
    }

    async fn early_request_filter(
        &self,
        session: &mut Session,
        context: &mut Context,
    ) -> Result<()> {
        // Bytes of a next request that arrive during this one are kept for it.
        session.set_pipelining_enabled(true);
        session.set_write_timeout(Some(WRITE_TIMEOUT));
        let request = session.req_header();
        let found = context.serving.sites.find(host_of(request), request.uri.path());
        let is_passed_on = matches!(found.destination, Some(Destination::Upstream(_)));
        let compresses = found.policy.compression
            && is_passed_on
            && request.version > Version::HTTP_10
            && compression::is_asked_for(&request.headers);
        context.policy = found.policy;
        context.destination = found.destination;
        context.is_known_host = found.is_known;
        // It must be switched on before it sees the request's headers.
        if compresses && let Some(module) = session.downstream_modules_ctx.get_mut::<Compression>()
        {
            module.switch_on();
        }
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        context.at = unix_now();
        context.until = Instant::now().checked_add(self.request_timeout);
        context.under_way = Some(self.drain.enter());
        context.see(session);
        if self.drain.is_draining() {
            session.set_keepalive(None);
        }
        if let Some(short) = self.short_of(session, context) {
            Box::pin(self.short(session, context, short)).await;
            return Ok(true);
        }
        if context.webroot.is_some()
            && let Some(short) = Box::pin(from_webroot(session, context)).await
        {
            Box::pin(self.short(session, context, short)).await;
            return Ok(true);
        }
        match context.destination.take() {
            Some(Destination::Gateway(exposed)) => {
                Box::pin(self.gateway(session, context, exposed)).await;
                Ok(true)
            }
            Some(Destination::Upstream(route)) => {
                context.upstream = Some(Arc::clone(&route));
                if !self.may_pass(session, context, &route).await {
                    return Ok(true);
                }
                let is_short = route.servers.are_addresses() && direct::fits(session, &route);
                if is_short {
                    Box::pin(self.direct(session, context, &route)).await?;
                }
                Ok(is_short)
            }
            None => {
                Box::pin(self.short(session, context, nothing_here())).await;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(&self, _: &mut Session, context: &mut Context) -> Result<Box<HttpPeer>> {
        let Some(route) = &context.upstream else {
            return Error::e_explain(ErrorType::InternalError, "a request without a destination");
        };
        context.server = route.servers.turn();
        context.asked += 1;
        let mut peer = route.servers.peer(context.server).await?;
        peer.options.connection_timeout = Some(route.connect_timeout);
        peer.options.total_connection_timeout = Some(route.connect_timeout);
        peer.options.read_timeout = Some(route.read_timeout);
        peer.options.write_timeout = Some(route.read_timeout);
        // The headers of the connection are dealt with below.
        peer.options.http_upstream_request_policy = HttpUpstreamRequestPolicy::preserve();
        if route.http2 {
            peer.options.alpn = ALPN::H2;
        }
        Ok(Box::new(peer))
    }

    fn fail_to_connect(
        &self,
        _session: &mut Session,
        _peer: &HttpPeer,
        context: &mut Context,
        mut error: Box<Error>,
    ) -> Box<Error> {
        if let Some(route) = &context.upstream {
            route.servers.rest(context.server);
            // Nothing was sent yet: another server can be asked.
            error.set_retry(context.asked < route.servers.len());
        }
        error
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        context: &mut Context,
    ) -> Result<()> {
        passing::to_server(session.req_header(), request, context)
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        context: &mut Context,
    ) -> Result<()> {
        // HTTP/2 clients end a body with an empty frame. Written to HTTP/1 it would be a last chunk,
        // and the end of the body a second one: the upstream took that for its next request.
        if end && body.as_ref().is_some_and(Bytes::is_empty) {
            *body = None;
        }
        if context.is_overdue() {
            return Err(passing::overdue(ErrorSource::Downstream));
        }
        let Some(max) = context.upstream.as_ref().and_then(|route| route.body_max) else {
            return Ok(());
        };
        context.body_bytes += body.as_ref().map_or(0, |bytes| bytes.len() as u64);
        if context.body_bytes > max {
            return Error::e_explain(ErrorType::HTTPStatus(413), "the request body is too large");
        }
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        answer: &mut ResponseHeader,
        context: &mut Context,
    ) -> Result<()> {
        if answer.status == StatusCode::SWITCHING_PROTOCOLS {
            context.until = None;
        }
        passing::to_client(session, answer, context);
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        _body: &mut Option<Bytes>,
        _end: bool,
        context: &mut Context,
    ) -> Result<Option<Duration>> {
        match context.is_overdue() {
            true => Err(passing::overdue(ErrorSource::Upstream)),
            false => Ok(None),
        }
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        context: &mut Context,
    ) -> FailToProxy {
        let error_code = self.failed(session, context, error).await;
        FailToProxy { error_code, can_reuse_downstream: false }
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, context: &mut Context) {
        let Some(route) = &context.upstream else { return };
        let status = session.response_written().map_or(0, |head| head.status.as_u16());
        context.record(session, Surface::Upstream, &route.template, status);
    }
}
