//! Listeners, sites and routes: the section `edge` as the other crates see it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

/// Listeners and sites.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Where connections are accepted, at least one.
    pub listeners: Vec<Listener>,
    /// Hosts and their routes. Empty: every host gets the gateway.
    pub sites: Vec<Site>,
    /// What a client may not exceed.
    pub limits: EdgeLimits,
}

/// A socket that accepts connections.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Address and port.
    pub address: SocketAddr,
    /// Whether HTTP/2 is offered.
    pub http2: bool,
    /// Whether every request is sent to the same address over https. Never with TLS.
    pub redirect_to_https: bool,
    /// A folder in which an ACME client beside the gateway leaves answers to its authority. Never
    /// with TLS.
    pub acme_webroot: Option<PathBuf>,
    /// Peers whose word about the client is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether connections of trusted proxies begin with the PROXY protocol.
    pub proxy_protocol: bool,
    /// TLS. None: plain HTTP.
    pub tls: Option<Tls>,
}

/// Certificates of a listener; there is at least one source of them.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificates from files, chosen by name; the first is for clients that ask for none of them.
    pub certificates: Vec<Certificate>,
    /// Names for which a certificate is made at start, for trying things out.
    pub self_signed: Vec<String>,
    /// An authority that issues certificates on demand.
    pub acme: Option<Acme>,
    /// Authorities in PEM whose certificates clients must show. None: clients show none.
    pub client_ca: Option<PathBuf>,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub private_key: PathBuf,
}

/// An account at an authority that speaks ACME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// The address of its directory.
    pub directory: String,
    /// Where it may write to about certificates that expire.
    pub email: Option<String>,
    /// Names to have certified, in lower case, at least one.
    pub domains: Vec<String>,
    /// How the names are shown to be ours.
    pub challenge: Challenge,
    /// Authority in PEM that the directory's own certificate is trusted by. None: the system's.
    pub root_certificate: Option<PathBuf>,
}

/// How an authority finds out whose a name is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// By a request for a file over plain HTTP, to port 80.
    #[default]
    Http01,
    /// By a TLS handshake, to port 443.
    TlsAlpn01,
}

/// Hosts that share routes and headers.
#[derive(Clone, Debug, Default)]
pub struct Site {
    /// Names in lower case; `*.name` for all below a name, `*` for those that no other site has.
    pub hosts: Vec<String>,
    /// Who may frame pages, as `Content-Security-Policy` has it. None: as the upstream says.
    pub frame_ancestors: Option<Vec<String>>,
    /// Headers of every answer.
    pub headers: Headers,
    /// Pages elsewhere that may call. None: nothing is said about it, neither by the file nor by
    /// the environment.
    pub cors: Option<Cors>,
    /// What is changed in cookies that an upstream sets.
    pub cookies: Option<Cookies>,
    /// Whether answers of upstreams are compressed for clients that ask for it.
    pub compression: bool,
    /// Routes in the order of the file; no two have the same path.
    pub routes: Vec<Route>,
}

/// Headers that a site's answers carry and that they never carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Names and values, instead of what the answer has of the same name.
    pub set: Vec<(String, String)>,
    /// Names, in lower case.
    pub remove: Vec<String>,
}

/// Pages of other origins that may call from a browser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins in lower case without the scheme's own port; `*` for all. Empty: none.
    pub origins: Vec<String>,
    /// Whether they may send cookies. Never with `*`.
    pub credentials: bool,
    /// How long a browser may keep the answer to its question. None: 600 s.
    pub max_age: Option<Duration>,
}

/// What is changed in cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookies {
    /// The new `SameSite`. None: as the upstream says.
    pub same_site: Option<SameSite>,
    /// Whether the browser keeps them apart for each page that frames the site.
    pub partitioned: bool,
}

/// With which requests a browser sends a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// With those of the same site.
    Strict,
    /// Also when the user follows a link.
    Lax,
    /// With all, over https.
    None,
}

/// What answers below a path.
#[derive(Clone, Debug)]
pub struct Route {
    /// The path, from `/`.
    pub path: String,
    /// What answers.
    pub to: Target,
    /// Whether no key is asked for.
    pub public: bool,
    /// Longest wait for a connection. None: 60 s.
    pub connect_timeout: Option<Duration>,
    /// Longest wait for the next bytes. None: 300 s.
    pub read_timeout: Option<Duration>,
    /// Whether servers are spoken to in HTTP/2 only, as gRPC needs it.
    pub http2: bool,
    /// Bytes of a request body. None: as many as the server takes.
    pub body_bytes: Option<u64>,
    /// How servers are watched. None: they are all taken to be well.
    pub health_check: Option<HealthCheck>,
}

/// What answers a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The model routes.
    Models,
    /// The management API and the pages.
    Admin,
    /// Both of these, by path.
    Gateway,
    /// Servers in turn, at least one.
    Servers(Vec<ServerAddress>),
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// `http` or `https`, a host and perhaps a port; no path, no slash at the end.
    Url(String),
    /// A socket in the file system, for plain HTTP.
    Unix(PathBuf),
}

/// How a server is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// The path that is asked for; an answer below 400 is a good one.
    pub path: String,
    /// Time between two questions.
    pub interval: Duration,
}

/// What a client may not exceed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgeLimits {
    /// Bytes of a request's line and headers.
    pub header_bytes: u64,
    /// Headers of a request.
    pub header_count: usize,
    /// Time for the whole of a request's line and headers.
    pub header_timeout: Duration,
    /// Time between two requests of a connection.
    pub idle_timeout: Duration,
    /// Time between two pieces of a request body.
    pub body_timeout: Duration,
    /// Time for a whole request and its answer, streams included. A connection that goes on in
    /// another protocol, such as a WebSocket, has none.
    pub request_timeout: Duration,
    /// Time for a TLS handshake, the PROXY protocol included.
    pub handshake_timeout: Duration,
    /// Open connections of all clients.
    pub connections: usize,
    /// Open connections of one address. 0: no limit.
    pub connections_per_client: usize,
    /// Requests at once on one HTTP/2 connection.
    pub h2_streams: u32,
    /// Requests that a client may take back on one HTTP/2 connection before they are seen.
    pub h2_resets: u32,
    /// Bytes per second that a request body must bring. 0: any pace will do.
    pub body_rate: u32,
    /// How long connections are still taken once readiness is denied, at the end.
    pub drain_delay: Duration,
    /// How long what is under way may take to finish, at the end.
    pub drain_timeout: Duration,
}

// === impl EdgeLimits ===

impl Default for EdgeLimits {
    /// Roomy for browsers and SDKs. Connections stay well below the 16,384 files that a service may
    /// usually have open, as a call to an upstream needs a second one.
    fn default() -> Self {
        Self {
            header_bytes: 32 << 10,
            header_count: 100,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(6000),
            handshake_timeout: Duration::from_secs(10),
            connections: 8_192,
            connections_per_client: 1_024,
            h2_streams: 128,
            h2_resets: 20,
            body_rate: 0,
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(300),
        }
    }
}
