//! A connection that can be written to, held, watched for its end, and reset.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::server::TlsStream;

/// Plain or encrypted.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// The socket beneath.
    fn socket(&self) -> &TcpStream;
}

impl Transport for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Transport for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// One connection with what has been read ahead of it.
pub(crate) struct Wire {
    transport: Box<dyn Transport>,
    /// Bytes that were received and not used yet.
    pub(crate) received: Vec<u8>,
    byte_by_byte: bool,
}

impl Wire {
    pub(crate) fn new(transport: Box<dyn Transport>) -> Self {
        Self { transport, received: Vec::new(), byte_by_byte: false }
    }

    pub(crate) fn byte_by_byte(&mut self, on: bool) {
        self.byte_by_byte = on;
    }

    /// Reads more into `received`. Gives `false` at the end of the stream.
    pub(crate) async fn read(&mut self) -> io::Result<bool> {
        Ok(self.transport.read_buf(&mut self.received).await? > 0)
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let piece = if self.byte_by_byte { 1 } else { bytes.len().max(1) };
        for piece in bytes.chunks(piece) {
            self.transport.write_all(piece).await?;
            self.transport.flush().await?;
        }
        Ok(())
    }

    /// Waits for a permit. An error if the peer closes first.
    pub(crate) async fn hold(&mut self, gate: &Semaphore) -> io::Result<()> {
        loop {
            tokio::select! {
                permit = gate.acquire() => {
                    permit.expect("the gate is never closed").forget();
                    return Ok(());
                }
                open = self.read() => if !open? {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                },
            }
        }
    }

    /// Ends the connection by RST.
    pub(crate) fn reset(self) {
        // Without it the test would see an orderly end and fail by itself.
        let _ = self.transport.socket().set_zero_linger();
    }

    /// Ends the connection in an orderly way.
    pub(crate) async fn close(mut self) {
        // The peer may be gone already; there is nobody left to tell.
        let _ = self.transport.shutdown().await;
    }
}
