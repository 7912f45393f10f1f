//! Sites and routes: which part of the gateway, or which upstream, a request is for, and what holds
//! for the answer.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tollgate_admin::Route;
use tollgate_config::{Cors, HealthCheck, Site, Target};
use tollgate_upstream::EndpointError;

use crate::host::without_port;
use crate::path;
use crate::policy::Policy;
use crate::servers::Servers;

/// Waits for an upstream of a route unless the route says otherwise: nginx's wait for a connection,
/// and time enough for a server that thinks before it answers. `conf/tollgate.yaml` tells them.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
const READ_TIMEOUT: Duration = Duration::from_secs(300);

/// A site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// A route's server cannot be used.
    #[error(transparent)]
    Server(#[from] EndpointError),
    /// A header cannot be sent.
    #[error("the header {name} of a site cannot be sent")]
    Header {
        /// Its name.
        name: String,
    },
}

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// Tollgate's own paths, or some of them.
    Gateway(Exposed),
    /// Another server.
    Upstream(Arc<UpstreamRoute>),
}

/// What holds for a request.
#[derive(Debug)]
pub(crate) struct Found {
    /// Of the site, or of hosts that have none.
    pub(crate) policy: Arc<Policy>,
    /// None: there is nothing at this path.
    pub(crate) destination: Option<Destination>,
    /// Whether the host is one that this gateway answers for.
    pub(crate) is_known: bool,
}

/// Which of Tollgate's own paths a site shows; the others are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exposed {
    /// All.
    All,
    /// Model calls and the list of models.
    Models,
    /// All but model calls.
    Admin,
}

/// A route to other servers.
#[derive(Debug)]
pub(crate) struct UpstreamRoute {
    pub(crate) servers: Servers,
    pub(crate) public: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    /// Whether the servers are spoken to in HTTP/2.
    pub(crate) http2: bool,
    /// Bytes of a request body, if there is a limit.
    pub(crate) body_max: Option<u64>,
    health_check: Option<HealthCheck>,
    /// The path prefix, for the access log.
    pub(crate) template: String,
}

/// All sites of a configuration.
#[derive(Debug)]
pub(crate) struct Sites {
    sites: Vec<Hosted>,
    exact: HashMap<String, usize>,
    /// Endings such as `.example.com`, the longest first.
    endings: Vec<(String, usize)>,
    others: Option<usize>,
    /// Of hosts that no site has.
    without_site: Arc<Policy>,
}

#[derive(Debug)]
struct Hosted {
    policy: Arc<Policy>,
    /// Longest prefix first.
    routes: Vec<(String, Destination)>,
}

// === impl Exposed ===

impl Exposed {
    /// Whether a route of Tollgate's own is among these.
    pub(crate) fn shows(self, route: Route) -> bool {
        match self {
            Self::All => true,
            Self::Models => matches!(route, Route::Call(_) | Route::Models | Route::Model),
            Self::Admin => !matches!(route, Route::Call(_)),
        }
    }
}

// === impl Sites ===

impl Sites {
    /// `cors` is for a gateway without sites.
    pub(crate) fn new(sites: &[Site], cors: Option<&Cors>) -> Result<Self, SiteError> {
        let mut table = Self {
            sites: sites.iter().map(Hosted::new).collect::<Result<_, _>>()?,
            exact: HashMap::new(),
            endings: Vec::new(),
            others: None,
            without_site: Arc::new(Policy::without_site(cors)),
        };
        for (index, site) in sites.iter().enumerate() {
            for host in site.hosts.iter().map(|host| host.to_ascii_lowercase()) {
                if host == "*" {
                    table.others = table.others.or(Some(index));
                } else if let Some(ending) = host.strip_prefix('*') {
                    table.endings.push((ending.to_owned(), index));
                } else {
                    table.exact.entry(host).or_insert(index);
                }
            }
        }
        table.endings.sort_by_key(|(ending, _)| std::cmp::Reverse(ending.len()));
        Ok(table)
    }

    /// What holds for a request. Without sites every path is the gateway's; a site without a route
    /// for the path has nothing there, nor at a path whose two readings lead to different routes.
    pub(crate) fn find(&self, host: &str, path: &str) -> Found {
        let Some(site) = self.site(host) else {
            let policy = Arc::clone(&self.without_site);
            let is_known = self.sites.is_empty();
            let destination = is_known.then_some(Destination::Gateway(Exposed::All));
            return Found { policy, destination, is_known };
        };
        let destination = site.route(path).map(|(_, destination)| destination.clone());
        Found { policy: Arc::clone(&site.policy), destination, is_known: true }
    }

    /// Routes whose servers are to be watched.
    pub(crate) fn watched(&self) -> Vec<(Arc<UpstreamRoute>, HealthCheck)> {
        let routes = self.sites.iter().flat_map(|site| &site.routes);
        let watched = routes.filter_map(|(_, destination)| match destination {
            Destination::Upstream(route) => Some((Arc::clone(route), route.health_check.clone()?)),
            Destination::Gateway(_) => None,
        });
        watched.collect()
    }

    /// What holds for a request of which nothing is known.
    pub(crate) fn without_site(&self) -> Arc<Policy> {
        Arc::clone(&self.without_site)
    }

    fn site(&self, host: &str) -> Option<&Hosted> {
        let host = plain(host);
        let below = |(ending, _): &&(String, usize)| {
            host.len() > ending.len() && host.ends_with(ending.as_str())
        };
        let exact = self.exact.get(host.as_ref()).copied();
        let found = exact.or_else(|| self.endings.iter().find(below).map(|(_, index)| *index));
        self.sites.get(found.or(self.others)?)
    }
}

impl Hosted {
    fn new(site: &Site) -> Result<Self, SiteError> {
        let mut routes = Vec::with_capacity(site.routes.len());
        for route in &site.routes {
            let destination = match &route.to {
                Target::Models => Destination::Gateway(Exposed::Models),
                Target::Admin => Destination::Gateway(Exposed::Admin),
                Target::Gateway => Destination::Gateway(Exposed::All),
                Target::Servers(addresses) => Destination::Upstream(Arc::new(UpstreamRoute {
                    servers: Servers::new(addresses)?,
                    public: route.public,
                    connect_timeout: route.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                    read_timeout: route.read_timeout.unwrap_or(READ_TIMEOUT),
                    http2: route.http2,
                    body_max: route.body_bytes,
                    health_check: route.health_check.clone(),
                    template: route.path.clone(),
                })),
            };
            routes.push((route.path.clone(), destination));
        }
        routes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(Self { policy: Arc::new(Policy::new(site)?), routes })
    }

    /// The longest prefix. A server behind may resolve escapes and dots; if its reading leads to
    /// another route, whose callers may have to show a key, the path is nobody's.
    fn route(&self, path: &str) -> Option<&(String, Destination)> {
        let find = |path: &[u8]| {
            let starts = |(prefix, _): &(String, Destination)| path.starts_with(prefix.as_bytes());
            self.routes.iter().position(starts)
        };
        let as_written = find(path.as_bytes())?;
        let is_clear = match path::resolved(path) {
            Cow::Borrowed(_) => true,
            Cow::Owned(resolved) => find(&resolved) == Some(as_written),
        };
        self.routes.get(as_written).filter(|_| is_clear)
    }
}

/// A host as the sites have it: in lower case, without port, brackets and the root's dot.
fn plain(host: &str) -> Cow<'_, str> {
    let host = without_port(host).trim_matches(['[', ']']);
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.bytes().any(|b| b.is_ascii_uppercase()) {
        true => Cow::Owned(host.to_ascii_lowercase()),
        false => Cow::Borrowed(host),
    }
}

#[cfg(test)]
mod tests;
