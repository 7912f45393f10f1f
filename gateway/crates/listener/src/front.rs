//! From an accepted socket to an application's requests.
//!
//! Pingora's own service binds, accepts and hands sockets over at an upgrade. What it accepts comes
//! here as it is: its TLS is not used.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pingora_core::apps::{HttpPersistentSettings, HttpServerApp, ServerApp};
use pingora_core::listeners::{L4BufferSettings, ListenerConfig};
use pingora_core::protocols::http::ServerSession;
use pingora_core::protocols::l4::stream::Stream as Socket;
use pingora_core::protocols::{ALPN, GetProxyDigest, GetSocketDigest, Shutdown, Ssl, Stream};
use pingora_core::server::ShutdownWatch;
use pingora_core::services::listening::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::connection::Connection;
use crate::connections::Counted;
use crate::guarded::Guarded;
use crate::proxy_protocol;
use crate::secure::Secure;
use crate::settings::{Listener, ServiceSettings};

/// Holds the head and body of nearly every answer that is not streamed: the two leave in one
/// packet. A second one costs a system call here and a wake-up at the client. Streams are flushed at
/// every event.
const WRITE_BUFFER_BYTES: usize = 8 << 10;
/// A TLS record: rustls asks for a quarter of that at a time. Without TLS the guard's buffer and
/// the application's own do.
const TLS_READ_BUFFER_BYTES: usize = 16 << 10;
/// Pingora's own time for reads; kept above the guard's, which answers better.
const READ_TIMEOUT_MIN: Duration = Duration::from_secs(60);

/// For telling a client that there is no room for it: those are many at a time.
const REFUSAL: Duration = Duration::from_millis(100);

/// At the end an idle connection is kept this long for a request that is on its way, and then
/// closed: its answer says that the connection ends.
const STRAGGLERS: Duration = Duration::from_millis(50);

/// What a client gets over whose connection a limit is passed.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Retry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Stands between pingora's service and the application.
#[derive(Debug)]
pub struct Front<A> {
    app: Arc<A>,
    settings: ServiceSettings,
}

/// A service on all listeners of `settings`, whose requests `app` answers: one runtime, and one
/// pool of upstream connections if the application is a proxy. Listeners are told apart by
/// [`Connection::listener`].
///
/// A refused request comes as a stand-in, which [`Fault::of`](crate::Fault::of) knows by its method
/// and path; its answer is [`Fault::status`](crate::Fault::status).
///
/// HTTP/1 requests come one at a time: what a client sends after one is kept until that one is
/// answered.
pub fn service<A>(app: A, settings: ServiceSettings) -> Service<Front<A>>
where
    A: HttpServerApp + Send + Sync + 'static,
{
    let name = settings.name.clone();
    let endpoints: Vec<ListenerConfig> = settings.listeners.iter().map(endpoint).collect();
    let mut service = Service::new(name, Front { app: Arc::new(app), settings });
    for endpoint in endpoints {
        service.add_listener(endpoint);
    }
    service
}

fn endpoint(listener: &Listener) -> ListenerConfig {
    let read = if listener.tls.is_some() { TLS_READ_BUFFER_BYTES } else { 0 };
    ListenerConfig::tcp(listener.address.to_string())
        .l4_buffer(L4BufferSettings::new(read, WRITE_BUFFER_BYTES))
}

// === impl Front ===

#[async_trait]
impl<A> ServerApp for Front<A>
where
    A: HttpServerApp + Send + Sync + 'static,
{
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let socket = stream.into_any().downcast::<Socket>().ok()?;
        let listener = self.listener_of(&socket)?;
        let Some(mut counted) = self.settings.connections.count() else {
            self.refuse(*socket, listener).await;
            return None;
        };
        // On its own: what a handshake takes, a connection that waits need not have.
        let stream = Box::pin(self.prepare(*socket, listener, &mut counted)).await?;
        if matches!(stream.selected_alpn_proto(), Some(ALPN::H2)) {
            self.app.process_new(stream, shutdown).await;
        } else {
            self.serve(stream, shutdown).await;
        }
        drop(counted);
        None
    }

    async fn cleanup(&self) {
        tokio::time::sleep(STRAGGLERS).await;
        self.app.http_cleanup().await;
    }
}

impl<A> Front<A>
where
    A: HttpServerApp + Send + Sync + 'static,
{
    /// The listener that accepted the socket: the one on its address, or else on all addresses.
    fn listener_of(&self, socket: &Socket) -> Option<&Listener> {
        if let [only] = &self.settings.listeners[..] {
            return Some(only);
        }
        let digest = socket.get_socket_digest()?;
        let local = digest.local_addr()?.as_inet().copied()?;
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        let on_all = |at: &SocketAddr| at.ip().is_unspecified() && at.port() == local.port();
        let listeners = &self.settings.listeners;
        listeners
            .iter()
            .find(|listener| listener.address == local)
            .or_else(|| listeners.iter().find(|listener| on_all(&listener.address)))
    }

    /// PROXY protocol, limits and TLS. `None`: the connection is closed.
    async fn prepare(
        &self,
        mut socket: Socket,
        listener: &Listener,
        counted: &mut Counted,
    ) -> Option<Stream> {
        let peer = address(&socket)?;
        if socket.get_socket_digest()?.peer_addr()?.as_inet() != Some(&peer) {
            // IPv4 clients of a socket for both versions come in IPv6's clothes.
            proxy_protocol::set_peer(&mut socket, peer);
        }
        if listener.proxy_protocol.is_some() && !self.takes_client(&mut socket, listener).await {
            self.settings.connections.count_refused();
            return None;
        }
        if !counted.is_within(address(&socket)?.ip()) {
            self.refuse(socket, listener).await;
            return None;
        }
        let mut connection = Connection {
            listener: Arc::clone(&listener.data),
            peer,
            is_secure: listener.tls.is_some(),
            server_name: None,
            client_certificate: None,
        };
        let Some(tls) = &listener.tls else {
            socket.set_proxy_digest(connection.into_digest().ok()?);
            return Some(Box::new(socket));
        };
        let accepted = timeout(self.settings.handshake, Secure::accept(socket, tls)).await;
        let mut secure = match accepted {
            Ok(Ok(secure)) => secure?,
            Ok(Err(error)) => {
                self.settings.connections.count_failed_handshake();
                log::debug!(target: "listener", "a TLS handshake with {peer} failed: {error}");
                return None;
            }
            Err(_) => {
                self.settings.connections.count_failed_handshake();
                log::debug!(target: "listener", "a TLS handshake with {peer} took too long");
                return None;
            }
        };
        if matches!(secure.selected_alpn_proto(), Some(ALPN::H2)) {
            secure.speaks_http2(self.settings.deadlines.head);
        }
        connection.server_name = secure.session().server_name().map(Into::into);
        let certificates = secure.session().peer_certificates();
        connection.client_certificate =
            certificates.and_then(<[_]>::first).map(|certificate| certificate.as_ref().into());
        secure.socket_mut().set_proxy_digest(connection.into_digest().ok()?);
        Some(Box::new(secure))
    }

    /// Reads the PROXY header, if its sender is trusted.
    async fn takes_client(&self, socket: &mut Socket, listener: &Listener) -> bool {
        let Some(peer) = address(socket) else { return false };
        let ip = peer.ip();
        let is_trusted =
            |networks: &Vec<ipnet::IpNet>| networks.iter().any(|net| net.contains(&ip));
        if !listener.proxy_protocol.as_ref().is_some_and(is_trusted) {
            log::debug!(target: "listener", "{peer} is no trusted proxy");
            return false;
        }
        match timeout(self.settings.handshake, proxy_protocol::take_header(socket)).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                log::warn!(target: "listener", "a connection of the proxy {peer}: {error}");
                false
            }
            Err(_) => {
                log::warn!(target: "listener", "the proxy {peer} sent no PROXY header in time");
                false
            }
        }
    }

    /// There is no room for the connection.
    async fn refuse(&self, mut socket: Socket, listener: &Listener) {
        self.settings.connections.count_refused();
        if listener.tls.is_none() {
            let told = async {
                socket.write_all(BUSY).await?;
                AsyncWriteExt::shutdown(&mut socket).await?;
                // Closed over unread bytes, the socket may take the answer away from the client.
                while socket.read(&mut [0; 1024]).await? > 0 {}
                Ok::<_, std::io::Error>(())
            };
            if let Ok(Err(error)) = timeout(REFUSAL, told).await {
                log::debug!(target: "listener", "a refused client was not told: {error}");
            }
        }
    }

    /// One HTTP/1 request after the other.
    async fn serve(&self, stream: Stream, shutdown: &ShutdownWatch) {
        let guarded = Guarded::new(stream, self.settings.guard, self.settings.deadlines);
        let mut next: Option<(Box<Guarded>, Option<HttpPersistentSettings>)> =
            Some((Box::new(guarded), None));
        let mut stopping = shutdown.clone();
        while let Some((mut guarded, kept)) = next {
            tokio::select! {
                biased;
                () = guarded.something_has_come() => {}
                () = stops(&mut stopping) => {
                    Shutdown::shutdown(&mut *guarded).await;
                    return;
                }
            }
            let session = self.session(guarded, kept, *shutdown.borrow());
            let reused = self.app.process_new_http(session, shutdown).await;
            next = reused.and_then(|reused| {
                let (stream, kept) = reused.consume();
                Some((begin_request(stream)?, kept))
            });
        }
    }

    fn session(
        &self,
        stream: Stream,
        kept: Option<HttpPersistentSettings>,
        is_stopping: bool,
    ) -> ServerSession {
        let deadlines = &self.settings.deadlines;
        let mut session = ServerSession::new_http1(stream);
        // The guard ends an idle connection; pingora must not come before it.
        let idle = (deadlines.idle + deadlines.head).as_secs() + 1;
        match kept {
            Some(kept) => kept.apply_to_session(&mut session),
            None => {
                session.set_keepalive(Some(idle));
                let requests = self.app.server_options();
                let requests = requests.and_then(|options| options.keepalive_request_limit);
                session.set_keepalive_reuses_remaining(requests);
            }
        }
        if is_stopping {
            session.set_keepalive(None);
        }
        let read = deadlines.body + Duration::from_secs(1);
        session.set_read_timeout(Some(read.max(READ_TIMEOUT_MIN)));
        session
    }
}

/// Waits for the service to stop, and then for requests that are on their way.
async fn stops(shutdown: &mut ShutdownWatch) {
    // Who can no longer tell has ended, too.
    let _told = shutdown.wait_for(|is_stopping| *is_stopping).await.is_ok();
    tokio::time::sleep(STRAGGLERS).await;
}

fn begin_request(stream: Stream) -> Option<Box<Guarded>> {
    let mut guarded = stream.into_any().downcast::<Guarded>().ok()?;
    guarded.begin_request().then_some(guarded)
}

fn address(socket: &Socket) -> Option<SocketAddr> {
    let digest = socket.get_socket_digest()?;
    let address = digest.peer_addr()?.as_inet()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}
