//! A client's session as the call pipeline sees it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::header;
use pingora_core::ErrorType;
use pingora_core::protocols::http::server::Session;
use tollgate_calls::{BodyError, ClientGone, Exchange, ResponseHead};
use tollgate_host::Head;
use tollgate_listener::Fault;

use crate::context::Context;
use crate::respond;

/// A client that sends a body which nobody wants is heard out this long, so that it reads the
/// answer instead of seeing its connection reset.
const LINGER: Duration = Duration::from_secs(5);
/// And so far.
const LINGER_BYTES_MAX: usize = 64 << 20;

/// One request and its answer over HTTP.
pub(crate) struct SessionExchange<'a> {
    session: &'a mut Session,
    head: Arc<Head>,
    context: &'a Context,
    body_left_unread: bool,
}

impl<'a> SessionExchange<'a> {
    pub(crate) fn new(session: &'a mut Session, head: Arc<Head>, context: &'a Context) -> Self {
        let body_left_unread = !session.is_body_empty();
        Self { session, head, context, body_left_unread }
    }

    /// Asks for the body where the client waits to be asked.
    async fn invite(&mut self) -> Result<(), BodyError> {
        let expect = self.session.get_header(header::EXPECT);
        if expect.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
            // Writing the interim response makes the server forget to keep the connection.
            let keepalive = self.session.get_keepalive();
            let written = self.session.write_continue_response().await;
            self.session.set_keepalive(keepalive);
            written.map_err(|_| BodyError::Gone(ClientGone))?;
        }
        Ok(())
    }

    fn declared_bytes(&self) -> Option<usize> {
        let length = self.session.get_header(header::CONTENT_LENGTH)?;
        length.to_str().ok()?.trim().parse().ok()
    }

    async fn linger(&mut self) {
        let session = &mut *self.session;
        session.set_keepalive(None);
        let drained = tokio::time::timeout(LINGER, async {
            let mut left = LINGER_BYTES_MAX;
            while let Ok(Some(bytes)) = session.read_request_body().await {
                let Some(rest) = left.checked_sub(bytes.len()) else { break };
                left = rest;
            }
        });
        if drained.await.is_err() {
            log::debug!(target: "edge", "a client still sends a body that was refused");
        }
    }
}

fn body_error(error: &pingora_core::Error) -> BodyError {
    let cause = error.root_cause();
    if Fault::behind(cause).is_some() {
        return BodyError::Malformed;
    }
    let cause = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    match error.etype() {
        _ if cause == Some(io::ErrorKind::TimedOut) => BodyError::TimedOut,
        ErrorType::ReadTimedout => BodyError::TimedOut,
        ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::H2Error => {
            BodyError::Gone(ClientGone)
        }
        _ => BodyError::Malformed,
    }
}

#[async_trait]
impl Exchange for SessionExchange<'_> {
    fn head(&self) -> &Arc<Head> {
        &self.head
    }

    async fn body(&mut self, bytes_max: usize) -> Result<Bytes, BodyError> {
        if self.declared_bytes().is_some_and(|bytes| bytes > bytes_max) {
            return Err(BodyError::TooLarge);
        }
        self.invite().await?;
        let mut read = self.session.read_request_body().await;
        let mut collected = BytesMut::new();
        let mut only: Option<Bytes> = None;
        loop {
            let Some(bytes) = read.map_err(|error| body_error(&error))? else { break };
            if collected.len() + only.as_ref().map_or(0, Bytes::len) + bytes.len() > bytes_max {
                return Err(BodyError::TooLarge);
            }
            if self.context.is_overdue() {
                return Err(BodyError::TimedOut);
            }
            match (only.take(), collected.is_empty()) {
                (None, true) => only = Some(bytes),
                (Some(first), _) => {
                    collected.reserve(self.declared_bytes().unwrap_or(0).min(bytes_max));
                    collected.extend_from_slice(&first);
                    collected.extend_from_slice(&bytes);
                }
                (None, false) => collected.extend_from_slice(&bytes),
            }
            read = self.session.read_request_body().await;
        }
        self.body_left_unread = false;
        Ok(only.unwrap_or_else(|| collected.freeze()))
    }

    async fn respond(&mut self, head: ResponseHead, body: Bytes) -> Result<(), ClientGone> {
        if self.body_left_unread {
            self.session.set_keepalive(None);
        }
        let ResponseHead { status, headers } = head;
        let written =
            respond::whole(self.session, &self.context.policy, status, headers, body).await;
        if self.body_left_unread {
            self.linger().await;
        }
        written.map_err(|_| ClientGone)
    }

    async fn start(&mut self, head: ResponseHead) -> Result<(), ClientGone> {
        let ResponseHead { status, headers } = head;
        let begun = respond::begin(self.session, &self.context.policy, status, headers).await;
        begun.map_err(|_| ClientGone)
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), ClientGone> {
        if self.context.is_overdue() {
            // What has begun cannot be refused any more; it ends here.
            log::info!(target: "edge", "an answer is cut: its request's time is over");
            self.session.set_keepalive(None);
            self.session.shutdown().await;
            return Err(ClientGone);
        }
        self.session.write_response_body(bytes, false).await.map_err(|_| ClientGone)
    }

    async fn end(&mut self) -> Result<(), ClientGone> {
        self.session.finish_body().await.map_err(|_| ClientGone)
    }

    async fn abort(&mut self) {
        self.session.set_keepalive(None);
        self.session.shutdown().await;
    }

    async fn closed(&mut self) {
        // With pipelining enabled on the session, bytes of a next request are kept for it and
        // the wait goes on; only an end of the connection or stream ends it.
        if self.session.read_body_or_idle(true).await.is_err() {
            self.session.set_keepalive(None);
            return;
        }
        std::future::pending().await
    }
}
