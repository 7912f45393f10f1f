//! Tollgate's own answers on the wire.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Version, header};
use pingora_core::protocols::http::date::get_cached_date;
use pingora_core::protocols::http::server::Session;
use pingora_core::{Error, ErrorType, OrErr};
use pingora_http::ResponseHeader;

use crate::policy::Policy;

/// No answer of Tollgate's own is to be framed or guessed at, errors included, unless the site says
/// otherwise.
const ALWAYS: [(HeaderName, HeaderValue); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'")),
];

/// Writes an answer that is known whole.
pub(crate) async fn whole(
    session: &mut Session,
    policy: &Policy,
    status: u16,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    body: Bytes,
) -> Result<(), Box<Error>> {
    let mut head = head(session, policy, status, headers)?;
    head.insert_header(header::CONTENT_LENGTH, HeaderValue::from(body.len()))?;
    let bodiless = body.is_empty() || session.req_header().method == http::Method::HEAD;
    session.write_response_header(Box::new(head)).await?;
    if bodiless {
        return session.finish_body().await;
    }
    session.write_response_body(body, true).await
}

/// Begins an answer whose length is not known.
pub(crate) async fn begin(
    session: &mut Session,
    policy: &Policy,
    status: u16,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Result<(), Box<Error>> {
    let mut head = head(session, policy, status, headers)?;
    // HTTP/2 frames by itself; HTTP/1.0 knows the end by the close.
    if session.req_header().version == Version::HTTP_11 {
        head.insert_header(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))?;
    }
    session.write_response_header(Box::new(head)).await
}

fn head(
    session: &Session,
    policy: &Policy,
    status: u16,
    headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
) -> Result<ResponseHeader, Box<Error>> {
    let mut head = ResponseHeader::build_no_case(status, Some(32))
        .or_err(ErrorType::InternalError, "an answer with an impossible status")?;
    head.insert_header(header::DATE, get_cached_date())?;
    for (name, value) in headers {
        head.append_header(name, value)?;
    }
    for (name, value) in ALWAYS {
        head.insert_header(name, value)?;
    }
    policy.apply_to_own(&mut head, session.req_header().headers.get(header::ORIGIN));
    Ok(head)
}
