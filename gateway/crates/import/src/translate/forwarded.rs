//! `proxy_set_header`: what the upstream is told, most of which Tollgate tells by itself.

use crate::parser::Directive;

/// Why a header that nginx sets is not set here. None: Tollgate sets it, or passes it on as it is.
pub(crate) fn reason(directive: &Directive) -> Option<String> {
    let name = directive.arg(0).to_ascii_lowercase();
    let value = directive.arg(1);
    let is_satisfied = match name.as_str() {
        "host" => matches!(value, "$host" | "$http_host" | "$host:$server_port" | "$server_name"),
        "x-real-ip" => matches!(value, "$remote_addr" | "$realip_remote_addr"),
        "x-forwarded-for" => matches!(value, "$proxy_add_x_forwarded_for" | "$remote_addr"),
        "x-forwarded-proto" | "x-forwarded-scheme" => matches!(value, "$scheme" | "https"),
        "x-forwarded-host" => matches!(value, "$host" | "$http_host"),
        // What belongs to one connection is Tollgate's to say.
        "connection" | "keep-alive" | "te" | "transfer-encoding" => true,
        "upgrade" => value == "$http_upgrade",
        _ => false,
    };
    // `X-Any $http_x_any` passes a header on, as happens without being said.
    let passes_on = value
        .strip_prefix("$http_")
        .is_some_and(|variable| variable.eq_ignore_ascii_case(&name.replace('-', "_")));
    if is_satisfied || passes_on {
        return None;
    }
    Some(match name.as_str() {
        "host" => "the upstream is told the host that the client asked for".to_owned(),
        "x-real-ip" | "x-forwarded-for" | "x-forwarded-proto" | "x-forwarded-host" => {
            "Tollgate says what it saw itself; see `trusted_proxies` for servers before it"
                .to_owned()
        }
        "accept-encoding" => "the client's own is passed on".to_owned(),
        _ if value.is_empty() => "headers of requests are not removed".to_owned(),
        _ => "no headers are added to requests".to_owned(),
    })
}
