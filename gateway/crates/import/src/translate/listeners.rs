//! The servers of each address as one listener.

use std::net::SocketAddr;

use super::listen::{ADDRESSES_MAX, Listen};
use super::server::Server;
use super::tls;
use crate::model::Listener;
use crate::note::Notes;

/// An address with the servers on it, in nginx's order of precedence.
pub(crate) struct Shared<'s, 'a> {
    address: SocketAddr,
    pub(crate) members: Vec<(&'s Server<'a>, &'s Listen)>,
}

/// One listener for each address, in the order in which the file names them.
pub(crate) fn listeners(servers: &[Server<'_>], notes: &mut Notes) -> Vec<Listener> {
    let mut shared: Vec<Shared<'_, '_>> = Vec::new();
    for server in servers {
        for listen in &server.listens {
            let is_full = shared.len() >= ADDRESSES_MAX;
            match shared.iter_mut().find(|shared| shared.address == listen.address) {
                Some(found) => found.members.push((server, listen)),
                None if is_full => {
                    let why = format!("more than {ADDRESSES_MAX} addresses");
                    notes.untaken(server.directive, why);
                }
                None => {
                    let members = vec![(server, listen)];
                    shared.push(Shared { address: listen.address, members });
                }
            }
        }
    }
    for shared in &mut shared {
        // Stable: of the others, the first in the file is the default.
        shared.members.sort_by_key(|(_, listen)| !listen.is_default);
    }
    shared.iter().map(|shared| listener(shared, notes)).collect()
}

fn listener(shared: &Shared<'_, '_>, notes: &mut Notes) -> Listener {
    let is_tls = shared.members.iter().any(|(_, listen)| listen.is_tls);
    let proxy_protocol = shared.members.iter().any(|(_, listen)| listen.proxy_protocol);
    let trusted_proxies = trusted(shared, notes);
    if proxy_protocol && trusted_proxies.is_empty() {
        for (server, _) in shared.members.iter().take(1) {
            let hint = format!(
                "the PROXY protocol on {} is believed from `trusted_proxies` only, and no \
                 `set_real_ip_from` names any: add them",
                shared.address
            );
            notes.taken(server.directive, hint);
        }
    }
    Listener {
        address: shared.address,
        redirect_to_https: !is_tls && redirects(shared, notes),
        proxy_protocol,
        trusted_proxies,
        tls: is_tls.then(|| tls::tls(shared, notes)),
    }
}

/// Whether the listener redirects: all of its servers that do something do that.
fn redirects(shared: &Shared<'_, '_>, notes: &mut Notes) -> bool {
    let does = |(server, listen): &&(&Server<'_>, &Listen)| server.redirects(listen);
    let redirecting = shared.members.iter().filter(does).count();
    let serving = shared.members.iter().find(|(server, listen)| {
        !server.redirects(listen) && server.scope.own("location").next().is_some()
    });
    if let Some((serving, _)) = serving {
        for (server, _) in shared.members.iter().filter(does) {
            let why = format!(
                "its redirect from {}: that address also serves the server of {}, and \
                 `redirect_to_https` is for a whole listener",
                shared.address, serving.directive.place
            );
            notes.untaken(server.directive, why);
        }
    }
    redirecting > 0 && serving.is_none()
}

/// The addresses from which forwarded headers are believed.
fn trusted(shared: &Shared<'_, '_>, notes: &mut Notes) -> Vec<String> {
    let mut trusted = Vec::new();
    for (server, _) in &shared.members {
        for directive in server.scope.nearest("set_real_ip_from") {
            let range = directive.arg(0);
            if !is_range(range) {
                notes.untaken(directive, "`trusted_proxies` holds addresses such as 192.0.2.0/24");
            } else if !trusted.iter().any(|known| known == range) {
                trusted.push(range.to_owned());
            }
        }
    }
    trusted
}

fn is_range(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else { return false };
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= bits_max))
}
