//! Failures in words common to all providers.

use tollgate_neutral::{Object, kind_of_status, presentable, wordless};
use tollgate_sdk::types::{Failure, FailureKind};

/// Phrases of a refusal because the input is too long for the model.
const TOO_LONG: [&str; 4] = [
    "prompt is too long",
    "input is too long",
    "exceed context limit",
    "exceeds the maximum context",
];

/// Explains an answer. `error` is the JSON text of its member of that name.
pub(crate) fn failure(status: u16, error: Option<&str>) -> Failure {
    let error = error.and_then(Object::parse).unwrap_or_default();
    said(status, &error)
}

/// Explains an error event of a stream, whose status was 200.
pub(crate) fn event(event: &Object<'_>) -> Failure {
    said(200, &event.object("error").unwrap_or_default())
}

fn said(status: u16, error: &Object<'_>) -> Failure {
    let class = error.text("type");
    let message = error.text("message").filter(|message| !message.is_empty());
    let kind = kind(status, class.as_deref(), message.as_deref().unwrap_or_default());
    let param = message.as_deref().filter(|_| kind == FailureKind::InvalidRequest).and_then(param);
    Failure {
        kind,
        param: param.map(str::to_owned),
        message: message.as_deref().map_or_else(|| wordless(status), presentable),
        code: class.map(|class| class.into_owned()),
    }
}

fn kind(status: u16, class: Option<&str>, message: &str) -> FailureKind {
    match class {
        Some("invalid_request_error") => kind_of_invalid(message),
        Some("authentication_error") => FailureKind::Authentication,
        Some("permission_error" | "billing_error") => FailureKind::Permission,
        Some("not_found_error") => FailureKind::NotFound,
        Some("request_too_large") => FailureKind::InvalidRequest,
        Some("rate_limit_error") => FailureKind::RateLimited,
        Some("api_error" | "timeout_error" | "overloaded_error") => FailureKind::Unavailable,
        Some(_) if status < 400 => FailureKind::Unavailable,
        Some(_) | None => kind_of_status(status),
    }
}

/// Anthropic says several things with one class.
fn kind_of_invalid(message: &str) -> FailureKind {
    if TOO_LONG.iter().any(|phrase| message.contains(phrase)) {
        FailureKind::ContextWindow
    } else if message.contains("content filtering policy") {
        FailureKind::ContentPolicy
    } else if message.contains("credit balance is too low") {
        FailureKind::Permission
    } else {
        FailureKind::InvalidRequest
    }
}

/// The parameter that a message begins with, as in `max_tokens: Field required`.
fn param(message: &str) -> Option<&str> {
    let (param, _) = message.split_once(": ")?;
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    (!param.is_empty() && param.len() <= 100 && param.chars().all(named)).then_some(param)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(status: u16, class: &str, message: &str) -> (FailureKind, Option<String>) {
        let error = format!(r#"{{"type":"{class}","message":"{message}"}}"#);
        let failure = failure(status, Some(&error));
        assert_eq!(failure.message, message);
        assert_eq!(failure.code.as_deref(), Some(class));
        (failure.kind, failure.param)
    }

    #[test]
    fn classes_and_sentences_give_the_kind() {
        let too_long = "prompt is too long: 210000 tokens > 200000 maximum";
        let both = "input length and `max_tokens` exceed context limit: 1 + 2 > 3";
        let filtered = "Output blocked by content filtering policy";
        let broke = "Your credit balance is too low to access the Anthropic API.";
        for (status, class, message, kind) in [
            (400, "invalid_request_error", "No.", FailureKind::InvalidRequest),
            (400, "invalid_request_error", too_long, FailureKind::ContextWindow),
            (400, "invalid_request_error", both, FailureKind::ContextWindow),
            (400, "invalid_request_error", filtered, FailureKind::ContentPolicy),
            (400, "invalid_request_error", broke, FailureKind::Permission),
            (401, "authentication_error", "No.", FailureKind::Authentication),
            (402, "billing_error", "No.", FailureKind::Permission),
            (403, "permission_error", "No.", FailureKind::Permission),
            (404, "not_found_error", "No.", FailureKind::NotFound),
            (413, "request_too_large", "No.", FailureKind::InvalidRequest),
            (429, "rate_limit_error", "No.", FailureKind::RateLimited),
            (500, "api_error", "No.", FailureKind::Unavailable),
            (504, "timeout_error", "No.", FailureKind::Unavailable),
            (529, "overloaded_error", "No.", FailureKind::Unavailable),
            (200, "overloaded_error", "No.", FailureKind::Unavailable),
            (200, "brand_new_error", "No.", FailureKind::Unavailable),
            (429, "brand_new_error", "No.", FailureKind::RateLimited),
        ] {
            assert_eq!(explained(status, class, message).0, kind, "{status} {class} {message}");
        }
    }

    #[test]
    fn the_parameter_at_the_message_s_start_is_named() {
        let named = |message| explained(400, "invalid_request_error", message).1;
        assert_eq!(named("max_tokens: Field required").as_deref(), Some("max_tokens"));
        assert_eq!(
            named("messages.0.content.1.text: too short").as_deref(),
            Some("messages.0.content.1.text")
        );
        assert_eq!(named("It is wrong: really"), None);
        assert_eq!(named("wrong"), None);
    }

    #[test]
    fn an_answer_without_words_keeps_its_status() {
        for error in [None, Some("{}"), Some("7"), Some(r#""no""#)] {
            let failure = failure(503, error);
            assert_eq!(failure.kind, FailureKind::Unavailable);
            assert!(failure.message.contains("503"));
        }
        assert_eq!(event(&Object::default()).kind, FailureKind::Malformed);
    }
}
