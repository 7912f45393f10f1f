//! The locations of a server as routes.

use super::location::{self, Location};
use super::scope::Scope;
use super::{Known, guard, quantity, target, verdict};
use crate::model::{Route, Target};
use crate::note::Notes;
use crate::parser::Directive;

/// A route with the location that it comes from.
pub(crate) struct Found<'a> {
    pub(crate) route: Route,
    pub(crate) scope: Scope<'a>,
    is_exact: bool,
}

/// The routes of a server, each path once, in the file's order.
pub(crate) fn routes<'a>(
    server: &Scope<'a>,
    known: &Known<'_>,
    notes: &mut Notes,
) -> Vec<Found<'a>> {
    let mut locations = Vec::new();
    location::collect(server, notes, &mut locations);
    // A `return` comes before a `proxy_pass`.
    let has = |location: &Location<'_>, name| location.scope.own(name).next().is_some();
    let (proxied, others): (Vec<_>, Vec<_>) = locations
        .into_iter()
        .partition(|location| has(location, "proxy_pass") && !has(location, "return"));
    let mut routes: Vec<Found<'a>> = Vec::new();
    for location in proxied {
        if let Some(route) = route(&location, known, notes) {
            insert(&mut routes, (location, route), notes);
        }
    }
    let open = routes.iter().map(|found| found.route.clone()).collect::<Vec<_>>();
    for location in others {
        let fallback = open
            .iter()
            .filter(|route| location.path.starts_with(&route.path) && route.path != location.path)
            .max_by_key(|route| route.path.len());
        match fallback {
            Some(fallback)
                if fallback.to != Target::Gateway && guard::is_closed(location.directive) =>
            {
                let closed = keyed(&location, fallback, notes);
                insert(&mut routes, (location, closed), notes);
            }
            _ => report(&location, fallback, notes),
        }
    }
    routes
}

fn insert<'a>(
    routes: &mut Vec<Found<'a>>,
    (location, route): (Location<'a>, Route),
    notes: &mut Notes,
) {
    let found = Found { route, scope: location.scope, is_exact: location.is_exact };
    match routes.iter_mut().find(|known| known.route.path == found.route.path) {
        None => {
            if found.is_exact {
                let hint = "routes are prefixes: paths below it take this route, too";
                notes.taken(location.directive, hint);
            }
            routes.push(found);
        }
        // The one for the paths below says more than the one for the path alone.
        Some(known) if known.is_exact && !found.is_exact => *known = found,
        Some(_) => notes.untaken(location.directive, "another location has the same path"),
    }
}

fn route(location: &Location<'_>, known: &Known<'_>, notes: &mut Notes) -> Option<Route> {
    let scope = &location.scope;
    let pass = scope.own("proxy_pass").next()?;
    verdict::account(scope.block(), &[], notes);
    let servers = match target::servers(pass, location, &known.upstreams) {
        Ok(servers) => servers,
        Err(reason) => {
            notes.untaken(pass, reason);
            return None;
        }
    };
    let path = location.path.to_owned();
    let is_here = servers.iter().all(|server| target::is_litellm_here(server));
    if is_here && known.options.litellm_here {
        return Some(Route {
            path,
            to: Target::Gateway,
            public: false,
            connect_timeout: None,
            read_timeout: None,
            comments: Vec::new(),
        });
    }
    let guarded = guard::guard(scope);
    Some(Route {
        comments: comments(&path, &servers, (is_here, guarded)),
        path,
        to: Target::Servers(servers),
        public: guarded.is_none(),
        connect_timeout: timeout(scope, "proxy_connect_timeout", notes),
        read_timeout: timeout(scope, "proxy_read_timeout", notes),
    })
}

fn comments(
    path: &str,
    servers: &[String],
    (is_here, guarded): (bool, Option<&Directive>),
) -> Vec<String> {
    let mut comments = Vec::new();
    if is_here {
        let itself = if path.starts_with("/v1") { "models" } else { "gateway" };
        comments.push(format!("`to: {itself}` would serve this from Tollgate itself."));
    }
    if servers.len() > 1 {
        comments.push("Taken in turn.".to_owned());
    }
    if let Some(guarded) = guarded {
        comments.push(format!("Asks for a key, where nginx had `{}`.", guarded.name));
    }
    comments
}

fn timeout(scope: &Scope<'_>, name: &str, notes: &mut Notes) -> Option<String> {
    let directive = scope.value(name)?;
    let duration = quantity::duration(directive.arg(0));
    if duration.is_none() {
        notes.untaken(directive, "expected a duration such as 300s, above zero");
    }
    duration
}

/// A route for what nginx kept closed. Without one, the route above it would open it.
fn keyed(location: &Location<'_>, fallback: &Route, notes: &mut Notes) -> Route {
    let hint = "nothing is closed to all; its route asks for a key of Tollgate's";
    notes.taken(location.directive, hint);
    let comments = vec!["Closed in nginx; here it asks for a key.".to_owned()];
    Route { path: location.path.to_owned(), public: false, comments, ..fallback.clone() }
}

fn report(location: &Location<'_>, fallback: Option<&Route>, notes: &mut Notes) {
    let has = |names: &[&str]| names.iter().any(|name| location.scope.own(name).next().is_some());
    let reason = if has(&["return"]) {
        "no fixed answers or redirects are served"
    } else if has(&["stub_status"]) {
        "Tollgate's own figures are at /metrics"
    } else if has(&["grpc_pass"]) {
        "write the server as `http://` or `https://`; gRPC passes through"
    } else if has(&["fastcgi_pass", "uwsgi_pass", "scgi_pass", "memcached_pass"]) {
        "upstreams speak HTTP only"
    } else if location.scope.own("location").next().is_some() {
        // Its own locations are told of.
        return;
    } else {
        "it has no `proxy_pass`, and no files are served"
    };
    let fallback = fallback
        .map(|route| format!("; what it fits goes to the route `{}`", route.path))
        .unwrap_or_default();
    notes.untaken(location.directive, format!("{reason}{fallback}"));
}
