//! What a client is told when a call does not succeed, in its dialect.

use bytes::Bytes;
use tollgate_domain::{Dialect, Failure, FailureKind};

use crate::json::{Text, object};

/// The parts of an error that go into a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// HTTP status, never a success.
    pub status: u16,
    /// Machine-readable class in OpenAI's words.
    pub kind: String,
    /// What a person needs to put it right.
    pub message: String,
    /// The request parameter at fault.
    pub param: Option<String>,
}

/// The body of an error.
pub fn error_body(dialect: Dialect, fault: &Fault) -> Bytes {
    let text = match dialect {
        Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => anthropic(fault),
        Dialect::OpenaiChat
        | Dialect::OpenaiCompletions
        | Dialect::OpenaiResponses
        | Dialect::OpenaiEmbeddings
        | Dialect::Rerank
        | Dialect::OpenaiModerations
        | Dialect::OpenaiImages
        | Dialect::OpenaiSpeech
        | Dialect::OpenaiTranscriptions => object! { "error": openai(fault) },
    };
    text.into_bytes().into()
}

/// The error object of OpenAI's dialects.
pub(crate) fn openai(fault: &Fault) -> Text {
    object! {
        "message": fault.message,
        "type": fault.kind,
        "param": fault.param,
        "code": fault.status.to_string(),
    }
}

/// A whole error of Anthropic's dialect, in a body or an event.
pub(crate) fn anthropic(fault: &Fault) -> Text {
    let error = object! { "type": anthropic_kind(fault.status), "message": fault.message };
    object! { "type": "error", "error": error }
}

/// Anthropic's classes follow the status.
fn anthropic_kind(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

/// The class in an error of OpenAI's responses.
pub(crate) fn response_code(status: u16) -> &'static str {
    match status {
        429 => "rate_limit_exceeded",
        400..=499 => "invalid_prompt",
        _ => "server_error",
    }
}

/// A provider's name as messages write it: `openai` is `OpenAI`, others get a capital.
pub fn provider_word(provider: &str) -> String {
    if provider == "openai" {
        return "OpenAI".to_owned();
    }
    let mut letters = provider.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

// === impl Fault ===

impl Fault {
    /// What a provider's component made of its provider's answer, in LiteLLM's words. `status` is
    /// the provider's.
    pub fn of_failure(failure: &Failure, provider: &str, status: u16) -> Self {
        let (mapped, kind, name) = class(failure.kind, status);
        let provider = provider_word(provider);
        let doubled = if name == "BadRequestError" { String::new() } else { format!("{name}: ") };
        let message = format!("litellm.{name}: {doubled}{provider}Exception - {}", failure.message);
        Self { status: mapped, kind: kind.to_owned(), message, param: failure.param.clone() }
    }
}

/// Status, class and LiteLLM's name of each kind of failure, as its clients know them.
fn class(kind: FailureKind, status: u16) -> (u16, &'static str, &'static str) {
    match kind {
        FailureKind::InvalidRequest => (400, "invalid_request_error", "BadRequestError"),
        FailureKind::ContextWindow => (400, "invalid_request_error", "ContextWindowExceededError"),
        FailureKind::ContentPolicy => (400, "invalid_request_error", "ContentPolicyViolationError"),
        FailureKind::Authentication => (401, "authentication_error", "AuthenticationError"),
        FailureKind::Permission => (403, "permission_error", "APIError"),
        FailureKind::NotFound => (404, "invalid_request_error", "NotFoundError"),
        FailureKind::RateLimited => (429, "throttling_error", "RateLimitError"),
        FailureKind::Unavailable if status == 503 => {
            (503, "internal_server_error", "ServiceUnavailableError")
        }
        FailureKind::Unavailable => (500, "internal_server_error", "InternalServerError"),
        FailureKind::Malformed => (500, "internal_server_error", "APIConnectionError"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: FailureKind) -> Failure {
        Failure { kind, message: "mock".to_owned(), param: None, code: None }
    }

    #[test]
    fn failures_become_the_statuses_that_clients_know() {
        let cases = [
            (FailureKind::InvalidRequest, 400, 400, "invalid_request_error"),
            (FailureKind::Authentication, 401, 401, "authentication_error"),
            (FailureKind::Permission, 403, 403, "permission_error"),
            (FailureKind::NotFound, 404, 404, "invalid_request_error"),
            (FailureKind::RateLimited, 429, 429, "throttling_error"),
            (FailureKind::Unavailable, 500, 500, "internal_server_error"),
            (FailureKind::Unavailable, 503, 503, "internal_server_error"),
            (FailureKind::Unavailable, 529, 500, "internal_server_error"),
            (FailureKind::Malformed, 200, 500, "internal_server_error"),
        ];
        for (kind, upstream, status, class) in cases {
            let fault = Fault::of_failure(&failure(kind), "openai", upstream);
            assert_eq!((fault.status, fault.kind.as_str()), (status, class), "{kind:?}");
        }
    }

    #[test]
    fn messages_name_the_provider_as_litellm_does() {
        let fault = Fault::of_failure(&failure(FailureKind::RateLimited), "openai", 429);
        assert_eq!(fault.message, "litellm.RateLimitError: RateLimitError: OpenAIException - mock");
        let fault = Fault::of_failure(&failure(FailureKind::InvalidRequest), "anthropic", 400);
        assert_eq!(fault.message, "litellm.BadRequestError: AnthropicException - mock");
    }

    #[test]
    fn each_dialect_has_its_own_envelope() {
        let fault = Fault {
            status: 429,
            kind: "throttling_error".to_owned(),
            message: "slow \"down\"".to_owned(),
            param: None,
        };
        assert_eq!(
            error_body(Dialect::OpenaiChat, &fault),
            r#"{"error":{"message":"slow \"down\"","type":"throttling_error","param":null,"code":"429"}}"#
        );
        assert_eq!(
            error_body(Dialect::AnthropicMessages, &fault),
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"slow \"down\""}}"#
        );
    }
}
