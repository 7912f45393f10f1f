//! A connection that sends a request's head and body together.
//!
//! Pingora's client flushes after the head and again after the body. Two packets cost two system
//! calls here and two wake-ups at the provider; for a request whose body is at hand, the first
//! flush is worth nothing.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::tls::SslDigest;
use pingora_core::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    Stream, TimingDigest, UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Writes up to this size are put together; larger ones go out as they are.
const TOGETHER_BYTES_MAX: usize = 16 << 10;

/// Holds back the first flush after an answer was read: until the next flush, or until an answer
/// is waited for.
pub(crate) struct Held {
    stream: Stream,
    written: Vec<u8>,
    /// How much of `written` has gone out.
    sent: usize,
    has_held: bool,
}

impl Held {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, written: Vec::new(), sent: 0, has_held: false }
    }

    fn inner(&mut self) -> Pin<&mut Stream> {
        Pin::new(&mut self.stream)
    }

    /// Hands on what was put together.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.written.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        self.written.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    fn poll_flush_now(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        self.inner().poll_flush(cx)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.written.len() + bytes.len() > TOGETHER_BYTES_MAX {
            ready!(self.poll_send(cx))?;
            if bytes.len() > TOGETHER_BYTES_MAX {
                return self.inner().poll_write(cx, bytes);
            }
        }
        self.written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_held && self.sent == 0 {
            self.has_held = true;
            return Poll::Ready(Ok(()));
        }
        self.poll_flush_now(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush_now(cx))?;
        self.inner().poll_shutdown(cx)
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.written.is_empty() {
            ready!(self.poll_flush_now(cx))?;
        }
        self.has_held = false;
        self.inner().poll_read(cx, buf)
    }
}

#[async_trait]
impl Shutdown for Held {
    async fn shutdown(&mut self) {
        self.stream.shutdown().await;
    }
}

impl UniqueID for Held {
    fn id(&self) -> UniqueIDType {
        self.stream.id()
    }
}

impl Ssl for Held {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.stream.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.stream.selected_alpn_proto()
    }
}

impl GetTimingDigest for Held {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.stream.get_timing_digest()
    }
}

impl GetProxyDigest for Held {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.stream.get_proxy_digest()
    }
}

impl GetSocketDigest for Held {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.stream.get_socket_digest()
    }
}

impl Peek for Held {}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("stream", &self.stream).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    fn pair() -> (Held, DuplexStream) {
        let (near, far) = tokio::io::duplex(1 << 20);
        (Held::new(Box::new(near)), far)
    }

    async fn read_once(far: &mut DuplexStream) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 20];
        let count = far.read(&mut bytes).await.unwrap();
        bytes.truncate(count);
        bytes
    }

    #[tokio::test]
    async fn head_and_body_leave_together_for_every_request() {
        let (mut held, mut far) = pair();
        for _ in 0..2 {
            held.write_all(b"head").await.unwrap();
            held.flush().await.unwrap();
            held.write_all(b"body").await.unwrap();
            held.flush().await.unwrap();
            assert_eq!(read_once(&mut far).await, b"headbody");
            far.write_all(b"answer").await.unwrap();
            assert_eq!(held.read(&mut [0; 6]).await.unwrap(), 6);
        }
    }

    #[tokio::test]
    async fn a_head_alone_leaves_when_the_answer_is_waited_for() {
        let (mut held, mut far) = pair();
        held.write_all(b"head").await.unwrap();
        held.flush().await.unwrap();
        let answer = async { held.read(&mut [0; 6]).await };
        let upstream = async {
            assert_eq!(read_once(&mut far).await, b"head");
            far.write_all(b"answer").await
        };
        let (answer, upstream) = tokio::join!(answer, upstream);
        upstream.unwrap();
        assert_eq!(answer.unwrap(), 6);
    }

    #[tokio::test]
    async fn large_bodies_arrive_whole_and_in_order() {
        let (near, mut far) = tokio::io::duplex(1000);
        let mut held = Held::new(Box::new(near));
        let body: Vec<u8> = (0..100_000_u32).map(|index| index.to_le_bytes()[0]).collect();
        let sent = async {
            held.write_all(b"head").await.unwrap();
            held.flush().await.unwrap();
            for part in body.chunks(30_000) {
                held.write_all(part).await.unwrap();
            }
            held.flush().await.unwrap();
            AsyncWriteExt::shutdown(&mut held).await.unwrap();
        };
        let mut received = Vec::new();
        let (_, read) = tokio::join!(sent, far.read_to_end(&mut received));
        read.unwrap();
        assert!(received.starts_with(b"head"));
        assert_eq!(received.get(4..), Some(&body[..]));
    }
}
