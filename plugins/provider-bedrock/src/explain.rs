//! Failures in words common to all providers.

use std::borrow::Cow;

use tollgate_neutral::{Object, kind_of_status, presentable, wordless};
use tollgate_sdk::types::{Failure, FailureKind};

/// The header that names the error.
pub(crate) const ERROR_TYPE: &str = "x-amzn-errortype";

/// What a refused signature's message goes on with: the request as AWS saw it, with the session
/// token in it.
const REQUEST_REPEATED: &str = "The Canonical String";

/// Explains an answer that is no success. `header` is the value of [`ERROR_TYPE`].
pub(crate) fn failure(status: u16, header: Option<&str>, body: &[u8]) -> Failure {
    let body = std::str::from_utf8(body).ok().and_then(Object::parse).unwrap_or_default();
    let named = header.map(Cow::Borrowed).or_else(|| body.text("__type"));
    failed(status, named.as_deref().map(plain), &body)
}

/// Explains an exception in a stream, by its name and its data.
pub(crate) fn exception(name: &str, data: &[u8]) -> Failure {
    let body = std::str::from_utf8(data).ok().and_then(Object::parse).unwrap_or_default();
    failed(200, Some(plain(name)), &body)
}

fn failed(status: u16, name: Option<&str>, body: &Object<'_>) -> Failure {
    let said = ["originalMessage", "message", "Message"]
        .into_iter()
        .find_map(|member| body.text(member).filter(|text| !text.is_empty()));
    let said = said.as_deref().map(|text| text.split(REQUEST_REPEATED).next().unwrap_or_default());
    Failure {
        kind: kind(status, name, said.unwrap_or_default()),
        message: said.map_or_else(|| wordless(status), |text| presentable(text.trim())),
        param: None,
        code: name.map(presentable),
    }
}

/// The name without the namespace before it and the address after it.
fn plain(name: &str) -> &str {
    let name = name.rsplit('#').next().unwrap_or(name);
    name.split(':').next().unwrap_or(name).trim()
}

fn kind(status: u16, name: Option<&str>, message: &str) -> FailureKind {
    let Some(name) = name else { return of_status(status, message) };
    match name.to_ascii_lowercase().as_str() {
        "validationexception" if tells_of_context(message) => FailureKind::ContextWindow,
        "validationexception" | "conflictexception" => FailureKind::InvalidRequest,
        "accessdeniedexception" => FailureKind::Permission,
        "unrecognizedclientexception"
        | "invalidsignatureexception"
        | "expiredtokenexception"
        | "incompletesignatureexception"
        | "missingauthenticationtokenexception"
        | "invalidclienttokenid" => FailureKind::Authentication,
        "resourcenotfoundexception" => FailureKind::NotFound,
        "throttlingexception" | "toomanyrequestsexception" | "servicequotaexceededexception" => {
            FailureKind::RateLimited
        }
        "internalserverexception"
        | "serviceunavailableexception"
        | "modelstreamerrorexception"
        | "modelerrorexception"
        | "modeltimeoutexception"
        | "modelnotreadyexception" => FailureKind::Unavailable,
        _ => of_status(status, message),
    }
}

/// An exception in a stream has the stream's own status.
fn of_status(status: u16, message: &str) -> FailureKind {
    match status {
        ..300 => FailureKind::Unavailable,
        400 if tells_of_context(message) => FailureKind::ContextWindow,
        status => kind_of_status(status),
    }
}

/// Each maker's models have words of their own for a prompt that is too long.
fn tells_of_context(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["input is too long", "prompt is too long", "too many input tokens", "maximum context length"]
        .into_iter()
        .any(|words| message.contains(words))
        || message.contains("exceed") && message.contains("context limit")
}

#[cfg(test)]
mod tests;
