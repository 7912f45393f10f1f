//! What the pipeline needs of a server: one request to read and one answer to write.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use tollgate_host::Head;

/// The client is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client has gone away")]
pub struct ClientGone;

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than allowed.
    #[error("the body is too large")]
    TooLarge,
    /// It is not framed as HTTP demands.
    #[error("the body's framing is broken")]
    Malformed,
    /// It did not arrive in time.
    #[error("the body did not arrive in time")]
    TimedOut,
    /// The client went away.
    #[error(transparent)]
    Gone(#[from] ClientGone),
}

/// The head of an answer.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// The status.
    pub status: u16,
    /// The headers, without framing.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// One request and its answer.
///
/// Writes are not to be cancelled half-way: an implementation may leave a connection unusable if
/// one is. `closed` may be cancelled at any time.
#[async_trait]
pub trait Exchange: Send {
    /// The request's head.
    fn head(&self) -> &Arc<Head>;

    /// Reads the whole body, of at most so many bytes.
    async fn body(&mut self, bytes_max: usize) -> Result<Bytes, BodyError>;

    /// Answers at once.
    async fn respond(&mut self, head: ResponseHead, body: Bytes) -> Result<(), ClientGone>;

    /// Begins a streamed answer.
    async fn start(&mut self, head: ResponseHead) -> Result<(), ClientGone>;

    /// Writes the next bytes of a streamed answer, and flushes them.
    async fn write(&mut self, bytes: Bytes) -> Result<(), ClientGone>;

    /// Ends a streamed answer.
    async fn end(&mut self) -> Result<(), ClientGone>;

    /// Breaks a streamed answer off in such a way that the client notices.
    async fn abort(&mut self);

    /// Waits until the client goes away; for ever if it does not. Never takes a byte from a
    /// request that follows on the same connection.
    async fn closed(&mut self);
}
