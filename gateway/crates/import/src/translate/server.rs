//! A `server` block: its addresses, its hosts, and whether it only redirects.

use super::listen::{self, Listen};
use super::redirect::{self, Extent, Redirect};
use super::scope::Scope;
use super::{Known, headers, names, routes, verdict};
use crate::model::Site;
use crate::note::Notes;
use crate::parser::Directive;

/// A server, as far as listeners need to know it.
pub(crate) struct Server<'a> {
    pub(crate) directive: &'a Directive,
    pub(crate) scope: Scope<'a>,
    pub(crate) listens: Vec<Listen>,
    pub(crate) hosts: Vec<String>,
    pub(crate) redirect: Redirect<'a>,
}

/// Reads a server, without its locations.
pub(crate) fn read<'a>(
    directive: &'a Directive,
    scope: Scope<'a>,
    notes: &mut Notes,
) -> Server<'a> {
    let listens = listen::listens(&scope, notes);
    let is_default = names::is_default(scope.block());
    let hosts = names::hosts(&scope, is_default, notes);
    let redirect = redirect::to_https(&scope, &hosts, notes);
    verdict::account(scope.block(), &redirect.by, notes);
    if redirect.extent == Extent::Everything && listens.iter().any(|listen| listen.is_tls) {
        for by in &redirect.by {
            notes.untaken(by, "what came over TLS already cannot be sent to itself");
        }
    }
    Server { directive, scope, listens, hosts, redirect }
}

/// What a server answers, without its hosts.
pub(crate) fn site(server: &Server<'_>, known: &Known<'_>, notes: &mut Notes) -> Site {
    let found = routes::routes(&server.scope, known, notes);
    let scopes: Vec<&Scope<'_>> = found.iter().map(|found| &found.scope).collect();
    let headers = headers::headers(&server.scope, &scopes, notes);
    let routes = found.into_iter().map(|found| found.route).collect();
    Site { hosts: Vec::new(), headers, routes }
}

// === impl Server ===

impl Server<'_> {
    /// Whether it answers requests other than by sending them to HTTPS.
    pub(crate) fn serves(&self) -> bool {
        self.redirect.extent != Extent::Everything
    }

    /// Whether requests to an address of its are sent to HTTPS.
    pub(crate) fn redirects(&self, listen: &Listen) -> bool {
        !listen.is_tls && self.redirect.extent != Extent::Nothing
    }
}
