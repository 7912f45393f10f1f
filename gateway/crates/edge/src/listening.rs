//! What holds for a request by the listener that its connection came in at.

use std::net::SocketAddr;

use ipnet::IpNet;
use tollgate_config::Listener;

/// All listeners.
#[derive(Debug, Default)]
pub(crate) struct Listening(Vec<Heard>);

/// What holds at one of them.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    address: SocketAddr,
    /// Whether requests are sent on to https.
    pub(crate) redirects: bool,
    /// Peers whose word about the client is believed.
    pub(crate) trusted: Vec<IpNet>,
}

// === impl Listening ===

impl Listening {
    /// The plain listener trusts nobody and redirects nothing.
    pub(crate) fn new(plain: SocketAddr, listeners: &[Listener]) -> Self {
        let plain = Heard { address: plain, redirects: false, trusted: Vec::new() };
        let heard = |listener: &Listener| Heard {
            address: listener.address,
            redirects: listener.redirect_to_https,
            trusted: listener.trusted_proxies.clone(),
        };
        Self(std::iter::once(plain).chain(listeners.iter().map(heard)).collect())
    }

    /// The listener that a connection to this address came in at.
    pub(crate) fn at(&self, local: SocketAddr) -> Option<&Heard> {
        let ip = local.ip().to_canonical();
        let is_exact = |heard: &&Heard| heard.address == SocketAddr::new(ip, local.port());
        let is_any = |heard: &&Heard| {
            heard.address.ip().is_unspecified() && heard.address.port() == local.port()
        };
        // A listener at port 0 got one that is not known here.
        let is_free = |heard: &&Heard| {
            let at = heard.address.ip();
            heard.address.port() == 0 && (at == ip || at.is_unspecified())
        };
        let all = || self.0.iter();
        all().find(is_exact).or_else(|| all().find(is_any)).or_else(|| all().find(is_free))
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
            trusted_proxies: Vec::new(),
            proxy_protocol: false,
            tls: None,
        }
    }

    #[test]
    fn the_nearest_listener_is_found() {
        let plain = "127.0.0.1:24157".parse().unwrap();
        let listeners = [
            listener("0.0.0.0:80", true),
            listener("192.0.2.1:443", false),
            listener("[::]:8080", true),
        ];
        let listening = Listening::new(plain, &listeners);
        let cases = [
            ("127.0.0.1:24157", Some(false)),
            ("192.0.2.1:80", Some(true)),
            ("192.0.2.1:443", Some(false)),
            ("[::ffff:192.0.2.1]:443", Some(false)),
            ("[2001:db8::1]:8080", Some(true)),
            ("192.0.2.2:443", None),
        ];
        for (local, expected) in cases {
            let found = listening.at(local.parse().unwrap()).map(|heard| heard.redirects);
            assert_eq!(found, expected, "{local}");
        }
        let free = Listening::new(plain, &[listener("127.0.0.1:0", true)]);
        assert!(free.at("127.0.0.1:40000".parse().unwrap()).unwrap().redirects);
        assert!(!free.at(plain).unwrap().redirects);
    }
}
