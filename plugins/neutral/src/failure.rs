//! Failures, and providers' words for them made fit to be shown.

use tollgate_sdk::types::{Failure, FailureKind};

/// Characters of a provider's message that are handed on. Enough for any that helps; a provider
/// that answers with a page must not fill a log.
const MESSAGE_CHARS_MAX: usize = 2000;

/// The request is not one that can be carried to the provider; `param` is at fault.
pub fn invalid(param: &str, message: &str) -> Failure {
    Failure {
        kind: FailureKind::InvalidRequest,
        message: message.into(),
        param: Some(param.into()),
        code: None,
    }
}

/// The provider's answer cannot be understood.
pub fn malformed(message: &str) -> Failure {
    Failure { kind: FailureKind::Malformed, message: message.into(), param: None, code: None }
}

/// What a status says where no word says more.
pub fn kind_of_status(status: u16) -> FailureKind {
    match status {
        401 => FailureKind::Authentication,
        403 => FailureKind::Permission,
        404 => FailureKind::NotFound,
        429 => FailureKind::RateLimited,
        408 | 500.. => FailureKind::Unavailable,
        400..500 => FailureKind::InvalidRequest,
        _ => FailureKind::Malformed,
    }
}

/// What is said of an answer that says nothing itself.
pub fn wordless(status: u16) -> String {
    format!("The provider answered with status {status} and no message.")
}

/// A provider's message without what looks like a key, and not too long. Providers repeat the key
/// that they refuse, some of them the whole of it.
pub fn presentable(message: &str) -> String {
    let cut = message.char_indices().nth(MESSAGE_CHARS_MAX).map_or(message.len(), |(at, _)| at);
    let (message, _) = message.split_at_checked(cut).unwrap_or((message, ""));
    let mut pieces = message.split("sk-");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let secret = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*');
        let rest = piece.trim_start_matches(secret);
        // Words such as `task-based` and a bare prefix are no keys.
        let hidden = piece.len() - rest.len() >= 8;
        shown.push_str(if hidden { "sk-..." } else { "sk-" });
        shown.push_str(if hidden { rest } else { piece });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hidden_and_words_are_not() {
        let shown = presentable("Bad key sk-ant-api03-abcdef_123. A task-based sk- plan.");
        assert_eq!(shown, "Bad key sk-.... A task-based sk- plan.");
    }

    #[test]
    fn a_page_is_cut_at_a_character() {
        assert_eq!(presentable(&"é".repeat(5000)), "é".repeat(MESSAGE_CHARS_MAX));
    }

    #[test]
    fn every_status_has_a_kind() {
        for status in 0..=u16::MAX {
            let kind = kind_of_status(status);
            assert_eq!(kind == FailureKind::Malformed, status < 400, "{status}");
        }
    }
}
