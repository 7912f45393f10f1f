//! The tree of nginx's directives to the `edge:` section.

mod forwarded;
mod guard;
mod headers;
mod listen;
mod listeners;
mod location;
mod names;
mod quantity;
mod redirect;
mod routes;
mod scope;
mod server;
mod target;
mod tls;
mod upstream;
mod verdict;

use std::collections::{HashMap, HashSet};

use crate::Options;
use crate::model::{Edge, Site};
use crate::note::Notes;
use crate::parser::Directive;
use scope::Scope;
use server::Server;
use upstream::Upstreams;

/// What every part of the translation looks things up in.
struct Known<'a> {
    upstreams: Upstreams<'a>,
    options: Options,
}

/// Translates a tree whose includes are resolved.
pub(crate) fn edge(tree: &[Directive], options: Options, notes: &mut Notes) -> Edge {
    let main = Scope::new(tree);
    let mut scopes = vec![main.clone()];
    scopes.extend(main.own("http").map(|http| main.within(http)));
    verdict::account(tree, notes);
    for http in main.own("http") {
        verdict::account(http.inside(), notes);
    }
    let upstreams = upstream::collect(&scopes, notes);
    let servers: Vec<Server<'_>> = scopes
        .iter()
        .flat_map(|scope| scope.own("server").map(move |server| (scope, server)))
        .map(|(scope, directive)| server::read(directive, scope.within(directive), notes))
        .collect();
    let known = Known { upstreams, options };
    let listeners = listeners::listeners(&servers, notes);
    Edge { listeners, sites: sites(&servers, &known, notes) }
}

/// The sites of all servers. A host belongs to the first server that names it, whatever its address:
/// Tollgate's listeners share their sites.
fn sites(servers: &[Server<'_>], known: &Known<'_>, notes: &mut Notes) -> Vec<Site> {
    let mut taken: HashMap<&str, &Server<'_>> = HashMap::new();
    let mut sites: Vec<Site> = Vec::new();
    for server in servers.iter().filter(|server| server.serves()) {
        let mut site = server::site(server, known, notes);
        if site.routes.is_empty() {
            let why = "none of its locations could be taken over, so it became no site";
            notes.untaken(server.directive, why);
            continue;
        }
        let mut clashing = HashSet::new();
        for host in &server.hosts {
            match taken.get(host.as_str()) {
                None => {
                    taken.insert(host, server);
                }
                Some(first) => {
                    clashing.insert(host);
                    report_clash(server, first, host, notes);
                }
            }
        }
        site.hosts = server.hosts.iter().filter(|host| !clashing.contains(host)).cloned().collect();
        if !site.hosts.is_empty() {
            sites.push(site);
        }
    }
    sites
}

fn report_clash(server: &Server<'_>, first: &Server<'_>, host: &str, notes: &mut Notes) {
    let place = &first.directive.place;
    let why = format!(
        "`{host}` is a site already, by the server of {place}; listeners share their sites, so a \
         host is answered alike on all of them"
    );
    notes.untaken(server.directive, why);
}
