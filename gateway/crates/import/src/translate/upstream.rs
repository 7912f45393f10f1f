//! `upstream` blocks: names for servers.

use std::collections::HashMap;

use super::scope::Scope;
use super::target::is_address;
use crate::note::Notes;
use crate::parser::Directive;

/// The servers of each upstream, as `host:port` or `unix:/path`.
pub(crate) type Upstreams<'a> = HashMap<&'a str, Vec<String>>;

/// More servers than this no upstream has.
const SERVERS_MAX: usize = 100;

/// Directives that Tollgate has no need of: it keeps connections, and takes servers in turn.
const NEEDLESS: [&str; 6] =
    ["server", "keepalive", "keepalive_timeout", "keepalive_requests", "keepalive_time", "zone"];

/// Reads all upstreams of some blocks.
pub(crate) fn collect<'a>(scopes: &[Scope<'a>], notes: &mut Notes) -> Upstreams<'a> {
    let blocks = scopes.iter().flat_map(|scope| scope.own("upstream"));
    blocks.map(|block| (block.arg(0), servers(block, notes))).collect()
}

fn servers(upstream: &Directive, notes: &mut Notes) -> Vec<String> {
    let (mut first, mut spare) = (Vec::new(), Vec::new());
    for directive in upstream.inside() {
        if !NEEDLESS.contains(&directive.name.as_str()) {
            notes.untaken(directive, "servers are taken in turn");
        }
        if directive.name != "server" {
            continue;
        }
        let address = directive.arg(0);
        if !is_address(address) {
            notes.untaken(directive, "expected a host, a host and a port, or a socket");
            continue;
        }
        let has = |name: &str| directive.args.iter().skip(1).any(|arg| arg == name);
        if has("down") {
            notes.untaken(directive, "it is marked `down`");
            continue;
        }
        if directive.args.iter().any(|arg| arg.starts_with("weight=") && arg != "weight=1") {
            notes.taken(directive, "servers are taken in turn, without weights");
        }
        let list = if has("backup") { &mut spare } else { &mut first };
        if list.len() < SERVERS_MAX {
            list.push((address.to_owned(), directive));
        }
    }
    if first.is_empty() {
        std::mem::swap(&mut first, &mut spare);
    }
    for (_, directive) in spare {
        notes.untaken(directive, "there are no spare servers; all of a route are taken in turn");
    }
    first.into_iter().map(|(address, _)| address).collect()
}
