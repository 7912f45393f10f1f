//! `server_name`: the hosts of a site.

use std::net::IpAddr;

use super::scope::Scope;
use crate::note::Notes;
use crate::parser::Directive;

/// The hosts that a server answers, each once. `*` stands for all others.
pub(crate) fn hosts(server: &Scope<'_>, is_default: bool, notes: &mut Notes) -> Vec<String> {
    let mut hosts = Vec::new();
    let mut is_named = false;
    for directive in server.own("server_name") {
        for name in &directive.args {
            is_named = true;
            match host(name) {
                Ok(found) => hosts.extend(found),
                Err(reason) => notes.untaken(directive, format!("`{name}`: {reason}")),
            }
        }
    }
    // A server without a name is reached as a default server only.
    if is_default || !is_named {
        hosts.push("*".to_owned());
    }
    let mut seen = std::collections::HashSet::new();
    hosts.retain(|host| seen.insert(host.clone()));
    hosts
}

/// Whether a server's block makes it the default one of an address.
pub(crate) fn is_default(server: &[Directive]) -> bool {
    let marks = ["default_server", "default"];
    server
        .iter()
        .filter(|directive| directive.name == "listen")
        .any(|listen| listen.args.iter().any(|arg| marks.contains(&arg.as_str())))
}

fn host(name: &str) -> Result<Vec<String>, &'static str> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "_" => return Ok(vec!["*".to_owned()]),
        // Requests without a host, which Tollgate refuses.
        "" => return Ok(Vec::new()),
        "$hostname" => return Err("write this machine's name"),
        _ => {}
    }
    if name.starts_with('~') {
        return Err("hosts are no regular expressions; name them, or use `*.example.com`");
    }
    if let Some(domain) = name.strip_prefix("*.") {
        return if is_host_name(domain) { Ok(vec![name]) } else { Err(WILDCARD) };
    }
    if let Some(domain) = name.strip_prefix('.') {
        let both = || vec![domain.to_owned(), format!("*.{domain}")];
        return if is_host_name(domain) { Ok(both()) } else { Err(WILDCARD) };
    }
    if name.contains('*') {
        return Err(WILDCARD);
    }
    if !name.is_ascii() {
        return Err("write the name as browsers send it, in punycode (`xn--…`)");
    }
    let address = name.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = address.parse::<IpAddr>() {
        return Ok(vec![address.to_string()]);
    }
    if is_host_name(&name) { Ok(vec![name]) } else { Err("no host name") }
}

const WILDCARD: &str = "a wildcard can only stand for the first labels, as in `*.example.com`";

fn is_host_name(text: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}
