//! Who a request is from, and what an upstream is told of it. What the client claims about itself is
//! overwritten by what was seen, unless the peer is a proxy whose word is believed.

use std::net::{IpAddr, SocketAddr};

use bytes::BytesMut;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;

use crate::fields::Fields;
use crate::host;

const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");

/// The names that [`Client::tell`] sets; others like them are nobody's.
pub(crate) const TOLD: [HeaderName; 5] = [REAL_IP, FOR, PROTO, HOST, PORT];

/// How a name that is told is written: one that is known costs no copy.
pub(crate) fn spelled(name: &HeaderName) -> Option<&'static str> {
    Some(match name.as_str() {
        "x-real-ip" => "X-Real-IP",
        "x-forwarded-for" => "X-Forwarded-For",
        "x-forwarded-proto" => "X-Forwarded-Proto",
        "x-forwarded-host" => "X-Forwarded-Host",
        "x-forwarded-port" => "X-Forwarded-Port",
        "forwarded" => "Forwarded",
        _ => return None,
    })
}

/// What is seen of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// Who opened it. None: it has no address, as with a socket in the file system.
    pub(crate) peer: Option<IpAddr>,
    pub(crate) is_tls: bool,
    /// The port that it was opened to.
    pub(crate) port: u16,
    /// Peers whose word is believed.
    pub(crate) trusted: &'a [IpNet],
}

/// Who a request is from, and what it asked for there.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) address: Option<IpAddr>,
    pub(crate) is_https: bool,
    host: Option<HeaderValue>,
    port: u16,
    /// Addresses on the way, the peer last.
    chain: Option<HeaderValue>,
    /// What a proxy said in the words of RFC 7239.
    before: Option<HeaderValue>,
}

// === impl Client ===

impl Client {
    /// `host` is the one that the request names.
    pub(crate) fn of(seen: Seen<'_>, host: &str, request: &HeaderMap) -> Self {
        let peer = seen.peer.map(|peer| peer.to_canonical());
        let direct = Self {
            address: peer,
            is_https: seen.is_tls,
            // Whatever else stands there could end the quotes that it is put in below.
            host: valid_host(host),
            port: seen.port,
            chain: None,
            before: None,
        };
        match peer {
            Some(peer) if is_trusted(peer, seen.trusted) => direct.believing(peer, seen, request),
            _ => direct,
        }
    }

    fn believing(self, peer: IpAddr, seen: Seen<'_>, request: &HeaderMap) -> Self {
        let proto = only(request, &PROTO).map(str::to_ascii_lowercase);
        let is_https = match proto.as_deref() {
            Some("https") => true,
            Some("http") => false,
            _ => self.is_https,
        };
        let port = only(request, &PORT).and_then(|port| port.parse().ok());
        let usual = if is_https { 443 } else { 80 };
        Self {
            address: Some(farthest(peer, seen.trusted, request)),
            is_https,
            port: port.unwrap_or(if is_https == self.is_https { self.port } else { usual }),
            host: only(request, &HOST).and_then(valid_host).or(self.host),
            chain: Some(list_of(request, &FOR)),
            before: request.get(header::FORWARDED).map(|_| list_of(request, &header::FORWARDED)),
        }
    }

    /// Tells an upstream, instead of what the request says.
    pub(crate) fn tell(&self, peer: Option<IpAddr>, request: &mut impl Fields) {
        let peer = peer.map(|peer| peer.to_canonical());
        let peer_text = peer.map(text_of);
        let is_direct = self.address == peer;
        let address = if is_direct { peer_text.clone() } else { self.address.map(text_of) };
        let element = self.element(peer, peer_text.as_ref());
        put(request, &FOR, peer_text.and_then(|peer| appended(self.chain.as_ref(), peer)));
        put(request, &REAL_IP, address);
        request.set(&PROTO, HeaderValue::from_static(self.proto()));
        put(request, &HOST, self.host.clone());
        request.set(&PORT, port_text(self.port));
        put(request, &header::FORWARDED, element.and_then(|e| appended(self.before.as_ref(), e)));
    }

    fn proto(&self) -> &'static str {
        if self.is_https { "https" } else { "http" }
    }

    /// One step in the words of RFC 7239, where an IPv6 address and a port want quotes.
    fn element(
        &self,
        peer: Option<IpAddr>,
        peer_text: Option<&HeaderValue>,
    ) -> Option<HeaderValue> {
        let peer_text = peer_text.map_or(&b"unknown"[..], HeaderValue::as_bytes);
        let host = self.host.as_ref().map_or(&b""[..], HeaderValue::as_bytes);
        let is_token = |b: &u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b);
        let quote = if host.iter().all(is_token) { &b""[..] } else { b"\"" };
        let (open, close) = if peer.is_some_and(|peer| peer.is_ipv6()) {
            (&b"\"["[..], &b"]\""[..])
        } else {
            (&b""[..], &b""[..])
        };
        let mut text = BytesMut::with_capacity(peer_text.len() + host.len() + 32);
        for piece in [b"for=", open, peer_text, close] {
            text.extend_from_slice(piece);
        }
        if !host.is_empty() {
            for piece in [b";host=", quote, host, quote] {
                text.extend_from_slice(piece);
            }
        }
        text.extend_from_slice(b";proto=");
        text.extend_from_slice(self.proto().as_bytes());
        HeaderValue::from_maybe_shared(text.freeze()).ok()
    }
}

fn valid_host(host: &str) -> Option<HeaderValue> {
    if host::is_valid(host) { HeaderValue::from_str(host).ok() } else { None }
}

/// An address is made of characters that a header takes.
fn text_of(address: IpAddr) -> HeaderValue {
    HeaderValue::try_from(address.to_string()).unwrap_or(HeaderValue::from_static("unknown"))
}

fn port_text(port: u16) -> HeaderValue {
    match port {
        443 => HeaderValue::from_static("443"),
        80 => HeaderValue::from_static("80"),
        other => HeaderValue::from(other),
    }
}

/// The first address from the right that is not a proxy of ours: what stands left of it, anybody
/// can have written.
fn farthest(peer: IpAddr, trusted: &[IpNet], request: &HeaderMap) -> IpAddr {
    let mut client = peer;
    let values: Vec<_> = request.get_all(&FOR).iter().collect();
    let items = values.iter().rev().flat_map(|value| value.as_bytes().rsplit(|b| *b == b','));
    for item in items {
        let Some(address) = std::str::from_utf8(item).ok().and_then(address) else { break };
        client = address;
        if !is_trusted(address, trusted) {
            break;
        }
    }
    client
}

/// An address as proxies write it: alone, with a port, in brackets.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// The value of a header that must not come twice.
fn only<'a>(request: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = request.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok().map(str::trim) }
}

/// All values of a header in one.
fn list_of(request: &HeaderMap, name: &HeaderName) -> HeaderValue {
    let values: Vec<&[u8]> = request.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    HeaderValue::try_from(values.join(&b", "[..])).unwrap_or(HeaderValue::from_static(""))
}

fn appended(before: Option<&HeaderValue>, last: HeaderValue) -> Option<HeaderValue> {
    match before.filter(|before| !before.is_empty() && before.to_str().is_ok()) {
        Some(before) => {
            HeaderValue::try_from([before.as_bytes(), last.as_bytes()].join(&b", "[..])).ok()
        }
        None => Some(last),
    }
}

/// Sets a header, or removes what a client wrote there.
fn put(request: &mut impl Fields, name: &HeaderName, value: Option<HeaderValue>) {
    match value.filter(|value| !value.is_empty()) {
        Some(value) => request.set(name, value),
        None => request.remove(name),
    }
}

#[cfg(test)]
mod tests;
