//! How many connections are open, in all and from each client.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;

/// Leading bits of an IPv6 address that one client has.
const CLIENT_BITS: u32 = 64;

/// How many connections may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// In all.
    pub open: usize,
    /// From one client: an IPv4 address, or a /64 of IPv6.
    pub per_client: usize,
}

/// Counts connections and keeps their limits.
#[derive(Debug)]
pub struct Connections {
    limits: ConnectionLimits,
    open: AtomicUsize,
    refused: AtomicU64,
    failed: AtomicU64,
    clients: Mutex<HashMap<IpAddr, usize>>,
}

/// An open connection; it is counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    connections: Arc<Connections>,
    client: Option<IpAddr>,
}

// === impl Connections ===

impl Connections {
    /// None are open yet.
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            open: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            clients: Mutex::default(),
        })
    }

    /// Connections that are open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections that were closed at once, over a limit or without a trusted PROXY header.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// TLS handshakes that failed or took too long.
    pub fn failed_handshakes(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    pub(crate) fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failed_handshake(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection, if there is room for it.
    pub(crate) fn count(self: &Arc<Self>) -> Option<Counted> {
        let counted = Counted { connections: Arc::clone(self), client: None };
        // The one over the limit is counted for a moment; dropping it takes that back.
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        (before < self.limits.open).then_some(counted)
    }
}

// === impl Counted ===

impl Counted {
    /// Counts the connection as one of this client's, if there is room for it.
    pub(crate) fn is_within(&mut self, client: IpAddr) -> bool {
        let client = client_of(client);
        let mut clients = self.connections.clients.lock();
        let open = clients.entry(client).or_default();
        if *open >= self.connections.limits.per_client {
            return false;
        }
        *open += 1;
        self.client = Some(client);
        true
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.connections.open.fetch_sub(1, Ordering::Relaxed);
        let Some(client) = self.client else { return };
        let mut clients = self.connections.clients.lock();
        let left = clients.get(&client).map_or(0, |open| open.saturating_sub(1));
        if left == 0 {
            clients.remove(&client);
        } else {
            clients.insert(client, left);
        }
    }
}

/// What is one client: a host's IPv6 addresses change, its network does not.
fn client_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() >> (128 - CLIENT_BITS) << (128 - CLIENT_BITS);
            IpAddr::V6(Ipv6Addr::from_bits(network))
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_ends_makes_room() {
        let connections = Connections::new(ConnectionLimits { open: 2, per_client: 9 });
        let first = connections.count().unwrap();
        let _second = connections.count().unwrap();
        assert!(connections.count().is_none());
        assert_eq!(connections.open(), 2);
        drop(first);
        assert!(connections.count().is_some());
        assert_eq!(connections.open(), 1);
    }

    #[test]
    fn clients_have_their_own_limits() {
        let connections = Connections::new(ConnectionLimits { open: 99, per_client: 1 });
        let mut held = Vec::new();
        for (client, fits) in [
            ("192.0.2.1", true),
            ("192.0.2.2", true),
            ("::ffff:192.0.2.2", false),
            ("2001:db8:0:1::1", true),
            ("2001:db8:0:1:ffff::2", false),
            ("2001:db8:0:2::1", true),
        ] {
            let mut counted = connections.count().unwrap();
            assert_eq!(counted.is_within(address(client)), fits, "{client}");
            held.push(counted);
        }
        drop(held);
        assert!(connections.clients.lock().is_empty());
        assert!(connections.count().unwrap().is_within(address("192.0.2.1")));
    }
}
