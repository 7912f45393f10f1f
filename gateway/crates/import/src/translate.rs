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
mod sites;
mod target;
mod tls;
mod upstream;
mod verdict;

use crate::Options;
use crate::model::Edge;
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
    for scope in &scopes {
        verdict::account(scope.block(), &[], notes);
    }
    let upstreams = upstream::collect(&scopes, notes);
    let servers: Vec<Server<'_>> = scopes
        .iter()
        .flat_map(|scope| scope.own("server").map(move |server| (scope, server)))
        .map(|(scope, directive)| server::read(directive, scope.within(directive), notes))
        .collect();
    let known = Known { upstreams, options };
    let listeners = listeners::listeners(&servers, notes);
    let sites = sites::sites((&servers, &listeners), &known, notes);
    Edge { listeners, sites }
}
