//! Responses, and the two forms in which LiteLLM's clients expect errors.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use tollgate_domain::Denial;

const JSON: &str = "application/json";

/// A response, for the edge to send with its own headers added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminResponse {
    /// HTTP status.
    pub status: u16,
    /// Headers of its own, beside the content type and length.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Bytes,
    /// Its media type.
    pub content_type: &'static str,
}

/// An error in the form `{"error": …}`.
pub(crate) struct Failure<'a> {
    pub(crate) status: u16,
    pub(crate) message: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) param: Option<&'a str>,
}

/// The answer where no route is.
pub fn not_found() -> AdminResponse {
    detail(404, json!("Not Found"))
}

/// The answer where a route is for another method only.
pub fn method_not_allowed(allow: &'static str) -> AdminResponse {
    detail(405, json!("Method Not Allowed")).with_header("allow", allow.to_owned())
}

/// An error in FastAPI's form.
pub(crate) fn detail(status: u16, detail: Value) -> AdminResponse {
    AdminResponse::json(status, &json!({ "detail": detail }))
}

/// One mistake in a request, in FastAPI's form.
pub(crate) fn mistake(kind: &str, loc: Value, msg: &str) -> Value {
    json!({ "type": kind, "loc": loc, "msg": msg })
}

// === impl AdminResponse ===

impl AdminResponse {
    /// JSON.
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        // What this crate writes is made of JSON values, whose writing cannot fail.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { status, headers: Vec::new(), body: body.into(), content_type: JSON }
    }

    /// The answer to a request that a component refused.
    pub fn denial(denial: &Denial) -> Self {
        let Denial { status, kind, message, param, .. } = denial;
        Failure { status: *status, message, kind, param: param.as_deref() }.into()
    }

    /// Text of another type.
    pub(crate) fn text(content_type: &'static str, body: String) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), content_type }
    }

    /// With a header more.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

// === impl Failure ===

impl From<Failure<'_>> for AdminResponse {
    fn from(failure: Failure<'_>) -> Self {
        let Failure { status, message, kind, param } = failure;
        let code = status.to_string();
        let error = json!({ "message": message, "type": kind, "param": param, "code": code });
        Self::json(status, &json!({ "error": error }))
    }
}
