//! Origins, addresses of servers and paths, as the section has them. Pure: texts to values.

use std::path::PathBuf;

use crate::config::ServerAddress;
use crate::quantity::server_url;

/// The longest path of a socket that the system takes, with the zero behind it.
const SOCKET_PATH_MAX: usize = 107;

/// Scheme, host and port as a browser writes them: lower case, without the scheme's own port.
pub(super) fn origin(text: &str) -> Option<String> {
    let origin = server_url(text).ok()?;
    let (scheme, authority) = origin.split_once("://")?;
    // Nothing may follow the authority, not even the slash that `server_url` cuts.
    if authority.contains('/') || text.ends_with('/') {
        return None;
    }
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(usual).unwrap_or(&authority);
    Some(format!("{scheme}://{authority}"))
}

/// An origin, or all origins below a name.
pub(super) fn ancestor(text: &str) -> Option<String> {
    let Some((scheme, below)) = text.split_once("://*.") else { return origin(text) };
    let below = origin(&format!("{scheme}://{below}"))?;
    Some(below.replacen("://", "://*.", 1))
}

/// A server's address. The error says what is wrong without repeating it.
pub(super) fn server(text: &str) -> Result<ServerAddress, &'static str> {
    if let Some(path) = text.strip_prefix("unix:") {
        let fits = (2..=SOCKET_PATH_MAX).contains(&path.len());
        return match path.starts_with('/') && fits && !path.contains('\0') {
            true => Ok(ServerAddress::Unix(PathBuf::from(path))),
            false => Err("after unix: it has no absolute path of at most 107 bytes"),
        };
    }
    let url = server_url(text)?;
    let has_path = url.split_once("://").is_some_and(|(_, rest)| rest.contains('/'));
    match has_path {
        true => Err("it holds a path; requests keep the path that they come with"),
        false => Ok(ServerAddress::Url(url)),
    }
}

/// A path that every server reads in the same way.
pub(super) fn path(text: &str) -> Option<String> {
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['?', '#', '\\']);
    let is_path = text.starts_with('/') && !text.split('/').any(|part| matches!(part, "." | ".."));
    (is_path && is_plain).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        let cases = [
            ("https://a.example", Some("https://a.example")),
            ("HTTPS://A.Example:443", Some("https://a.example")),
            ("http://a.example:80", Some("http://a.example")),
            ("http://a.example:443", Some("http://a.example:443")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://a.example/", None),
            ("https://a.example/x", None),
            ("https://*.a.example", None),
            ("a.example", None),
            ("ftp://a.example", None),
            ("null", None),
            ("https://u@a.example", None),
        ];
        for (text, expected) in cases {
            assert_eq!(origin(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn ancestors_may_be_all_below_a_name() {
        let cases = [
            ("https://*.A.example", Some("https://*.a.example")),
            ("https://*.a.example:8443", Some("https://*.a.example:8443")),
            ("https://a.example", Some("https://a.example")),
            ("https://*", None),
            ("https://*.", None),
            ("https://*.*.a", None),
            ("*", None),
            ("https://a.example; script-src *", None),
        ];
        for (text, expected) in cases {
            assert_eq!(ancestor(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn servers_have_a_url_or_a_socket() {
        let url = |text: &str| Ok(ServerAddress::Url(text.to_owned()));
        assert_eq!(server("http://127.0.0.1:4000/"), url("http://127.0.0.1:4000"));
        assert_eq!(server("unix:/run/a.sock"), Ok(ServerAddress::Unix("/run/a.sock".into())));
        for refused in ["unix:a.sock", "unix:", "unix:/", "http://a/b", "a:80", "tcp://a"] {
            assert!(server(refused).is_err(), "{refused}");
        }
        assert!(server(&format!("unix:/{}", "a".repeat(107))).is_err());
    }
}
