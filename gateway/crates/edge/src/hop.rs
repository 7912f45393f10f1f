//! Headers that end here: those of the connection, those that the other side nominates, and, of a
//! request, those that servers behind could take for another or for our word.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::fields::Fields;
use crate::forwarded::TOLD;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Headers of one connection. `transfer-encoding` is written anew where a body is sent on.
const OF_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    KEEP_ALIVE,
    PROXY_CONNECTION,
    HTTP2_SETTINGS,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers whose absence a server could take for something: a client cannot nominate them away.
const KEPT: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    header::FORWARDED,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
];

/// Headers of an answer that protect the client.
const SAFEGUARDS: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_SECURITY_POLICY,
    header::X_FRAME_OPTIONS,
    header::X_CONTENT_TYPE_OPTIONS,
    header::STRICT_TRANSPORT_SECURITY,
    header::SET_COOKIE,
];

/// What a server is told of the connection's own headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// Nothing.
    No,
    /// The client wants to go on as a WebSocket.
    WebSocket,
}

/// Whether this asks to go on as a WebSocket. Other protocols cannot be passed through.
pub(crate) fn upgrade(method: &Method, request: &HeaderMap) -> Upgrade {
    let upgrade = request.get(header::UPGRADE);
    let is_websocket = *method == Method::GET
        && upgrade.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && nominated(request).any(|name| name.eq_ignore_ascii_case(b"upgrade"));
    if is_websocket { Upgrade::WebSocket } else { Upgrade::No }
}

/// Removes what ends here from the copy of a request that goes on. `original` is the request as
/// the client sent it.
pub(crate) fn end_here(request: &mut impl Fields, original: &HeaderMap, upgrade: Upgrade) {
    for name in nominated(original).filter_map(|name| HeaderName::from_bytes(name).ok()) {
        if !is_kept(&name) && request.map().contains_key(&name) {
            request.remove(&name);
        }
    }
    let te = original.get(header::TE).map(HeaderValue::as_bytes);
    // gRPC tells by this that it understands trailers.
    let wants_trailers = te.is_some_and(|te| te.trim_ascii().eq_ignore_ascii_case(b"trailers"));
    if request.map().contains_key(header::TE) || wants_trailers {
        match wants_trailers {
            true => request.set(&header::TE, HeaderValue::from_static("trailers")),
            false => request.remove(&header::TE),
        }
    }
    let ended: Vec<_> = request.map().keys().filter(|name| ends_here(name)).cloned().collect();
    ended.iter().for_each(|name| request.remove(name));
    if upgrade == Upgrade::WebSocket {
        request.set(&header::CONNECTION, HeaderValue::from_static("upgrade"));
        request.set(&header::UPGRADE, HeaderValue::from_static("websocket"));
    }
}

/// Joins what HTTP/2 lets clients take apart: servers of HTTP/1 read one `Cookie`, and no more.
pub(crate) fn join_cookies(request: &mut impl Fields) {
    let cookies: Vec<&[u8]> =
        request.map().get_all(header::COOKIE).into_iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::try_from(cookies.join(&b"; "[..]))
    {
        request.set(&header::COOKIE, joined);
    }
}

/// Has an answer to HTTP/1.0, which knows no chunks, end with the connection. Whether it does.
pub(crate) fn without_chunks(answer: &mut impl Fields) -> bool {
    let is_chunked = answer.map().contains_key(header::TRANSFER_ENCODING);
    if is_chunked {
        answer.remove(&header::TRANSFER_ENCODING);
    }
    is_chunked
}

/// Removes from an upstream's answer what is for the gateway alone. `Connection` itself is written
/// anew for the client.
pub(crate) fn answered_here(answer: &mut impl Fields, status: StatusCode) {
    let nominated: Vec<_> =
        nominated(answer.map()).filter_map(|name| HeaderName::from_bytes(name).ok()).collect();
    for name in nominated {
        let is_needed = name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING;
        let is_policy = SAFEGUARDS.contains(&name);
        if !is_needed && !is_policy && name != header::UPGRADE && answer.map().contains_key(&name) {
            answer.remove(&name);
        }
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION] {
        if answer.map().contains_key(&name) {
            answer.remove(&name);
        }
    }
    // An offer of another protocol is not ours to pass on, but the reason of this status is.
    if status != StatusCode::UPGRADE_REQUIRED && answer.map().contains_key(header::UPGRADE) {
        answer.remove(&header::UPGRADE);
    }
}

/// The names in `Connection`.
fn nominated(request: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let values = request.get_all(header::CONNECTION).into_iter();
    values.flat_map(|value| value.as_bytes().split(|b| *b == b',')).map(<[u8]>::trim_ascii)
}

fn is_kept(name: &HeaderName) -> bool {
    let text = name.as_str();
    KEPT.contains(name)
        || TOLD.contains(name)
        || text.starts_with("x-forwarded")
        || text.starts_with("sec-")
        || text.ends_with("api-key")
}

/// Whether a header of this name goes no further.
fn ends_here(name: &HeaderName) -> bool {
    is_misleading(name) || OF_CONNECTION.contains(name)
}

/// An underscore makes a name that servers with CGI's names take for another; nginx drops such
/// headers as well. Relatives of the names that are set here would be believed like them.
fn is_misleading(name: &HeaderName) -> bool {
    let text = name.as_str();
    text.contains('_') || (text.starts_with("x-forwarded") && !TOLD.contains(name))
}

#[cfg(test)]
mod tests;
