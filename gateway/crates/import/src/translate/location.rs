//! `location` blocks: which of them are prefixes of paths.

use super::scope::Scope;
use super::{guard, redirect};
use crate::note::Notes;
use crate::parser::Directive;

/// A location whose path can be a route's.
pub(crate) struct Location<'a> {
    pub(crate) directive: &'a Directive,
    pub(crate) scope: Scope<'a>,
    pub(crate) path: &'a str,
    /// Whether nginx takes this path only, and none below it.
    pub(crate) is_exact: bool,
}

/// The locations of a server, those within others included. What can be no route is noted.
pub(crate) fn collect<'a>(outer: &Scope<'a>, notes: &mut Notes, found: &mut Vec<Location<'a>>) {
    for directive in outer.own("location") {
        let scope = outer.within(directive);
        if redirect::is_challenge(directive) {
            let hint = "a listener's `acme` section answers challenges; for certbot beside it, name \
                        its folder in `acme_webroot` of the plain listener";
            notes.taken(directive, hint);
            continue;
        }
        match path(directive) {
            Ok((path, is_exact)) => {
                found.push(Location { directive, scope: scope.clone(), path, is_exact });
                collect(&scope, notes, found);
            }
            Err(reason) => {
                let warning = if guard::is_closed(directive) || guard::guard(&scope).is_some() {
                    "; TAKE CARE: what it kept closed is open there"
                } else {
                    ""
                };
                notes.untaken(directive, format!("{reason}{warning}"));
            }
        }
    }
}

fn path(directive: &Directive) -> Result<(&str, bool), String> {
    const REGEX: &str = "routes are prefixes, no regular expressions; what it fits goes to the \
                         route of the longest prefix";
    let (path, is_exact) = match directive.args.as_slice() {
        [_] if directive.arg(0).starts_with('@') => {
            return Err("named locations are for nginx's inner redirects".to_owned());
        }
        [path] => match path.strip_prefix("^~") {
            Some(path) => (path, false),
            None if path.starts_with('~') => return Err(REGEX.to_owned()),
            None => path.strip_prefix('=').map_or((path.as_str(), false), |path| (path, true)),
        },
        [modifier, path] => match modifier.as_str() {
            "=" => (path.as_str(), true),
            "^~" => (path.as_str(), false),
            "~" | "~*" => return Err(REGEX.to_owned()),
            _ => return Err(format!("`{modifier}` is no modifier of nginx's")),
        },
        _ => return Err("expected a path".to_owned()),
    };
    let is_plain = path.bytes().all(|b| b.is_ascii_graphic()) && !path.contains(['?', '#', '\\']);
    let climbs = path.split('/').any(|part| matches!(part, "." | ".."));
    if path.starts_with('/') && is_plain && !climbs {
        Ok((path, is_exact))
    } else {
        Err("a route's path begins with `/` and is plain ASCII, without query or `..`".to_owned())
    }
}
