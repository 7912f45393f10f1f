//! Where a deployment is reached.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Addresses are asked for again after this long, so that a provider may move.
const ADDRESS_TTL: Duration = Duration::from_secs(30);

/// The base of an upstream: scheme, host, port and the path that requests are appended to.
#[derive(Debug)]
pub struct Endpoint {
    tls: bool,
    host: Arc<str>,
    port: u16,
    base_path: String,
    address: Mutex<Option<(SocketAddr, Instant)>>,
}

/// A base that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Not `http://host…` or `https://host…`.
    #[error("`{0}` is not an http or https URL with a host")]
    NotHttp(String),
    /// The name has no address.
    #[error("{host} has no address: {source}")]
    Unresolved {
        /// The name.
        host: String,
        /// What the resolver said.
        source: std::io::Error,
    },
}

// === impl Endpoint ===

impl Endpoint {
    /// Reads a base URL; a slash at its end does not matter.
    pub fn parse(base: &str) -> Result<Self, EndpointError> {
        let not_http = || EndpointError::NotHttp(base.to_owned());
        let uri: http::Uri = base.parse().map_err(|_| not_http())?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(not_http()),
        };
        let authority = uri.authority().ok_or_else(not_http)?;
        if authority.as_str().contains('@') || authority.host().is_empty() || uri.query().is_some()
        {
            return Err(not_http());
        }
        Ok(Self {
            tls,
            host: authority.host().trim_matches(['[', ']']).into(),
            port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
            base_path: uri.path().trim_end_matches('/').to_owned(),
            address: Mutex::new(None),
        })
    }

    /// Whether it is reached over TLS.
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Its host name, for TLS and logs.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same, to be kept.
    pub(crate) fn shared_host(&self) -> Arc<str> {
        Arc::clone(&self.host)
    }

    /// What connections to this endpoint at an address have in common.
    pub(crate) fn pool_key(&self, address: SocketAddr) -> u64 {
        let mut hasher = DefaultHasher::new();
        (address, self.tls, &self.host).hash(&mut hasher);
        hasher.finish()
    }

    /// The path that comes before that of a request.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// The value of the `host` header.
    pub fn authority(&self) -> String {
        let host = &self.host;
        let usual = if self.tls { 443 } else { 80 };
        match (host.contains(':'), self.port == usual) {
            (false, true) => host.to_string(),
            (false, false) => format!("{host}:{}", self.port),
            (true, true) => format!("[{host}]"),
            (true, false) => format!("[{host}]:{}", self.port),
        }
    }

    /// The address, asked for at most every 30 seconds; while the resolver fails, the last
    /// answer stays in use.
    pub async fn address(&self) -> Result<SocketAddr, EndpointError> {
        let known = *self.address.lock();
        if let Some((address, asked)) = known
            && asked.elapsed() < ADDRESS_TTL
        {
            return Ok(address);
        }
        // On its own: it is rare, and every request would have to carry its room.
        let resolved = Box::pin(self.resolve()).await;
        match (resolved, known) {
            (Ok(address), _) => {
                *self.address.lock() = Some((address, Instant::now()));
                Ok(address)
            }
            (Err(_), Some((address, _))) => Ok(address),
            (Err(source), None) => {
                Err(EndpointError::Unresolved { host: self.host.to_string(), source })
            }
        }
    }

    async fn resolve(&self) -> std::io::Result<SocketAddr> {
        if let Ok(ip) = self.host.parse() {
            return Ok(SocketAddr::new(ip, self.port));
        }
        let (host, port) = (Arc::clone(&self.host), self.port);
        let found = tokio::task::spawn_blocking(move || (&*host, port).to_socket_addrs());
        let mut addresses = found.await.map_err(std::io::Error::other)??.collect::<Vec<_>>();
        // IPv4 first: a host without an IPv6 route is the more common kind.
        addresses.sort_by_key(SocketAddr::is_ipv6);
        addresses.first().copied().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_taken_apart() {
        let endpoint = Endpoint::parse("https://api.example.com/v1/").unwrap();
        assert!(endpoint.tls());
        assert_eq!((endpoint.authority(), endpoint.base_path()), ("api.example.com".into(), "/v1"));
        let endpoint = Endpoint::parse("http://127.0.0.1:8000").unwrap();
        assert_eq!((endpoint.authority(), endpoint.base_path()), ("127.0.0.1:8000".into(), ""));
        assert_eq!(Endpoint::parse("http://[::1]:81/x").unwrap().authority(), "[::1]:81");
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for base in ["", "host", "ftp://x", "http://", "http://u:p@h/", "https://h/?a=1", "/v1"] {
            assert!(Endpoint::parse(base).is_err(), "{base}");
        }
    }
}
