//! Servers that send plain requests to HTTPS.

use super::scope::Scope;
use crate::note::Notes;
use crate::parser::Directive;

/// Whether a server sends requests to HTTPS.
#[derive(Clone, Copy)]
pub(crate) enum Redirect<'a> {
    /// It does not.
    None,
    /// Those that came without TLS; the others it serves.
    PlainOnly,
    /// All, by this directive.
    Everything(&'a Directive),
}

/// Patterns of `rewrite` that fit every path, with what `$1` then begins with.
const EVERY_PATH: [&str; 9] =
    ["^", "^/", ".*", "^.*", "^.*$", "(.*)", "^(.*)$", "^/(.*)$", "^/(.*)"];

/// Finds out by which directive a server redirects, if it does.
pub(crate) fn to_https<'a>(
    server: &Scope<'a>,
    hosts: &[String],
    notes: &mut Notes,
) -> Redirect<'a> {
    let of_block = server.block().iter().find(|directive| is_to_https(directive, hosts));
    if let Some(directive) = of_block {
        note_status(directive, notes);
        note_unreached(server, notes);
        return Redirect::Everything(directive);
    }
    for condition in server.own("if") {
        let Some(inner) = condition.inside().iter().find(|inner| is_to_https(inner, hosts)) else {
            continue;
        };
        note_status(inner, notes);
        let words: Vec<&str> = condition.args.iter().map(String::as_str).collect();
        let text = words.join(" ").replace(['(', ')'], " ");
        let is_scheme = text.split_whitespace().next() == Some("$scheme");
        return if is_scheme { Redirect::PlainOnly } else { Redirect::Everything(inner) };
    }
    // A location for everything that only redirects.
    let root = server
        .own("location")
        .find(|location| matches!(location.args.as_slice(), [path] if path == "/"));
    let inner = root.and_then(|root| root.inside().iter().find(|inner| is_to_https(inner, hosts)));
    let Some(inner) = inner else { return Redirect::None };
    note_status(inner, notes);
    for location in server.own("location").filter(|location| !is_challenge(location)) {
        if root.is_none_or(|root| location.place != root.place) {
            notes.untaken(location, "`redirect_to_https` sends all paths of a listener to HTTPS");
        }
    }
    Redirect::Everything(inner)
}

/// Whether a condition does nothing but send to HTTPS, so that it needs no note of its own.
pub(crate) fn is_condition_to_https(condition: &Directive) -> bool {
    condition.inside().iter().any(|inner| is_to_https(inner, &[]))
}

/// Whether a location is where ACME's challenges are answered.
pub(crate) fn is_challenge(location: &Directive) -> bool {
    location.args.iter().any(|arg| arg.contains("/.well-known/acme-challenge"))
}

/// Whether a directive sends every request to the same host and path over HTTPS.
pub(crate) fn is_to_https(directive: &Directive, hosts: &[String]) -> bool {
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
        _ => "302",
    };
    let hint = format!("`redirect_to_https` answers 301, not {status}, which browsers remember");
    notes.taken(directive, hint);
}

/// A server-wide `return` comes before all locations.
fn note_unreached(server: &Scope<'_>, notes: &mut Notes) {
    for location in server.own("location").filter(|location| !is_challenge(location)) {
        notes.untaken(location, "not reached in nginx either: the server redirects before");
    }
}
