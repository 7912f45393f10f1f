//! Sites and routes: which part of the gateway, or which upstream, a request is for.

use std::sync::Arc;
use std::time::Duration;

use tollgate_admin::Route;
use tollgate_config::{Site, Target};
use tollgate_upstream::{Endpoint, EndpointError};

/// Waits for an upstream of a route unless the route says otherwise: nginx's wait for a connection,
/// and time enough for a server that thinks before it answers. `conf/tollgate.yaml` tells them.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);
const READ_TIMEOUT: Duration = Duration::from_secs(300);

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// Tollgate's own paths, or some of them.
    Gateway(Exposed),
    /// Another server.
    Upstream(Arc<UpstreamRoute>),
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

/// A route to another server.
#[derive(Debug)]
pub(crate) struct UpstreamRoute {
    pub(crate) endpoint: Endpoint,
    pub(crate) public: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    /// The path prefix, for the access log.
    pub(crate) template: String,
}

/// All sites of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Sites(Vec<Hosted>);

#[derive(Debug)]
struct Hosted {
    hosts: Vec<String>,
    /// Longest prefix first.
    routes: Vec<(String, Destination)>,
}

// === impl Exposed ===

impl Exposed {
    /// Whether a route of Tollgate's own is among these.
    pub(crate) fn shows(self, route: Route) -> bool {
        match self {
            Self::All => true,
            Self::Models => matches!(route, Route::Chat | Route::Models | Route::Model),
            Self::Admin => route != Route::Chat,
        }
    }
}

// === impl Sites ===

impl Sites {
    pub(crate) fn new(sites: &[Site]) -> Result<Self, EndpointError> {
        sites.iter().map(Hosted::new).collect::<Result<_, _>>().map(Self)
    }

    /// Where a request goes. Without sites every path is the gateway's; a site without a route
    /// for the path has nothing there.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<Destination> {
        if self.0.is_empty() {
            return Some(Destination::Gateway(Exposed::All));
        }
        let host = without_port(host).to_ascii_lowercase();
        let named = self.0.iter().find(|site| site.hosts.contains(&host));
        let site = named.or_else(|| self.0.iter().find(|site| site.is_default()))?;
        let route = site.routes.iter().find(|(prefix, _)| path.starts_with(prefix.as_str()))?;
        Some(route.1.clone())
    }
}

impl Hosted {
    fn new(site: &Site) -> Result<Self, EndpointError> {
        let mut routes = Vec::with_capacity(site.routes.len());
        for route in &site.routes {
            let destination = match &route.to {
                Target::Models => Destination::Gateway(Exposed::Models),
                Target::Admin => Destination::Gateway(Exposed::Admin),
                Target::Gateway => Destination::Gateway(Exposed::All),
                Target::Server(base) => Destination::Upstream(Arc::new(UpstreamRoute {
                    endpoint: Endpoint::parse(base)?,
                    public: route.public,
                    connect_timeout: route.connect_timeout.unwrap_or(CONNECT_TIMEOUT),
                    read_timeout: route.read_timeout.unwrap_or(READ_TIMEOUT),
                    template: route.path.clone(),
                })),
            };
            routes.push((route.path.clone(), destination));
        }
        routes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Ok(Self { hosts: site.hosts.iter().map(|h| h.to_ascii_lowercase()).collect(), routes })
    }

    fn is_default(&self) -> bool {
        self.hosts.iter().any(|host| host == "*")
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(hosts: &[&str], routes: &[(&str, Target)]) -> Site {
        let route = |(path, to): &(&str, Target)| tollgate_config::Route {
            path: (*path).to_owned(),
            to: to.clone(),
            public: true,
            connect_timeout: None,
            read_timeout: None,
        };
        Site {
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            routes: routes.iter().map(route).collect(),
        }
    }

    #[test]
    fn the_longest_prefix_of_the_named_site_wins() {
        let server = Target::Server("http://127.0.0.1:1".to_owned());
        let sites = Sites::new(&[
            site(&["*"], &[("/", Target::Gateway)]),
            site(&["A.example"], &[("/", server), ("/v1/", Target::Models)]),
        ])
        .unwrap();
        let is_upstream = |host, path| match sites.find(host, path) {
            Some(Destination::Upstream(_)) => true,
            Some(Destination::Gateway(_)) => false,
            None => panic!("{host}{path} has no route"),
        };
        assert!(is_upstream("a.EXAMPLE:443", "/x"));
        assert!(!is_upstream("a.example", "/v1/models"));
        assert!(!is_upstream("other", "/x"));
    }

    #[test]
    fn a_host_or_path_without_a_route_goes_nowhere() {
        let sites = Sites::new(&[site(&["a"], &[("/x", Target::Gateway)])]).unwrap();
        assert!(sites.find("b", "/x").is_none());
        assert!(sites.find("a", "/y").is_none());
        let everything = Sites::default().find("b", "/y");
        assert!(matches!(everything, Some(Destination::Gateway(Exposed::All))));
    }

    #[test]
    fn a_route_to_a_part_of_the_gateway_shows_that_part_only() {
        let targets = [("/", Target::Gateway), ("/m/", Target::Models), ("/a/", Target::Admin)];
        let sites = Sites::new(&[site(&["*"], &targets)]).unwrap();
        let exposed = |path| match sites.find("any", path) {
            Some(Destination::Gateway(exposed)) => exposed,
            other => panic!("{path}: {other:?}"),
        };
        let (all, models, admin) = (exposed("/x"), exposed("/m/x"), exposed("/a/x"));
        // Route, in `models`, in `admin`.
        for (route, is_model, is_admin) in [
            (Route::Chat, true, false),
            (Route::Models, true, true),
            (Route::Model, true, true),
            (Route::KeyGenerate, false, true),
            (Route::KeyInfo, false, true),
            (Route::Health, false, true),
            (Route::Liveness, false, true),
            (Route::Metrics, false, true),
        ] {
            assert!(all.shows(route), "{route:?}");
            assert_eq!(models.shows(route), is_model, "{route:?}");
            assert_eq!(admin.shows(route), is_admin, "{route:?}");
        }
    }
}
