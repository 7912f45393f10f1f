//! The servers of a route: whose turn it is, and who is left out for a while.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorType, Result};
use tollgate_config::ServerAddress;
use tollgate_upstream::{Endpoint, EndpointError};

/// How long a server that takes no connection is left out, as nginx has it.
const REST: Duration = Duration::from_secs(10);

/// Servers in turn.
#[derive(Debug)]
pub(crate) struct Servers {
    list: Vec<Server>,
    next: AtomicUsize,
}

#[derive(Debug)]
struct Server {
    place: Place,
    /// What the last health check said.
    is_ill: AtomicBool,
    resting_until: Mutex<Option<Instant>>,
}

#[derive(Debug)]
enum Place {
    Tcp(Box<Endpoint>),
    Unix(String),
}

// === impl Servers ===

impl Servers {
    pub(crate) fn new(addresses: &[ServerAddress]) -> Result<Self, EndpointError> {
        let server = |address: &ServerAddress| {
            let place = match address {
                ServerAddress::Url(base) => Place::Tcp(Box::new(Endpoint::parse(base)?)),
                ServerAddress::Unix(path) => Place::Unix(path.display().to_string()),
            };
            let resting_until = Mutex::new(None);
            Ok(Server { place, is_ill: AtomicBool::new(false), resting_until })
        };
        let list = addresses.iter().map(server).collect::<Result<_, EndpointError>>()?;
        Ok(Self { list, next: AtomicUsize::new(0) })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Whose turn it is; if all are at rest, they are asked all the same.
    pub(crate) fn turn(&self) -> usize {
        let count = self.list.len().max(1);
        if count == 1 {
            return 0;
        }
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let now = Instant::now();
        let is_well = |index: &usize| self.list.get(*index).is_some_and(|one| one.is_well(now));
        let order = (0..count).map(|step| first.wrapping_add(step) % count);
        order.clone().find(is_well).unwrap_or(first % count)
    }

    /// Leaves a server out for a while, if there are others.
    pub(crate) fn rest(&self, index: usize) {
        if let Some(server) = self.list.get(index).filter(|_| self.list.len() > 1) {
            *server.resting_until.lock() = Some(Instant::now() + REST);
        }
    }

    /// Takes note of what a health check said. Whether that is news.
    pub(crate) fn set_well(&self, index: usize, is_well: bool) -> bool {
        let server = self.list.get(index);
        server.is_some_and(|one| one.is_ill.swap(!is_well, Ordering::Relaxed) == is_well)
    }

    /// Whether all are reached by address.
    pub(crate) fn are_addresses(&self) -> bool {
        self.list.iter().all(|server| matches!(server.place, Place::Tcp(_)))
    }

    /// Where a server is, if it is reached by address.
    pub(crate) fn endpoint(&self, index: usize) -> Option<&Endpoint> {
        match &self.list.get(index)?.place {
            Place::Tcp(endpoint) => Some(endpoint),
            Place::Unix(_) => None,
        }
    }

    /// A server as a `host` header names it.
    pub(crate) fn name(&self, index: usize) -> String {
        match self.list.get(index).map(|server| &server.place) {
            Some(Place::Tcp(endpoint)) => endpoint.authority(),
            Some(Place::Unix(_)) => "localhost".to_owned(),
            None => String::new(),
        }
    }

    /// Where a server is.
    pub(crate) async fn peer(&self, index: usize) -> Result<HttpPeer> {
        let Some(server) = self.list.get(index) else {
            return Error::e_explain(ErrorType::InternalError, "a route without servers");
        };
        match &server.place {
            Place::Tcp(endpoint) => {
                let address = endpoint.address().await;
                let address = address.map_err(|error| {
                    Error::because(ErrorType::ConnectError, "no address", error)
                })?;
                Ok(HttpPeer::new(address, endpoint.tls(), endpoint.host().to_owned()))
            }
            Place::Unix(path) => HttpPeer::new_uds(path, false, String::new()),
        }
    }
}

// === impl Server ===

impl Server {
    fn is_well(&self, now: Instant) -> bool {
        !self.is_ill.load(Ordering::Relaxed)
            && self.resting_until.lock().is_none_or(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(count: u16) -> Servers {
        let url = |port| ServerAddress::Url(format!("http://127.0.0.1:{port}"));
        Servers::new(&(1..=count).map(url).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn each_has_its_turn() {
        let servers = servers(3);
        let turns: Vec<_> = (0..6).map(|_| servers.turn()).collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn one_that_rests_is_left_out_unless_all_do() {
        let servers = servers(3);
        servers.rest(1);
        let turns: Vec<_> = (0..6).map(|_| servers.turn()).collect();
        assert!(!turns.contains(&1) && turns.contains(&0) && turns.contains(&2), "{turns:?}");
        servers.rest(0);
        servers.rest(2);
        let turns: Vec<_> = (0..3).map(|_| servers.turn()).collect();
        assert_eq!(turns, [0, 1, 2]);
    }

    #[test]
    fn one_that_is_ill_is_left_out_until_it_is_well() {
        let servers = servers(2);
        assert!(!servers.set_well(0, true));
        assert!(servers.set_well(0, false) && !servers.set_well(0, false));
        assert_eq!([servers.turn(), servers.turn(), servers.turn()], [1, 1, 1]);
        assert!(servers.set_well(0, true));
        assert!([servers.turn(), servers.turn()].contains(&0));
    }

    #[test]
    fn the_only_one_never_rests() {
        let servers = servers(1);
        servers.rest(0);
        assert!(servers.list[0].is_well(Instant::now()));
        assert_eq!((servers.turn(), servers.turn()), (0, 0));
    }

    #[tokio::test]
    async fn sockets_and_addresses_become_peers() {
        let unix = ServerAddress::Unix("/run/app.sock".into());
        let tls = ServerAddress::Url("https://127.0.0.1".to_owned());
        let servers = Servers::new(&[unix, tls]).unwrap();
        let place = |peer: HttpPeer| (peer.to_string(), peer.is_tls());
        let (text, is_tls) = place(servers.peer(0).await.unwrap());
        assert!(text.contains("/run/app.sock") && !is_tls, "{text}");
        let (text, is_tls) = place(servers.peer(1).await.unwrap());
        assert!(text.contains("127.0.0.1:443") && is_tls, "{text}");
        assert!(servers.peer(2).await.is_err());
    }
}
