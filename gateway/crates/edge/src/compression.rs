//! Which answers of upstreams are compressed: texts that are no stream, for clients that ask for it.

mod module;

use http::{HeaderMap, HeaderValue, StatusCode, header};

use crate::fields::{Fields, vary};

pub(crate) use self::module::Compression;

/// Gzip's, Brotli's and Zstandard's levels, where more costs much and gains little.
const LEVEL: u32 = 4;

/// Below this the framing eats what is gained.
const BYTES_MIN: u64 = 256;

/// Types whose pages and scripts arrive whole even when their length is not known.
const DOCUMENTS: [&str; 9] = [
    "text/html",
    "text/css",
    "text/javascript",
    "text/xml",
    "application/javascript",
    "application/xhtml+xml",
    "application/xml",
    "application/manifest+json",
    "image/svg+xml",
];

/// Types that are also used for streams, whose pieces must not wait: only with a length.
const DATA: [&str; 5] =
    ["application/json", "text/plain", "text/csv", "application/wasm", "application/problem+json"];

/// Codings that answers are written in.
const CODINGS: [&[u8]; 3] = [b"gzip", b"br", b"zstd"];

/// Whether the client asks for it. One that refuses a coding by `q=0` gets none: the library that
/// compresses does not weigh them.
pub(crate) fn is_asked_for(request: &HeaderMap) -> bool {
    let Some(value) = request.get(header::ACCEPT_ENCODING) else { return false };
    let mut items = value.as_bytes().split(|b| *b == b',');
    let is_ours = |item: &[u8]| {
        let coding = item.split(|b| *b == b';').next().unwrap_or_default().trim_ascii();
        CODINGS.iter().any(|ours| coding.eq_ignore_ascii_case(ours))
    };
    if !items.any(is_ours) {
        return false;
    }
    let refuses = |item: &[u8]| {
        let mut parts = item.split(|b| *b == b';').map(<[u8]>::trim_ascii).skip(1);
        parts.any(is_zero_weight)
    };
    !value.as_bytes().split(|b| *b == b',').any(refuses)
}

/// Whether an answer is worth it and may be changed.
pub(crate) fn fits(status: StatusCode, answer: &HeaderMap) -> bool {
    let is_partial = status == StatusCode::PARTIAL_CONTENT;
    if is_partial || answer.contains_key(header::CONTENT_ENCODING) || forbids_change(answer) {
        return false;
    }
    let content_type = text(answer.get(header::CONTENT_TYPE));
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let is_among = |kinds: &[&str]| kinds.iter().any(|known| known.eq_ignore_ascii_case(kind));
    let length = text(answer.get(header::CONTENT_LENGTH)).parse::<u64>();
    match length {
        Ok(length) => length >= BYTES_MIN && (is_among(&DOCUMENTS) || is_among(&DATA)),
        Err(_) => is_among(&DOCUMENTS),
    }
}

/// Tells caches that another client may get another form of this answer.
pub(crate) fn tell_caches(answer: &mut impl Fields) {
    vary(answer, &header::ACCEPT_ENCODING, HeaderValue::from_static("Accept-Encoding"));
}

fn forbids_change(answer: &HeaderMap) -> bool {
    let values = answer.get_all(header::CACHE_CONTROL).iter();
    let mut words = values.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
}

fn is_zero_weight(part: &[u8]) -> bool {
    let weight = part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q="));
    weight.is_some_and(|weight| weight.iter().all(|b| matches!(b, b'0' | b'.')))
}

fn text(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_weighs_codings_to_nothing_gets_none() {
        let cases = [
            (None, false),
            (Some("identity"), false),
            (Some("deflate, *"), false),
            (Some("gzip"), true),
            (Some("identity, BR"), true),
            (Some("gzip, deflate, br, zstd"), true),
            (Some("br;q=1.0, gzip;q=0.8, *;q=0.1"), true),
            (Some("gzip;q=0"), false),
            (Some("br, gzip; q=0.000"), false),
        ];
        for (sent, expected) in cases {
            let mut request = HeaderMap::new();
            if let Some(sent) = sent {
                request.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(sent));
            }
            assert_eq!(is_asked_for(&request), expected, "{sent:?}");
        }
    }

    #[test]
    fn streams_and_what_is_small_or_packed_already_pass() {
        let (kind, length) = (header::CONTENT_TYPE, header::CONTENT_LENGTH);
        let html = (kind.clone(), "text/html; charset=utf-8");
        let json = (kind.clone(), "Application/JSON");
        let long = (length.clone(), "4096");
        let cases = [
            (vec![html.clone()], true),
            (vec![html.clone(), long.clone()], true),
            (vec![html.clone(), (length, "255")], false),
            (vec![json.clone(), long.clone()], true),
            (vec![json], false),
            (vec![(kind.clone(), "text/event-stream"), long.clone()], false),
            (vec![(kind.clone(), "application/grpc")], false),
            (vec![(kind, "image/png"), long.clone()], false),
            (vec![html.clone(), (header::CONTENT_ENCODING, "br")], false),
            (vec![html, long, (header::CACHE_CONTROL, "private, No-Transform")], false),
            (vec![], false),
        ];
        for (sent, expected) in cases {
            let pairs = sent.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v)));
            let answer: HeaderMap = pairs.collect();
            assert_eq!(fits(StatusCode::OK, &answer), expected, "{sent:?}");
            assert!(!fits(StatusCode::PARTIAL_CONTENT, &answer), "{sent:?}");
        }
    }
}
