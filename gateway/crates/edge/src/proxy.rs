//! The phases of a request: find its destination, then answer it here or pass it on.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Version, header};
use pingora_core::modules::http::compression::ResponseCompression;
use pingora_core::protocols::ALPN;
use pingora_core::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy};
use pingora_core::{Error, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::{FailToProxy, ProxyHttp, Session};
use tollgate_acme::Challenges;
use tollgate_domain::unix_now;
use tollgate_telemetry::Surface;
use tollgate_upstream::Upstreams;

use crate::compression;
use crate::context::{Context, host_of};
use crate::direct;
use crate::drain::Drain;
use crate::gate::Seen;
use crate::hop::{self, Upgrade};
use crate::own::{from_webroot, nothing_here};
use crate::path;
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
}

#[async_trait]
impl ProxyHttp for Edge {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::new(self.current.get())
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
        if compresses
            && let Some(module) = session.downstream_modules_ctx.get_mut::<ResponseCompression>()
        {
            module.adjust_level(compression::LEVEL);
        }
        Ok(())
    }

    async fn request_filter(&self, session: &mut Session, context: &mut Context) -> Result<bool> {
        context.at = unix_now();
        context.under_way = Some(self.drain.enter());
        context.see(session);
        if self.drain.is_draining() {
            session.set_keepalive(None);
        }
        let head = context.head_of(session.req_header());
        if let Some(short) = self.short_of(session, context) {
            self.short(session, context, (short, head)).await;
            return Ok(true);
        }
        if let Some(short) = from_webroot(session, context).await {
            self.short(session, context, (short, head)).await;
            return Ok(true);
        }
        match context.destination.take() {
            Some(Destination::Gateway(exposed)) => {
                self.gateway(session, context, (exposed, head)).await;
                Ok(true)
            }
            Some(Destination::Upstream(upstream)) => {
                context.upstream = Some(upstream);
                context.head = Some(head);
                if !self.may_pass(session, context).await {
                    return Ok(true);
                }
                let is_short = context.upstream.as_ref().is_some_and(|route| {
                    route.servers.are_addresses() && direct::fits(session, route)
                });
                if is_short {
                    self.direct(session, context).await?;
                }
                Ok(is_short)
            }
            None => {
                self.short(session, context, (nothing_here(), head)).await;
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
        let original = session.req_header();
        let upgrade = match (original.version, request.version) {
            (Version::HTTP_11, Version::HTTP_11) => {
                hop::upgrade(&original.method, &original.headers)
            }
            _ => Upgrade::No,
        };
        hop::end_here(request, &original.headers, upgrade);
        if request.version != Version::HTTP_2 {
            // Over HTTP/1 it would have to be nominated, and trailers are not passed on.
            request.remove_header(&header::TE);
            if original.version == Version::HTTP_2 {
                hop::join_cookies(request);
            }
        }
        if original.version == Version::HTTP_10 {
            // Its sender understands no interim answer, so it cannot have asked for one.
            request.remove_header(&header::EXPECT);
        }
        if let Some(client) = &context.client {
            client.tell(context.peer, request);
        }
        if !original.headers.contains_key(header::HOST) {
            request.insert_header(header::HOST, host_of(original))?;
        }
        // A target with a host in it is for proxies; a server behind could take that host for the
        // request's, or the whole for a path.
        if request.version != Version::HTTP_2 && !path::is_origin_form(original.raw_path()) {
            let target = original.uri.path_and_query().map_or("/", |target| target.as_str());
            request.set_raw_path(path::rooted(target).as_bytes())?;
        }
        context.policy.apply_to_request(&original.method, request);
        Ok(())
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
        if answer.status.is_informational() {
            return Ok(());
        }
        // The version is that of a connection, as are its headers: a server's HTTP/1.0 says nothing
        // of this one.
        answer.set_version(Version::HTTP_11);
        hop::answered_here(answer, answer.status);
        if session.req_header().version == Version::HTTP_10 && hop::without_chunks(answer) {
            session.set_keepalive(None);
        }
        if context.policy.compression {
            let fits = compression::fits(answer.status, &answer.headers);
            let module = session.downstream_modules_ctx.get_mut::<ResponseCompression>();
            if fits {
                compression::tell_caches(answer);
            } else if let Some(module) = module.filter(|module| module.is_header_phase()) {
                module.adjust_level(0);
            }
        }
        let origin = session.req_header().headers.get(header::ORIGIN);
        context.policy.apply_to_upstreams(answer, origin);
        Ok(())
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
        let (Some(route), Some(head)) = (&context.upstream, &context.head) else { return };
        let status = session.response_written().map_or(0, |head| head.status.as_u16());
        context.serving.gate.record(&Seen {
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
