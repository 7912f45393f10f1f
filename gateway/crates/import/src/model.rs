//! What is written: the `edge:` section, as far as nginx has something that corresponds.

use std::net::SocketAddr;

/// The section.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    pub(crate) listeners: Vec<Listener>,
    pub(crate) sites: Vec<Site>,
}

/// An address that is listened on.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) redirect_to_https: bool,
    pub(crate) proxy_protocol: bool,
    pub(crate) trusted_proxies: Vec<String>,
    /// None: plain.
    pub(crate) tls: Option<Tls>,
}

/// How a listener speaks TLS.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    pub(crate) http2: bool,
    /// The default one first.
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) client_ca: Option<String>,
}

/// A certificate's two files, as nginx names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) certificate: String,
    pub(crate) private_key: String,
}

/// Hosts and what they answer.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) hosts: Vec<String>,
    pub(crate) headers: Headers,
    pub(crate) routes: Vec<Route>,
}

/// What a site does to the headers of answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Headers {
    pub(crate) frame_ancestors: Vec<String>,
    pub(crate) set: Vec<(String, String)>,
    pub(crate) remove: Vec<String>,
}

/// A prefix of paths and what serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) path: String,
    pub(crate) to: Target,
    /// Whether no key of Tollgate's is asked for.
    pub(crate) public: bool,
    pub(crate) connect_timeout: Option<String>,
    pub(crate) read_timeout: Option<String>,
    /// Lines of comment above it.
    pub(crate) comments: Vec<String>,
}

/// What serves a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Tollgate itself.
    Gateway,
    /// Servers, at least one.
    Servers(Vec<String>),
}
