//! `listen`: an address and how it is spoken to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::scope::Scope;
use crate::note::Notes;
use crate::parser::Directive;

/// More addresses than this no machine listens on.
pub(crate) const ADDRESSES_MAX: usize = 500;

/// One `listen` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    pub(crate) address: SocketAddr,
    pub(crate) is_tls: bool,
    pub(crate) http2: bool,
    pub(crate) proxy_protocol: bool,
    pub(crate) is_default: bool,
}

/// Options that a listener has no need of.
const NEEDLESS: [&str; 10] = [
    "bind",
    "reuseport",
    "deferred",
    "ipv6only",
    "backlog",
    "rcvbuf",
    "sndbuf",
    "so_keepalive",
    "fastopen",
    "setfib",
];

/// The addresses of a server. Without `listen`, nginx takes port 80.
pub(crate) fn listens(server: &Scope<'_>, notes: &mut Notes) -> Vec<Listen> {
    let mut listens: Vec<Listen> = Vec::new();
    for directive in server.own("listen").take(ADDRESSES_MAX) {
        match listen(directive, server, notes) {
            Ok(listen) if listens.iter().all(|other| other.address != listen.address) => {
                listens.push(listen);
            }
            Ok(_) => {}
            Err(reason) => notes.untaken(directive, reason),
        }
    }
    if server.own("listen").next().is_none() {
        let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80));
        let (is_tls, http2, proxy_protocol, is_default) =
            (server.is_on("ssl"), false, false, false);
        listens.push(Listen { address, is_tls, http2, proxy_protocol, is_default });
    }
    listens
}

fn listen(
    directive: &Directive,
    server: &Scope<'_>,
    notes: &mut Notes,
) -> Result<Listen, &'static str> {
    let address = address(directive.arg(0))?;
    let mut listen = Listen {
        address,
        is_tls: server.is_on("ssl"),
        http2: server.is_on("http2"),
        proxy_protocol: false,
        is_default: false,
    };
    for option in directive.args.iter().skip(1) {
        let name = option.split_once('=').map_or(option.as_str(), |(name, _)| name);
        match name {
            "ssl" => listen.is_tls = true,
            "http2" => listen.http2 = true,
            "proxy_protocol" => listen.proxy_protocol = true,
            "default_server" | "default" => listen.is_default = true,
            "quic" => return Err("HTTP/3 is not spoken; browsers use HTTP/2 instead"),
            name if NEEDLESS.contains(&name) => {}
            _ => notes.taken(directive, format!("its option `{option}` has no counterpart")),
        }
    }
    Ok(listen)
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    const NO_ADDRESS: &str = "write an IP address and a port, such as 192.0.2.1:443";
    if text.starts_with("unix:") {
        return Err("listeners have an IP address and a port, no socket file");
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => {
            (host, port.parse::<u16>().map_err(|_| NO_ADDRESS)?)
        }
        _ => (text, 80),
    };
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match (host, v6) {
        ("*", _) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ("localhost", _) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        (_, Some(v6)) => IpAddr::V6(v6.parse::<Ipv6Addr>().map_err(|_| NO_ADDRESS)?),
        (host, None) => IpAddr::V4(host.parse::<Ipv4Addr>().map_err(|_| NO_ADDRESS)?),
    };
    Ok(SocketAddr::from((address, port)))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_completed_as_nginx_completes_them() {
        for (text, expected) in [
            ("80", "0.0.0.0:80"),
            ("*:8080", "0.0.0.0:8080"),
            ("127.0.0.1", "127.0.0.1:80"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("localhost:8000", "127.0.0.1:8000"),
            ("[::]:443", "[::]:443"),
            ("[::1]", "[::1]:80"),
        ] {
            assert_eq!(address(text).map(|a| a.to_string()).as_deref(), Ok(expected));
        }
        for text in ["unix:/run/x.sock", "example.com:80", "99999", "[::", "", "1.2.3.4:x"] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
