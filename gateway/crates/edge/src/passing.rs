//! What is changed of a request on its way to a server behind a route, and of the answer on its way
//! back, whichever way the two take.

use std::borrow::Cow;

use http::{HeaderMap, HeaderValue, Version, header};
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;

use crate::compression::{self, Compression};
use crate::context::{Context, host_of};
use crate::fields::Fields;
use crate::hop::{self, Upgrade};
use crate::path;

/// Headers that may be added to a request.
const ADDED: usize = 8;

/// What a server is sent of a client's request over HTTP/1.
///
/// Names of headers are written in lower case, which is the same to HTTP: how each was spelled would
/// have to be kept in a second map.
pub(crate) fn for_server(
    original: &RequestHeader,
    context: &Context,
) -> Result<Box<RequestHeader>> {
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = original.method.clone();
    parts.uri = original.uri.clone();
    parts.headers = HeaderMap::with_capacity(original.headers.len() + ADDED);
    for (name, value) in &original.headers {
        parts.headers.append(name.clone(), value.clone());
    }
    headers_to_server(original, &mut parts.headers, Version::HTTP_11, context);
    let mut request = Box::new(RequestHeader::from(parts));
    if let Some(target) = target_for_server(original) {
        request.set_raw_path(target.as_bytes())?;
    } else if !original.raw_path_is_utf8() {
        request.set_raw_path(original.raw_path())?;
    }
    Ok(request)
}

/// Changes pingora's copy of a client's request into what a server is sent.
pub(crate) fn to_server(
    original: &RequestHeader,
    request: &mut RequestHeader,
    context: &Context,
) -> Result<()> {
    let version = request.version;
    headers_to_server(original, request, version, context);
    match target_for_server(original).filter(|_| version != Version::HTTP_2) {
        Some(target) => request.set_raw_path(target.as_bytes()),
        None => Ok(()),
    }
}

/// `version` is the one that the server is spoken to in.
fn headers_to_server(
    original: &RequestHeader,
    request: &mut impl Fields,
    version: Version,
    context: &Context,
) {
    let upgrade = match (original.version, version) {
        (Version::HTTP_11, Version::HTTP_11) => hop::upgrade(&original.method, &original.headers),
        _ => Upgrade::No,
    };
    hop::end_here(request, &original.headers, upgrade);
    if version != Version::HTTP_2 {
        // Over HTTP/1 it would have to be nominated, and trailers are not passed on.
        request.remove(&header::TE);
        if original.version == Version::HTTP_2 {
            hop::join_cookies(request);
        }
    }
    if original.version == Version::HTTP_10 {
        // Its sender understands no interim answer, so it cannot have asked for one.
        request.remove(&header::EXPECT);
    }
    if let Some(client) = &context.client {
        client.tell(context.peer, request);
    }
    let names_another = original.version == Version::HTTP_2 && version != Version::HTTP_2;
    if (names_another || !original.headers.contains_key(header::HOST))
        && let Ok(host) = HeaderValue::from_str(host_of(original))
    {
        request.set(&header::HOST, host);
    }
    context.policy.apply_to_request(&original.method, request);
}

/// A target with a host in it is for proxies; a server behind could take that host for the
/// request's, or the whole for a path.
fn target_for_server(original: &RequestHeader) -> Option<Cow<'_, str>> {
    if path::is_origin_form(original.raw_path()) {
        return None;
    }
    let target = original.uri.path_and_query().map_or("/", |target| target.as_str());
    Some(path::rooted(target))
}

/// The request took longer than any may; `source` is the side that is waited for.
pub(crate) fn overdue(source: ErrorSource) -> Box<Error> {
    let mut error = Error::explain(ErrorType::ReadTimedout, "the request's time is over");
    error.esource = source;
    error
}

/// Changes a server's answer into what the client is sent.
pub(crate) fn to_client(session: &mut Session, answer: &mut ResponseHeader, context: &Context) {
    if answer.status.is_informational() {
        return;
    }
    // The version is that of a connection, as are its headers: a server's HTTP/1.0 says nothing
    // of this one.
    answer.set_version(Version::HTTP_11);
    hop::answered_here(answer, answer.status);
    if session.req_header().version == Version::HTTP_10 && hop::without_chunks(answer) {
        session.set_keepalive(None);
    }
    if context.policy.compression {
        let fits = compression::fits(answer.status, &answer.headers);
        let module = session.downstream_modules_ctx.get_mut::<Compression>();
        if fits {
            compression::tell_caches(answer);
        } else if let Some(module) = module {
            module.switch_off();
        }
    }
    let origin = session.req_header().headers.get(header::ORIGIN);
    context.policy.apply_to_upstreams(answer, origin);
}
