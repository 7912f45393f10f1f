//! The way from http to https.

use http::HeaderValue;

use crate::host;

/// Certificate authorities ask for a file below this path over plain HTTP.
const CHALLENGE: &str = "/.well-known/acme-challenge/";

/// Whether a request is answered over plain HTTP all the same.
pub(crate) fn is_excepted(path: &str) -> bool {
    path.starts_with(CHALLENGE)
}

/// The same address over https. None: the host is none.
pub(crate) fn location(host: &str, target: &str) -> Option<HeaderValue> {
    if !host::is_valid(host) {
        return None;
    }
    let name = host::without_port(host).to_ascii_lowercase();
    // No certificate names the root.
    let name = name.strip_suffix('.').filter(|name| !name.is_empty()).unwrap_or(&name);
    let target = if target.starts_with('/') { target } else { "/" };
    HeaderValue::try_from(format!("https://{name}{target}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stays_but_for_scheme_and_port() {
        let cases = [
            ("a.example", "/x?y=%20", Some("https://a.example/x?y=%20")),
            ("A.example:8080", "/", Some("https://a.example/")),
            ("a.example.", "/", Some("https://a.example/")),
            ("[::1]:80", "//evil.example/", Some("https://[::1]//evil.example/")),
            ("a.example", "*", Some("https://a.example/")),
            ("", "/", None),
            ("evil.example/x?", "/", None),
            ("a@evil.example", "/", None),
        ];
        for (host, target, expected) in cases {
            let found = location(host, target);
            assert_eq!(found.as_ref().map(|v| v.to_str().unwrap()), expected, "{host}{target}");
        }
    }

    #[test]
    fn challenges_are_answered_in_the_clear() {
        assert!(is_excepted("/.well-known/acme-challenge/token"));
        assert!(!is_excepted("/.well-known/acme-challenge"));
        assert!(!is_excepted("/x/.well-known/acme-challenge/token"));
    }
}
