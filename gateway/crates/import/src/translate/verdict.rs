//! What becomes of each directive by its name: read elsewhere, needless, or not taken over and why.

use super::{forwarded, quantity};
use crate::note::Notes;
use crate::parser::Directive;

/// Directives that the other modules read, and report on themselves.
const READ: [&str; 32] = [
    "http",
    "server",
    "location",
    "upstream",
    "listen",
    "server_name",
    "http2",
    "ssl",
    "ssl_certificate",
    "ssl_certificate_key",
    "ssl_client_certificate",
    "ssl_verify_client",
    "ssl_protocols",
    "ssl_ciphers",
    "add_header",
    "proxy_hide_header",
    "more_clear_headers",
    "more_set_headers",
    "server_tokens",
    "proxy_pass",
    "proxy_read_timeout",
    "proxy_connect_timeout",
    "set_real_ip_from",
    "real_ip_recursive",
    "include",
    "set",
    "ssl_reject_handshake",
    "internal",
    "stub_status",
    "fastcgi_pass",
    "grpc_pass",
    "uwsgi_pass",
];

/// Directives whose purpose Tollgate fulfils always, or has no use for.
const NEEDLESS: [&str; 63] = [
    // The process.
    "user",
    "pid",
    "events",
    "worker_processes",
    "worker_connections",
    "worker_rlimit_nofile",
    "worker_cpu_affinity",
    "worker_shutdown_timeout",
    "load_module",
    "daemon",
    "pcre_jit",
    "use",
    "multi_accept",
    "accept_mutex",
    "thread_pool",
    "timer_resolution",
    "lock_file",
    // Sending.
    "sendfile",
    "sendfile_max_chunk",
    "tcp_nopush",
    "tcp_nodelay",
    "aio",
    "directio",
    "output_buffers",
    "postpone_output",
    "reset_timedout_connection",
    "keepalive_timeout",
    "keepalive_requests",
    "keepalive_disable",
    "keepalive_time",
    "send_timeout",
    "client_body_timeout",
    "client_header_timeout",
    "client_body_buffer_size",
    "client_header_buffer_size",
    "large_client_header_buffers",
    "client_body_temp_path",
    "chunked_transfer_encoding",
    // Talking to upstreams.
    "proxy_buffering",
    "proxy_buffers",
    "proxy_buffer_size",
    "proxy_busy_buffers_size",
    "proxy_request_buffering",
    "proxy_max_temp_file_size",
    "proxy_temp_file_write_size",
    "proxy_temp_path",
    "proxy_http_version",
    "proxy_socket_keepalive",
    "proxy_cache_bypass",
    "proxy_no_cache",
    "proxy_ssl_server_name",
    "proxy_ssl_session_reuse",
    "proxy_pass_header",
    "proxy_headers_hash_max_size",
    "proxy_headers_hash_bucket_size",
    "resolver",
    "resolver_timeout",
    // Names and types.
    "types",
    "default_type",
    "charset",
    "log_format",
    "index",
    "etag",
];

/// Beginnings of the names of further such directives.
const NEEDLESS_GROUPS: [&str; 13] = [
    "gzip",
    "brotli",
    "zstd",
    "types_hash_",
    "variables_hash_",
    "server_names_hash_",
    "map_hash_",
    "ssl_session_",
    "ssl_stapling",
    "ssl_prefer_server_ciphers",
    "ssl_dhparam",
    "ssl_ecdh_curve",
    "ssl_trusted_certificate",
];

const PASSWORDS: &str =
    "requests are not let in by it; the routes concerned ask for a key of Tollgate's instead";
const FILES: &str = "no files are served";
const RATES: &str = "rates are limited for each key (`rpm_limit`), not for addresses or paths";

/// Why directives are not taken over.
const REASONS: [(&[&str], &str); 18] = [
    (
        &["auth_basic", "auth_request", "auth_jwt", "auth_digest", "secure_link", "satisfy"],
        PASSWORDS,
    ),
    (&["allow", "deny", "limit_except", "geoip_country", "valid_referers"], PASSWORDS),
    (
        &["auth_basic_user_file", "auth_request_set", "secure_link_md5"],
        "see the directive beside it",
    ),
    (&["root", "alias", "try_files", "autoindex"], FILES),
    (&["limit_req", "limit_req_zone", "limit_req_status", "limit_rate", "limit_rate_after"], RATES),
    (
        &["limit_conn", "limit_conn_zone", "limit_conn_status"],
        "connections are limited for all sites",
    ),
    (&["access_log", "error_log", "rewrite_log"], "Tollgate writes logs of its own"),
    (&["error_page", "proxy_intercept_errors"], "the upstream's own error answers are passed on"),
    (&["rewrite", "sub_filter", "proxy_cookie_path"], "paths and bodies are not rewritten"),
    (
        &["proxy_cookie_domain", "proxy_cookie_flags"],
        "see `cookies` of the site for what can be changed",
    ),
    (&["if"], "conditions are not evaluated; a route that one closed asks for a key"),
    (&["map", "geo", "split_clients"], "there are no variables"),
    (&["stream", "mail"], "only HTTP is served"),
    (
        &["proxy_cache", "proxy_cache_path", "proxy_cache_valid", "proxy_cache_key"],
        "nothing is cached",
    ),
    (&["proxy_send_timeout"], "`read_timeout` and the limits of the gateway bound a request"),
    (&["proxy_next_upstream", "proxy_next_upstream_tries"], "requests to servers are not repeated"),
    (&["return"], "no fixed answers, and no redirects but to HTTPS, are served"),
    (&["http3", "quic_retry", "http3_hq"], "HTTP/3 is not spoken; browsers use HTTP/2 instead"),
];

/// Notes what is not taken over of a block's own directives, except those by which it redirects.
pub(crate) fn account(block: &[Directive], redirecting: &[&Directive], notes: &mut Notes) {
    for directive in block {
        if redirecting.iter().any(|by| std::ptr::eq(*by, directive)) {
            continue;
        }
        // Where a server redirects, certbot puts `return 404` behind; nothing gets there.
        let is_unreached = !redirecting.is_empty() && directive.name == "return";
        if directive.name == "client_max_body_size" {
            note_body(directive, notes);
        } else if let Some(reason) = reason(directive)
            && !is_unreached
        {
            notes.untaken(directive, reason);
        }
    }
}

fn note_body(directive: &Directive, notes: &mut Notes) {
    let hint = match quantity::size(directive.arg(0)) {
        Some(size) => format!("write `body_bytes: {size}` under `limits`, or at a route"),
        None => "no size; see `limits.body_bytes`, which always has a bound".to_owned(),
    };
    notes.taken(directive, hint);
}

fn reason(directive: &Directive) -> Option<String> {
    let name = directive.name.as_str();
    let value = directive.arg(0);
    if READ.contains(&name)
        || NEEDLESS.contains(&name)
        || NEEDLESS_GROUPS.iter().any(|group| name.starts_with(group))
        || name.starts_with("fastcgi_")
    {
        return None;
    }
    match (name, value) {
        ("proxy_set_header", _) => return forwarded::reason(directive),
        ("real_ip_header", _) => return real_ip_header(value),
        ("proxy_redirect", "off" | "default")
        | ("proxy_cache" | "auth_basic" | "auth_request" | "proxy_intercept_errors", "off")
        | ("underscores_in_headers" | "access_log" | "http3" | "proxy_store", "off")
        | ("ignore_invalid_headers" | "proxy_ssl_verify" | "merge_slashes", "on")
        | ("allow", "all")
        | ("log_not_found", _) => return None,
        ("proxy_ssl_verify", _) => {
            return Some("an upstream's certificate is always checked".to_owned());
        }
        ("map", "$http_upgrade") => return None,
        _ => {}
    }
    let known = REASONS.iter().find(|(names, _)| names.contains(&name));
    Some(
        known
            .map_or("it has no counterpart, or is not known here", |(_, reason)| *reason)
            .to_owned(),
    )
}

fn real_ip_header(value: &str) -> Option<String> {
    let known = ["X-Forwarded-For", "proxy_protocol"];
    let is_known = known.iter().any(|known| known.eq_ignore_ascii_case(value));
    (!is_known).then(|| {
        format!(
            "`{value}`: `trusted_proxies` are asked for `X-Forwarded-For` and the PROXY protocol"
        )
    })
}
