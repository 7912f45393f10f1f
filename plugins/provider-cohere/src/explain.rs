//! Failures in words common to all providers.

use std::borrow::Cow;

use tollgate_neutral::{Object, kind_of_status, presentable, wordless};
use tollgate_sdk::types::{Failure, FailureKind};

/// Phrases of a refusal because the input is too long for the model.
const TOO_LONG: [&str; 3] = ["too many tokens", "maximum context length", "exceeds the maximum"];

/// Explains an answer. `message` is the JSON text of its member of that name; Cohere says nothing
/// else.
pub(crate) fn failure(status: u16, message: Option<&str>) -> Failure {
    let message: Option<Cow<'_, str>> = message.and_then(|json| serde_json::from_str(json).ok());
    let message = message.filter(|message| !message.is_empty());
    let too_long = message.as_deref().is_some_and(|message| {
        let message = message.to_ascii_lowercase();
        TOO_LONG.iter().any(|phrase| message.contains(phrase))
    });
    let kind = match status {
        400 | 413 | 422 if too_long => FailureKind::ContextWindow,
        // A token that is not valid, and a request that Cohere takes for given up.
        498 => FailureKind::Authentication,
        499 => FailureKind::Unavailable,
        _ => kind_of_status(status),
    };
    Failure {
        kind,
        message: message.as_deref().map_or_else(|| wordless(status), presentable),
        param: None,
        code: None,
    }
}

/// Explains an answer that ended in a failure, given what has the word `error`.
pub(crate) fn broken(told: &Object<'_>) -> Failure {
    let message = told.text("error").or_else(|| told.text("message"));
    let message = message.as_deref().filter(|message| !message.is_empty());
    Failure {
        kind: FailureKind::Unavailable,
        message: message
            .map_or_else(|| "The provider failed while it answered.".to_owned(), presentable),
        param: None,
        code: told.text("finish_reason").map(Cow::into_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_sentences_give_the_kind() {
        let long = r#""too many tokens: size limit exceeded by 9 tokens.""#;
        for (status, message, kind) in [
            (400, r#""invalid request: no""#, FailureKind::InvalidRequest),
            (400, long, FailureKind::ContextWindow),
            (401, r#""invalid api token""#, FailureKind::Authentication),
            (402, r#""no credit""#, FailureKind::InvalidRequest),
            (403, r#""no""#, FailureKind::Permission),
            (404, r#""model 'x' not found""#, FailureKind::NotFound),
            (422, r#""no""#, FailureKind::InvalidRequest),
            (429, long, FailureKind::RateLimited),
            (498, r#""invalid token""#, FailureKind::Authentication),
            (499, r#""closed""#, FailureKind::Unavailable),
            (500, r#""no""#, FailureKind::Unavailable),
            (504, "7", FailureKind::Unavailable),
        ] {
            assert_eq!(failure(status, Some(message)).kind, kind, "{status} {message}");
        }
    }

    #[test]
    fn an_answer_without_words_keeps_its_status() {
        for message in [None, Some("7"), Some(r#""""#)] {
            assert!(failure(503, message).message.contains("503"));
        }
        assert!(!broken(&Object::default()).message.is_empty());
    }
}
