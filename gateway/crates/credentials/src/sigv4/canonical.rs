//! A request in the one form that is signed.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

use super::{Signable, SignatureError, hex};

/// The canonical request.
pub(super) struct Canonical {
    /// The whole text.
    pub(super) text: String,
    /// The names of its headers, sorted, with `;` between them.
    pub(super) signed_headers: String,
}

// === impl Canonical ===

impl Canonical {
    /// Brings a request, with the headers that the signature adds, into the form.
    pub(super) fn of(
        request: &Signable<'_>,
        added: &[(HeaderName, HeaderValue)],
    ) -> Result<Self, SignatureError> {
        let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
        let mut headers = BTreeMap::from([(header::HOST.as_str(), request.authority.to_owned())]);
        for (name, value) in request.headers.iter().chain(added) {
            let text = value.to_str().map_err(|_| SignatureError::Header(name.clone()))?;
            let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            headers
                .entry(name.as_str())
                .and_modify(|all| {
                    all.push(',');
                    all.push_str(&text);
                })
                .or_insert(text);
        }
        let signed_headers = headers.keys().copied().collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, text)| format!("{name}:{text}\n")).collect();
        let text = format!(
            "{}\n{}\n{}\n{lines}\n{signed_headers}\n{}",
            request.method,
            canonical_path(path),
            canonical_query(query),
            hex(&Sha256::digest(request.body)),
        );
        Ok(Self { text, signed_headers })
    }
}

/// The path without `.`, `..` and empty segments, and encoded once more than it is sent.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            other => segments.push(other),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 8);
    for segment in &segments {
        canonical.push('/');
        encode(&mut canonical, segment.as_bytes());
    }
    // A path that ends in a slash, or in a segment that stands for a folder, keeps its slash.
    if segments.is_empty() || path.ends_with(['/']) || path.ends_with("/.") {
        canonical.push('/');
    }
    canonical
}

/// The parameters sorted by name and value, each encoded once.
fn canonical_query(query: &str) -> String {
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (recoded(name), recoded(value))
        })
        .collect();
    parameters.sort();
    let joined = parameters.into_iter().map(|(name, value)| format!("{name}={value}"));
    joined.collect::<Vec<_>>().join("&")
}

/// A text that may be encoded already, encoded exactly once.
fn recoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        match (first, after) {
            (b'%', [high, low, tail @ ..]) if let Some(byte) = from_hex(*high, *low) => {
                bytes.push(byte);
                rest = tail;
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    let mut encoded = String::with_capacity(text.len());
    encode(&mut encoded, &bytes);
    encoded
}

fn from_hex(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

fn encode(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(char::from(*byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_encoded_once_more_and_made_plain() {
        for (sent, canonical) in [
            ("", "/"),
            ("/", "/"),
            ("//", "/"),
            ("/model/a.b-v1%3A0/converse", "/model/a.b-v1%253A0/converse"),
            ("/a:b", "/a%3Ab"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..", "/"),
            ("/../../a/", "/a/"),
            ("/ሴ", "/%E1%88%B4"),
        ] {
            assert_eq!(canonical_path(sent), canonical, "{sent}");
        }
    }

    #[test]
    fn parameters_are_sorted_and_encoded_exactly_once() {
        for (sent, canonical) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=b%2Fc&a=B", "a=B&a=b%2Fc"),
            ("a", "a="),
            ("a=%zz%4", "a=%25zz%254"),
            ("&&a=ሴ&", "a=%E1%88%B4"),
        ] {
            assert_eq!(canonical_query(sent), canonical, "{sent}");
        }
    }
}
