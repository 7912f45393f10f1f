//! What holds for a request by the listener that its connection came in at.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;
use tollgate_config::Listener;

/// Which listener a connection came in at: the plain one is 0, those of the configuration follow in
/// its order. A connection carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListenerId(pub(crate) usize);

/// All listeners.
#[derive(Debug, Default)]
pub(crate) struct Listening(Vec<Heard>);

/// What holds at one of them.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// As the configuration has it.
    address: Option<SocketAddr>,
    /// Whether requests are sent on to https.
    pub(crate) redirects: bool,
    /// Where answers to authorities lie that another ACME client asked.
    pub(crate) webroot: Option<Arc<Path>>,
    /// Peers whose word about the client is believed.
    pub(crate) trusted: Vec<IpNet>,
}

// === impl Listening ===

impl Listening {
    /// The plain listener trusts nobody and redirects nothing.
    pub(crate) fn new(listeners: &[Listener]) -> Self {
        let plain = Heard { address: None, redirects: false, webroot: None, trusted: Vec::new() };
        let heard = |listener: &Listener| Heard {
            address: Some(listener.address),
            redirects: listener.redirect_to_https,
            webroot: listener.acme_webroot.as_deref().map(Arc::from),
            trusted: listener.trusted_proxies.clone(),
        };
        Self(std::iter::once(plain).chain(listeners.iter().map(heard)).collect())
    }

    /// What holds at a listener.
    pub(crate) fn at(&self, id: ListenerId) -> Option<&Heard> {
        self.0.get(id.0)
    }

    /// Whether these are the same sockets, so that connections' listeners mean the same.
    pub(crate) fn has_addresses_of(&self, other: &Self) -> bool {
        self.0.iter().map(|heard| heard.address).eq(other.0.iter().map(|heard| heard.address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(address: &str, redirect_to_https: bool) -> Listener {
        Listener {
            address: address.parse().unwrap(),
            http2: true,
            redirect_to_https,
            acme_webroot: None,
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            tls: None,
        }
    }

    #[test]
    fn the_plain_listener_comes_first() {
        let listening = Listening::new(&[listener("0.0.0.0:80", true)]);
        assert!(!listening.at(ListenerId(0)).unwrap().redirects);
        assert!(listening.at(ListenerId(1)).unwrap().redirects);
        assert!(listening.at(ListenerId(2)).is_none());
    }

    #[test]
    fn other_sockets_are_noticed() {
        let before = Listening::new(&[listener("0.0.0.0:80", true)]);
        assert!(before.has_addresses_of(&Listening::new(&[listener("0.0.0.0:80", false)])));
        assert!(!before.has_addresses_of(&Listening::new(&[listener("0.0.0.0:81", true)])));
        assert!(!before.has_addresses_of(&Listening::new(&[])));
    }
}
