//! The configured answer, cut to what the call may have, with usage that fits it.

use tollgate_sdk::types::{Event, Failure, FailureKind, FinishReason, Tokens, Usage};

/// Bytes that count as a token.
const TOKEN_BYTES: u64 = 4;

/// The answer's events.
pub(crate) fn answer(
    configured: Option<String>,
    messages_bytes: u64,
    output_cap: Option<Tokens>,
) -> Result<Vec<Event>, Failure> {
    let mut text = configured.ok_or_else(|| Failure {
        kind: FailureKind::InvalidRequest,
        message: "This deployment of the provider `mock` has no `mock_response` to answer with."
            .into(),
        param: None,
        code: None,
    })?;
    let bytes_max = output_cap.map_or(u64::MAX, |cap| cap.saturating_mul(TOKEN_BYTES));
    let kept = text.floor_char_boundary(usize::try_from(bytes_max).unwrap_or(usize::MAX));
    let finish = if kept < text.len() { FinishReason::Length } else { FinishReason::Stop };
    text.truncate(kept);
    let usage = Usage {
        input: tokens(messages_bytes),
        output: tokens(text.len() as u64),
        cached_input: 0,
        cache_write: 0,
        reasoning: 0,
        audio_input: 0,
        audio_output: 0,
    };
    Ok(vec![Event::Text(text), Event::Finish(finish), Event::Usage(usage)])
}

/// What is to be said of an upstream's answer: there is none.
pub(crate) fn never_asked() -> Failure {
    Failure {
        kind: FailureKind::Malformed,
        message: "The provider `mock` has no upstream.".into(),
        param: None,
        code: None,
    }
}

fn tokens(bytes: u64) -> Tokens {
    bytes.div_ceil(TOKEN_BYTES).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str, cap: Option<u64>) -> (String, FinishReason, Usage) {
        match answer(Some(text.into()), 9, cap).unwrap().as_slice() {
            [Event::Text(text), Event::Finish(finish), Event::Usage(usage)] => {
                (text.clone(), *finish, *usage)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_configured_answer_is_given_with_its_usage() {
        let (text, finish, usage) = events("Hello from mock", None);
        assert_eq!((text.as_str(), finish), ("Hello from mock", FinishReason::Stop));
        assert_eq!((usage.input, usage.output), (3, 4));
    }

    #[test]
    fn the_cap_cuts_at_a_character() {
        let (text, finish, usage) = events("aé€𝄞aé€𝄞", Some(2));
        assert_eq!((text.as_str(), finish, usage.output), ("aé€", FinishReason::Length, 2));
        let (text, finish, _) = events("12345678", Some(2));
        assert_eq!((text.as_str(), finish), ("12345678", FinishReason::Stop));
        let (_, finish, _) = events("12345678", Some(u64::MAX));
        assert_eq!(finish, FinishReason::Stop);
    }

    #[test]
    fn an_empty_answer_still_counts_a_token() {
        let (text, finish, usage) = events("", None);
        assert_eq!((text.as_str(), finish, usage.output), ("", FinishReason::Stop, 1));
    }

    #[test]
    fn without_a_configured_answer_the_request_fails() {
        assert_eq!(answer(None, 9, None).unwrap_err().kind, FailureKind::InvalidRequest);
    }
}
