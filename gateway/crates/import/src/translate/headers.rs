//! `add_header`, `proxy_hide_header` and their like: the headers of a site's answers.

use super::scope::Scope;
use crate::model::Headers;
use crate::note::Notes;
use crate::parser::Directive;

/// The headers of a site: the server's, or those that all of its routes agree on.
pub(crate) fn headers(server: &Scope<'_>, routes: &[&Scope<'_>], notes: &mut Notes) -> Headers {
    let mut headers = Headers::default();
    for directive in agreed(server, routes, notes) {
        add(directive, &mut headers, notes);
    }
    let more = |scope: &Scope<'_>| scope.all("more_set_headers").len();
    for directive in server.all("more_set_headers") {
        more_set(directive, &mut headers, notes);
    }
    if let Some(route) = routes.iter().find(|route| more(route) > more(server)) {
        for directive in route.own("more_set_headers") {
            notes.untaken(directive, "headers are those of a whole site");
        }
    }
    // The older header would contradict the newer one.
    if !headers.frame_ancestors.is_empty() {
        headers.set.retain(|(name, _)| !name.eq_ignore_ascii_case("X-Frame-Options"));
    }
    remove(server, routes, &mut headers, notes);
    headers
}

/// The `add_header` directives that hold on all routes.
fn agreed<'a>(server: &Scope<'a>, routes: &[&Scope<'a>], notes: &mut Notes) -> Vec<&'a Directive> {
    let args = |directives: &[&'a Directive]| -> Vec<&'a [String]> {
        directives.iter().map(|directive| directive.args.as_slice()).collect()
    };
    let of_server = server.nearest("add_header");
    let of_routes: Vec<_> = routes.iter().map(|route| route.nearest("add_header")).collect();
    let agreed = match of_routes.split_first() {
        Some((first, rest)) if rest.iter().all(|other| args(other) == args(first)) => first.clone(),
        _ => of_server,
    };
    let known = args(&agreed);
    for directive in of_routes.iter().flatten() {
        if !known.contains(&directive.args.as_slice()) {
            let why = "headers are those of a whole site, and not all of its routes have this one";
            notes.untaken(directive, why);
        }
    }
    agreed
}

fn add(directive: &Directive, headers: &mut Headers, notes: &mut Notes) {
    let (name, value) = (directive.arg(0), directive.arg(1));
    let is_always = directive.args.iter().skip(2).any(|arg| arg == "always");
    // nginx sends no header without a value.
    if value.is_empty() {
        return;
    }
    if set((name, value), headers, (directive, notes)) && !is_always {
        notes.taken(directive, "without `always`, nginx leaves it out of errors; here it is sent");
    }
}

fn more_set(directive: &Directive, headers: &mut Headers, notes: &mut Notes) {
    for header in &directive.args {
        match header.split_once(':') {
            Some((name, value)) if !header.starts_with('-') => {
                set((name.trim(), value.trim()), headers, (directive, notes));
            }
            _ => notes.untaken(directive, "expected `Name: value`, for all statuses and types"),
        }
    }
}

/// Takes a header over. False: it was not, which is noted.
fn set(
    (name, value): (&str, &str),
    headers: &mut Headers,
    (directive, notes): (&Directive, &mut Notes),
) -> bool {
    if let Some(reason) = obstacle(name, value) {
        notes.untaken(directive, reason);
        return false;
    }
    // Long values are broken into lines for reading.
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let value = if name.eq_ignore_ascii_case("Content-Security-Policy") {
        let (ancestors, others) = policy(&value);
        if !ancestors.is_empty() {
            headers.frame_ancestors = ancestors;
        }
        if others.is_empty() {
            return true;
        }
        if !headers.frame_ancestors.is_empty() {
            let hint = "`frame-ancestors` became the site's `frame_ancestors`; the other \
                        directives are in `headers.set`";
            notes.taken(directive, hint);
        }
        others
    } else {
        value
    };
    if name.eq_ignore_ascii_case("Access-Control-Allow-Origin") {
        notes.taken(directive, "`cors.origins` of the site answers preflight requests as well");
    }
    match headers.set.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        Some((_, known)) => {
            notes.taken(directive, "a header is set once; this value replaces an earlier one");
            *known = value;
        }
        None => headers.set.push((name.to_owned(), value)),
    }
    true
}

/// Why a header cannot be set.
fn obstacle(name: &str, value: &str) -> Option<&'static str> {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        Some("no name of a header")
    } else if value.contains('$') {
        Some("values are fixed, without nginx's variables")
    } else if value.chars().any(|char| char.is_control() && !char.is_whitespace()) {
        Some("its value holds control characters")
    } else if name.eq_ignore_ascii_case("Alt-Svc") {
        Some("no other protocol than HTTP/1.1 and HTTP/2 is offered")
    } else if name.eq_ignore_ascii_case("X-Frame-Options")
        && value.to_ascii_uppercase().starts_with("ALLOW-FROM")
    {
        Some("browsers ignore ALLOW-FROM; name the origin in the site's `frame_ancestors`")
    } else {
        None
    }
}

/// The sources of `frame-ancestors`, and the other directives of a content security policy.
fn policy(value: &str) -> (Vec<String>, String) {
    let (mut ancestors, mut others) = (Vec::new(), Vec::new());
    for part in value.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (name, sources) = part.split_once(' ').unwrap_or((part, "'none'"));
        if name.eq_ignore_ascii_case("frame-ancestors") {
            ancestors = sources.split_whitespace().map(str::to_owned).collect();
        } else {
            others.push(part);
        }
    }
    (ancestors, others.join("; "))
}

/// Finds the headers that are taken out of the upstream's answers.
fn remove(server: &Scope<'_>, routes: &[&Scope<'_>], headers: &mut Headers, notes: &mut Notes) {
    let of_routes: Vec<_> = routes.iter().map(|route| hidden(route)).collect();
    for (name, directive) in of_routes.iter().flatten() {
        if is_replaced(name, headers) || has(&headers.remove, name) {
            continue;
        }
        let is_policy = name.eq_ignore_ascii_case("Content-Security-Policy");
        if name.contains('*') || name.starts_with('-') || obstacle(name, "").is_some() {
            notes.untaken(directive, format!("`{name}`: headers are removed by their whole name"));
        } else if is_policy && !headers.frame_ancestors.is_empty() {
            let hint = "only the `frame-ancestors` of the upstream's policy is replaced; its \
                        other directives pass";
            notes.taken(directive, hint);
        } else {
            let hides = |hidden: &Vec<(&str, _)>| {
                hidden.iter().any(|(other, _)| other.eq_ignore_ascii_case(name))
            };
            if !of_routes.iter().all(hides) {
                notes.taken(directive, "headers are removed on all routes of the site");
            }
            headers.remove.push((*name).to_owned());
        }
    }
    let hides_version = server.value("server_tokens").is_some_and(|tokens| tokens.arg(0) == "off");
    if hides_version && !has(&headers.remove, "Server") && !is_replaced("Server", headers) {
        headers.remove.push("Server".to_owned());
    }
}

/// The headers that a block hides, each with the directive that says so.
fn hidden<'a>(scope: &Scope<'a>) -> Vec<(&'a str, &'a Directive)> {
    ["proxy_hide_header", "more_clear_headers"]
        .iter()
        .flat_map(|name| scope.nearest(name))
        .flat_map(|directive| directive.args.iter().map(move |name| (name.as_str(), directive)))
        .collect()
}

/// Whether a header of the upstream's is replaced, so that it need not be removed.
fn is_replaced(name: &str, headers: &Headers) -> bool {
    let by_ancestors =
        name.eq_ignore_ascii_case("X-Frame-Options") && !headers.frame_ancestors.is_empty();
    by_ancestors || headers.set.iter().any(|(set, _)| set.eq_ignore_ascii_case(name))
}

fn has(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}
