//! What is known of a connection beside its bytes.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use pingora_core::protocols::Digest;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_http::ResponseHeader;

/// What is known of a connection. The client's address is where pingora has it, in the session's
/// `client_addr`.
///
/// It travels as the user data of pingora's proxy digest, which is of no other use for connections
/// that come in.
#[derive(Clone)]
pub struct Connection {
    pub(crate) listener: Arc<dyn Any + Send + Sync>,
    pub(crate) peer: SocketAddr,
    pub(crate) is_secure: bool,
    pub(crate) server_name: Option<Box<str>>,
    pub(crate) client_certificate: Option<Box<[u8]>>,
}

// === impl Connection ===

impl Connection {
    /// The connection of a session, from its digest.
    pub fn of(digest: &Digest) -> Option<&Self> {
        digest.proxy_digest.as_ref()?.user_data.as_ref()?.downcast_ref()
    }

    /// What the application said about this connection's listener in
    /// [`Listener::data`](crate::Listener::data).
    pub fn listener<T: 'static>(&self) -> Option<&T> {
        self.listener.downcast_ref()
    }

    /// The other end of the socket: the proxy, if the client's address came by PROXY protocol.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether TLS is spoken.
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The name that the client asked for in its TLS handshake.
    pub fn server_name(&self) -> Option<&str> {
        self.server_name.as_deref()
    }

    /// The client's verified certificate, in DER.
    pub fn client_certificate(&self) -> Option<&[u8]> {
        self.client_certificate.as_deref()
    }

    /// In the form in which a stream carries it.
    pub(crate) fn into_digest(self) -> pingora_core::Result<ProxyDigest> {
        let response = ResponseHeader::build(StatusCode::OK, Some(0))?;
        Ok(ProxyDigest::new(Box::new(response), Some(Box::new(self))))
    }
}
