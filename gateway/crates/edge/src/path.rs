//! The path that a server behind may take a request's path for. Pure: texts to texts.

use std::borrow::Cow;

/// The path with escapes resolved, slashes merged and dots followed, as nginx and most servers read
/// it. What leads above the root stays at the root.
pub(crate) fn resolved(path: &str) -> Cow<'_, [u8]> {
    let is_plain = !path.contains(['%', '\\']) && !path.contains("//") && !path.contains("/.");
    if is_plain {
        return Cow::Borrowed(path.as_bytes());
    }
    let text = unescaped(path.as_bytes());
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut ends_open = false;
    for segment in text.split(|b| matches!(b, b'/' | b'\\')) {
        ends_open = matches!(segment, b"" | b"." | b"..");
        match segment {
            b"" | b"." => {}
            b".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    let mut out = vec![b'/'];
    out.extend_from_slice(&segments.join(&b'/'));
    if ends_open && !segments.is_empty() {
        out.push(b'/');
    }
    Cow::Owned(out)
}

/// Whether a target is as servers want it, not as proxies do: a path, or the `*` of `OPTIONS`.
pub(crate) fn is_origin_form(target: &[u8]) -> bool {
    target.starts_with(b"/") || target == b"*"
}

/// A path with its query, from a target in absolute form that may have had no path.
pub(crate) fn rooted(target: &str) -> Cow<'_, str> {
    match target.starts_with('/') {
        true => Cow::Borrowed(target),
        false => Cow::Owned(format!("/{target}")),
    }
}

fn unescaped(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.split_at_checked(2)).flatten();
        let byte = escaped.and_then(|(digits, _)| {
            let digits = std::str::from_utf8(digits).ok()?;
            // A sign is no digit, though the standard library takes one.
            digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
            u8::from_str_radix(digits, 16).ok()
        });
        match (byte, escaped) {
            (Some(byte), Some((_, after))) => {
                out.push(byte);
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_asked_in_origin_form() {
        for (target, expected) in [("/a", true), ("*", true), ("http://a/", false), ("", false)] {
            assert_eq!(is_origin_form(target.as_bytes()), expected, "{target}");
        }
        for (target, expected) in [("/a?b", "/a?b"), ("?b", "/?b"), ("", "/")] {
            assert_eq!(rooted(target), expected);
        }
    }

    #[test]
    fn paths_are_read_as_servers_read_them() {
        let cases = [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("//a///b/", "/a/b/"),
            ("/a/./b/.", "/a/b/"),
            ("/a/../b", "/b"),
            ("/../../b", "/b"),
            ("/a/..", "/"),
            ("/%61/%2e%2E/b", "/b"),
            ("/a%2Fb", "/a/b"),
            ("/a\\..\\b", "/b"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a%", "/a%"),
            ("/a%zz%4", "/a%zz%4"),
            ("/%+1", "/%+1"),
            ("*", "*"),
            ("", ""),
        ];
        for (path, expected) in cases {
            let found = resolved(path);
            assert_eq!(std::str::from_utf8(&found), Ok(expected), "{path}");
        }
        assert!(matches!(resolved("/a/b-c.d"), Cow::Borrowed(_)));
        assert_eq!(resolved("/%ff").as_ref(), b"/\xff");
    }
}
