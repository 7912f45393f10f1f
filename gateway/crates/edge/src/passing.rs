//! What is changed of a request on its way to a server behind a route, and of the answer on its way
//! back, whichever way the two take.

use http::{Version, header};
use pingora_core::{Error, ErrorSource, ErrorType, Result};
use pingora_http::{RequestHeader, ResponseHeader};
use pingora_proxy::Session;

use crate::compression::{self, Compression};
use crate::context::{Context, host_of};
use crate::hop::{self, Upgrade};
use crate::path;

/// A copy of a client's request for a server that speaks HTTP/1.
pub(crate) fn copied(original: &RequestHeader) -> Result<Box<RequestHeader>> {
    let mut request = Box::new(original.clone());
    if original.version == Version::HTTP_2 {
        request.insert_header(header::HOST, host_of(original))?;
    }
    request.set_version(Version::HTTP_11);
    Ok(request)
}

/// Changes a copy of a client's request into what a server is sent.
pub(crate) fn to_server(
    original: &RequestHeader,
    request: &mut RequestHeader,
    context: &Context,
) -> Result<()> {
    let upgrade = match (original.version, request.version) {
        (Version::HTTP_11, Version::HTTP_11) => hop::upgrade(&original.method, &original.headers),
        _ => Upgrade::No,
    };
    hop::end_here(request, &original.headers, upgrade);
    if request.version != Version::HTTP_2 {
        // Over HTTP/1 it would have to be nominated, and trailers are not passed on.
        request.remove_header(&header::TE);
        if original.version == Version::HTTP_2 {
            hop::join_cookies(request);
        }
    }
    if original.version == Version::HTTP_10 {
        // Its sender understands no interim answer, so it cannot have asked for one.
        request.remove_header(&header::EXPECT);
    }
    if let Some(client) = &context.client {
        client.tell(context.peer, request);
    }
    if !original.headers.contains_key(header::HOST) {
        request.insert_header(header::HOST, host_of(original))?;
    }
    // A target with a host in it is for proxies; a server behind could take that host for the
    // request's, or the whole for a path.
    if request.version != Version::HTTP_2 && !path::is_origin_form(original.raw_path()) {
        let target = original.uri.path_and_query().map_or("/", |target| target.as_str());
        request.set_raw_path(path::rooted(target).as_bytes())?;
    }
    context.policy.apply_to_request(&original.method, request);
    Ok(())
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
