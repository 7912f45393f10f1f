//! The host that a request names. Pure: texts to texts.

use std::net::Ipv6Addr;

/// Whether this is a name or an address, with or without a port, and nothing else.
pub(crate) fn is_valid(host: &str) -> bool {
    let name = without_port(host);
    let port = host.get(name.len()..).unwrap_or_default();
    let is_port = port.len() <= 6 && port != ":";
    let is_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let is_host = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
        None => !name.is_empty() && name.len() <= 253 && name.bytes().all(is_name),
    };
    is_host && is_port
}

/// The host before its port; an IPv6 address keeps its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_addresses() {
        for valid in ["a", "A.example:443", "a_b.example.", "127.0.0.1:1", "[::1]", "[::1]:443"] {
            assert!(is_valid(valid), "{valid}");
        }
        for invalid in ["", ":443", "a:", "a:x", "a:123456", "a/b", "u@a", "::1", "[a]", "a b"] {
            assert!(!is_valid(invalid), "{invalid}");
        }
    }

    #[test]
    fn ports_are_cut() {
        for (host, expected) in [("a:1", "a"), ("a", "a"), ("[::1]:2", "[::1]"), ("[::1]", "[::1]")]
        {
            assert_eq!(without_port(host), expected);
        }
    }
}
