//! `proxy_pass`: the servers of a route.

use super::location::Location;
use super::scope::Scope;
use super::upstream::Upstreams;
use crate::parser::Directive;

/// Ports at which the deployment guides have LiteLLM or Tollgate.
const LITELLM_PORTS: [&str; 2] = ["4000", "24157"];

/// The servers that a `proxy_pass` leads to, as URLs, or why there are none.
pub(crate) fn servers(
    pass: &Directive,
    location: &Location<'_>,
    upstreams: &Upstreams<'_>,
) -> Result<Vec<String>, String> {
    let url = without_variables(pass.arg(0), &location.scope)?;
    let (scheme, rest) = url.split_once("://").ok_or("expected http:// or https://")?;
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("expected http:// or https://".to_owned());
    }
    let (server, uri) = split(rest);
    if let Some(uri) = uri
        && uri != location.path
    {
        return Err(format!(
            "it puts `{uri}` in the place of `{}`, and routes do not rewrite paths; have the \
             server answer under `{}`",
            location.path, location.path
        ));
    }
    let addresses = match upstreams.get(server) {
        Some(addresses) => addresses.clone(),
        None => vec![server.to_owned()],
    };
    if addresses.is_empty() {
        return Err(format!("the upstream `{server}` has no server that could be taken over"));
    }
    match addresses.iter().find(|address| !is_address(address)) {
        Some(wrong) => Err(format!("`{wrong}` is no host and port")),
        None => Ok(addresses.iter().map(|address| format!("{scheme}://{address}")).collect()),
    }
}

/// Whether a server is the LiteLLM that Tollgate stands in for, or Tollgate's own plain listener.
pub(crate) fn is_litellm_here(url: &str) -> bool {
    let Some((host, port)) = url.strip_prefix("http://").and_then(|rest| rest.rsplit_once(':'))
    else {
        return false;
    };
    matches!(host, "127.0.0.1" | "localhost" | "[::1]") && LITELLM_PORTS.contains(&port)
}

/// Whether a text is `host`, `host:port` or `unix:/path`.
pub(crate) fn is_address(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    if let Some(path) = text.strip_prefix("unix:") {
        return path.starts_with('/') && path.bytes().all(|b| is_plain(b) || b == b'/');
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let v6 = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_host = match v6 {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_plain),
    };
    is_host && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// The server and the URI, if there is one, of what follows the scheme.
fn split(rest: &str) -> (&str, Option<&str>) {
    let server_bytes = match rest.strip_prefix("unix:") {
        // The path of a socket ends at a colon.
        Some(path) => path.find(':').map(|colon| "unix:".len() + colon),
        None => rest.find('/'),
    };
    let Some((server, uri)) = server_bytes.and_then(|at| rest.split_at_checked(at)) else {
        return (rest, None);
    };
    let uri = uri.strip_prefix(':').unwrap_or(uri);
    (server, Some(uri).filter(|uri| !uri.is_empty()))
}

/// A URL with the values of variables that `set` gives one fixed value. `$request_uri` at the end
/// says what a route does anyway.
fn without_variables(url: &str, scope: &Scope<'_>) -> Result<String, String> {
    let mut url = url.strip_suffix("$request_uri").unwrap_or(url).to_owned();
    for set in scope.all("set") {
        let (variable, value) = (set.arg(0), set.arg(1));
        if variable.len() > 1 && !value.contains('$') {
            let name = variable.trim_start_matches('$');
            url = url.replace(&format!("${{{name}}}"), value).replace(variable, value);
        }
        // A value can name no variable, so this ends; but it may repeat a long value.
        if url.len() > 1000 {
            return Err("its variables make it too long".to_owned());
        }
    }
    if url.contains('$') {
        return Err("its variables are known to nginx only; name the server".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::{is_address, is_litellm_here, split};

    #[test]
    fn the_uri_begins_where_the_server_ends() {
        assert_eq!(split("h:1"), ("h:1", None));
        assert_eq!(split("h:1/"), ("h:1", Some("/")));
        assert_eq!(split("h/v1/"), ("h", Some("/v1/")));
        assert_eq!(split("unix:/run/x.sock"), ("unix:/run/x.sock", None));
        assert_eq!(split("unix:/run/x.sock:/v1/"), ("unix:/run/x.sock", Some("/v1/")));
        assert_eq!(split("unix:/run/x.sock:"), ("unix:/run/x.sock", None));
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        for text in ["h", "h:80", "10.0.0.1:8080", "[::1]:80", "[::1]", "unix:/run/x.sock"] {
            assert!(is_address(text), "{text}");
        }
        for text in ["", ":80", "h:", "h:0", "h:99999", "a b", "u@h", "[::1", "unix:x", "h:8:0"] {
            assert!(!is_address(text), "{text}");
        }
    }

    #[test]
    fn only_this_machines_litellm_is_ones_own() {
        assert!(is_litellm_here("http://127.0.0.1:24157"));
        assert!(is_litellm_here("http://localhost:4000") && is_litellm_here("http://[::1]:4000"));
        assert!(!is_litellm_here("http://127.0.0.1:8080"));
        assert!(!is_litellm_here("http://litellm:4000"));
        assert!(!is_litellm_here("https://127.0.0.1:4000") && !is_litellm_here("http://h"));
    }
}
