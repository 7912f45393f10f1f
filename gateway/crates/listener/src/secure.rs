//! A connection over TLS, as pingora wants it.

use std::fmt;
use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use pingora_core::protocols::l4::stream::Stream as Socket;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::tls::SslDigest;
use pingora_core::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    TimingDigest, UniqueID, UniqueIDType,
};
use pingora_core::tls::hash_certificate;
use pingora_core::utils::tls::get_organization_serial_bytes;
use rustls::ServerConnection;
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Sleep;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::frames::Frames;
use crate::tls::{CHALLENGE, Tls};

/// The preface with which every HTTP/2 client begins.
const PREFACE_BYTES: usize = 24;

/// A connection over TLS.
pub(crate) struct Secure {
    stream: TlsStream<Socket>,
    digest: Arc<SslDigest>,
    timing: TimingDigest,
    opening: Option<Opening>,
    /// Those of HTTP/2.
    frames: Option<Frames>,
}

/// Until its preface is whole, nothing else watches over an HTTP/2 connection.
struct Opening {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
}

// === impl Secure ===

impl Secure {
    /// Shakes hands; `None` if it was an ACME server that wanted no more than that.
    pub(crate) async fn accept(socket: Socket, tls: &Tls) -> Result<Option<Self>> {
        let begun = Instant::now();
        let start = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
        let is_challenge = start
            .client_hello()
            .alpn()
            .is_some_and(|mut offered| offered.any(|protocol| protocol == CHALLENGE));
        if is_challenge {
            let mut stream = start.into_stream(Arc::clone(&tls.challenge)).await?;
            stream.shutdown().await?;
            return Ok(None);
        }
        let stream = start.into_stream(Arc::clone(&tls.config)).await?;
        let timing = TimingDigest {
            established_ts: SystemTime::now(),
            establishment_duration: Some(begun.elapsed()),
            offload_wait_duration: None,
        };
        let digest = Arc::new(digest(stream.get_ref().1));
        Ok(Some(Self { stream, digest, timing, opening: None, frames: None }))
    }

    /// HTTP/2 is spoken: its first bytes must come in this time, and its frames are counted.
    pub(crate) fn speaks_http2(&mut self, time: Duration) {
        self.frames = Some(Frames::new());
        let deadline = Box::pin(tokio::time::sleep(time));
        self.opening = Some(Opening { missing: PREFACE_BYTES, deadline });
    }

    fn wrote(&mut self, count: usize) {
        if let Some(frames) = &mut self.frames {
            frames.wrote(count);
        }
    }

    pub(crate) fn session(&self) -> &ServerConnection {
        self.stream.get_ref().1
    }

    pub(crate) fn socket(&self) -> &Socket {
        self.stream.get_ref().0
    }

    pub(crate) fn socket_mut(&mut self) -> &mut Socket {
        self.stream.get_mut().0
    }
}

fn digest(session: &ServerConnection) -> SslDigest {
    let cipher = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    let version = session.protocol_version().and_then(|version| version.as_str());
    let client = session.peer_certificates().and_then(<[_]>::first);
    let named = client.and_then(|client| get_organization_serial_bytes(client).ok());
    let (organization, serial) = named.map_or((None, None), |(name, serial)| (name, Some(serial)));
    let hash = client.map(|client| hash_certificate(client)).unwrap_or_default();
    SslDigest::new(
        cipher.unwrap_or_default(),
        version.unwrap_or_default(),
        organization,
        serial,
        hash,
    )
}

impl AsyncRead for Secure {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let before = buf.filled().len();
        if let Some(frames) = self.frames.as_mut().filter(|frames| frames.is_over()) {
            // The reader takes more than this at a time; what it might not, it could not use.
            let last = frames.last();
            buf.put_slice(last.get(..buf.remaining()).unwrap_or(&last));
            return Poll::Ready(Ok(()));
        }
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if let Some(frames) = &mut self.frames {
            let passed = frames.came(buf.filled().get(before..).unwrap_or_default());
            buf.set_filled(before + passed);
        }
        let Some(opening) = &mut self.opening else { return read };
        opening.missing = opening.missing.saturating_sub(buf.filled().len() - before);
        if opening.missing == 0 {
            self.opening = None;
        } else if read.is_pending() {
            ready!(opening.deadline.as_mut().poll(cx));
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Secure {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, parts))?;
        self.wrote(count);
        Poll::Ready(Ok(count))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Secure {
    async fn shutdown(&mut self) {
        if let Err(error) = AsyncWriteExt::shutdown(self).await {
            log::debug!(target: "listener", "a connection is not closed in order: {error}");
        }
    }
}

impl UniqueID for Secure {
    fn id(&self) -> UniqueIDType {
        self.socket().id()
    }
}

impl Ssl for Secure {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        Some(Arc::clone(&self.digest))
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        match self.session().alpn_protocol()? {
            b"h2" => Some(ALPN::H2),
            b"http/1.1" => Some(ALPN::H1),
            _ => None,
        }
    }
}

impl GetTimingDigest for Secure {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        let mut layers = self.socket().get_timing_digest();
        layers.push(Some(self.timing.clone()));
        layers
    }

    fn get_read_pending_time(&self) -> Duration {
        self.socket().get_read_pending_time()
    }

    fn get_write_pending_time(&self) -> Duration {
        self.socket().get_write_pending_time()
    }
}

impl GetProxyDigest for Secure {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.socket().get_proxy_digest()
    }
}

impl GetSocketDigest for Secure {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.socket().get_socket_digest()
    }
}

impl Peek for Secure {}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secure").field("socket", self.socket()).finish_non_exhaustive()
    }
}
