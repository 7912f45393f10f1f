//! Servers that send plain requests to HTTPS.

use super::scope::Scope;
use crate::note::Notes;
use crate::parser::Directive;

/// Whether a server sends requests to HTTPS, and by which directives.
pub(crate) struct Redirect<'a> {
    pub(crate) extent: Extent,
    pub(crate) by: Vec<&'a Directive>,
}

/// Which requests a server sends to HTTPS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// None.
    Nothing,
    /// Those that came without TLS; the others it serves.
    Plain,
    /// All.
    Everything,
}

/// Patterns of `rewrite` that fit every path.
const EVERY_PATH: [&str; 9] =
    ["^", "^/", ".*", "^.*", "^.*$", "(.*)", "^(.*)$", "^/(.*)$", "^/(.*)"];

/// Finds out by which directives a server redirects, if it does.
pub(crate) fn to_https<'a>(
    server: &Scope<'a>,
    hosts: &[String],
    notes: &mut Notes,
) -> Redirect<'a> {
    let whole = server.block().iter().find(|directive| is_to_https(directive, hosts));
    let conditions = conditions(server, hosts);
    let root = root(server, hosts);
    let (extent, by) = match (whole, conditions, root) {
        (Some(whole), ..) => (Extent::Everything, vec![whole]),
        (None, Some(found), _) => found,
        (None, None, Some(root)) => (Extent::Everything, vec![root]),
        (None, None, None) => (Extent::Nothing, Vec::new()),
    };
    for directive in by.iter().flat_map(|by| by.inside()).chain(by.iter().copied()) {
        note_status(directive, notes);
    }
    if extent == Extent::Everything {
        note_unreached(server, notes);
    }
    Redirect { extent, by }
}

/// Conditions whose block redirects. Those about the host are certbot's: one for each name, and what
/// is left gets 404.
fn conditions<'a>(server: &Scope<'a>, hosts: &[String]) -> Option<(Extent, Vec<&'a Directive>)> {
    let redirects =
        |condition: &&Directive| condition.inside().iter().any(|inner| is_to_https(inner, hosts));
    let about = |names: &[&str]| -> Vec<&'a Directive> {
        let is_about = |condition: &&Directive| {
            let subject = condition.arg(0).trim_start_matches('(');
            names.contains(&subject)
        };
        server.own("if").filter(redirects).filter(is_about).collect()
    };
    let of_scheme = about(&["$scheme", "$server_port", "$https"]);
    if !of_scheme.is_empty() {
        return Some((Extent::Plain, of_scheme));
    }
    let of_host = about(&["$host", "$http_host"]);
    let serves = server.own("location").next().is_some() && server.own("return").next().is_none();
    (!of_host.is_empty() && !serves).then_some((Extent::Everything, of_host))
}

/// The redirect in the location for all paths.
fn root<'a>(server: &Scope<'a>, hosts: &[String]) -> Option<&'a Directive> {
    let mut roots = server.own("location").filter(|location| is_root(location));
    roots.find_map(|root| root.inside().iter().find(|inner| is_to_https(inner, hosts)))
}

fn is_root(location: &Directive) -> bool {
    matches!(location.args.as_slice(), [path] if path == "/")
}

/// Whether a location is where ACME's challenges are answered.
pub(crate) fn is_challenge(location: &Directive) -> bool {
    location.args.iter().any(|arg| arg.contains("/.well-known/acme-challenge"))
}

/// Whether a directive sends every request to the same host and path over HTTPS.
fn is_to_https(directive: &Directive, hosts: &[String]) -> bool {
    let args: Vec<&str> = directive.args.iter().map(String::as_str).collect();
    match (directive.name.as_str(), args.as_slice()) {
        ("return", ["301" | "302" | "307" | "308", url] | [url]) => {
            is_same_place(url, "$request_uri", hosts)
        }
        ("rewrite", [pattern, url] | [pattern, url, "permanent" | "redirect"]) => {
            EVERY_PATH.contains(pattern)
                && ["$request_uri?", "$request_uri", "$1", "/$1"]
                    .iter()
                    .any(|path| is_same_place(url, path, hosts))
        }
        _ => false,
    }
}

fn is_same_place(url: &str, path: &str, hosts: &[String]) -> bool {
    let host = url.strip_prefix("https://").and_then(|rest| rest.strip_suffix(path));
    host.is_some_and(|host| {
        let host = host.strip_suffix(":443").unwrap_or(host);
        let variables = ["$host", "$server_name", "$http_host", "${host}"];
        variables.contains(&host) || hosts.iter().any(|known| known == host)
    })
}

fn note_status(directive: &Directive, notes: &mut Notes) {
    let status = match (directive.name.as_str(), directive.arg(0), directive.arg(2)) {
        ("return", status @ ("302" | "307" | "308"), _) => status,
        ("return", "301", _) | ("rewrite", _, "permanent") => return,
        ("return" | "rewrite", ..) => "302",
        _ => return,
    };
    let hint = format!("`redirect_to_https` answers 301, not {status}, which browsers remember");
    notes.taken(directive, hint);
}

/// A redirecting listener has no other answers.
fn note_unreached(server: &Scope<'_>, notes: &mut Notes) {
    for location in server.own("location").filter(|location| !is_root(location)) {
        if !is_challenge(location) {
            notes.untaken(location, "`redirect_to_https` sends all paths of a listener to HTTPS");
        }
    }
}
