//! The servers as sites. Tollgate's listeners share them: a host is answered alike on all addresses.

use std::collections::HashMap;

use super::Known;
use super::server::{self, Server};
use crate::model::{Listener, Site};
use crate::note::Notes;

/// The sites of all servers. A host belongs to the first server that names it.
pub(crate) fn sites(
    (servers, listeners): (&[Server<'_>], &[Listener]),
    known: &Known<'_>,
    notes: &mut Notes,
) -> Vec<Site> {
    let mut taken: HashMap<&str, &Server<'_>> = HashMap::new();
    let mut sites: Vec<Site> = Vec::new();
    for server in servers.iter().filter(|server| server.serves()) {
        if server.scope.own("return").next().is_some() {
            let why = "its `return` answers before any location does, so it became no site";
            notes.untaken(server.directive, why);
            continue;
        }
        let mut site = server::site(server, known, notes);
        if site.routes.is_empty() {
            notes.untaken(server.directive, "no route came of it, so it became no site");
            continue;
        }
        if !may_be_everywhere(server, listeners, notes) {
            continue;
        }
        for host in &server.hosts {
            match taken.get(host.as_str()) {
                None => {
                    taken.insert(host, server);
                    site.hosts.push(host.clone());
                }
                Some(first) => report_clash(server, first, host, notes),
            }
        }
        if server.hosts.is_empty() {
            notes.untaken(server.directive, "none of its names can be a site's host");
        }
        if !site.hosts.is_empty() {
            sites.push(site);
        }
    }
    sites
}

/// Whether a server's site may be answered on all listeners, as it will be.
fn may_be_everywhere(server: &Server<'_>, listeners: &[Listener], notes: &mut Notes) -> bool {
    let own = |listener: &Listener| server.listens.iter().any(|l| l.address == listener.address);
    let others: Vec<&Listener> =
        listeners.iter().filter(|listener| !listener.redirect_to_https && !own(listener)).collect();
    let is_local = server.listens.iter().all(|listen| listen.address.ip().is_loopback());
    let shows = |listener: &Listener| !listener.address.ip().is_loopback();
    let asks_for_certificates = server.scope.is_on("ssl_verify_client");
    let asks = |listener: &Listener| listener.tls.as_ref().is_some_and(|t| t.client_ca.is_some());
    let addresses: Vec<String> = others.iter().map(|l| l.address.to_string()).collect();
    let addresses = addresses.join(", ");
    if is_local && others.iter().any(|listener| shows(listener)) {
        let why = format!(
            "it is for this machine only, and as listeners share their sites, {addresses} would \
             show it to others"
        );
        notes.untaken(server.directive, why);
        false
    } else if asks_for_certificates && !others.iter().all(|listener| asks(listener)) {
        let why = format!(
            "it asks for client certificates, and as listeners share their sites, {addresses} \
             would show it without"
        );
        notes.untaken(server.directive, why);
        false
    } else {
        if !others.is_empty() {
            let hint = format!(
                "listeners share their sites: its hosts are now answered on {addresses}, too"
            );
            notes.taken(server.directive, hint);
        }
        true
    }
}

fn report_clash(server: &Server<'_>, first: &Server<'_>, host: &str, notes: &mut Notes) {
    let place = &first.directive.place;
    let why = format!(
        "`{host}` is a site already, by the server of {place}; listeners share their sites, so a \
         host is answered alike on all of them"
    );
    notes.untaken(server.directive, why);
}
