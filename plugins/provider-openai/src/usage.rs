//! The `usage` of an answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_sdk::types::{Tokens, Usage};

/// The top-level member of an answer that carries the usage.
pub(crate) const MEMBER: &str = "usage";

/// Members are kept as text: one of a wrong type must not take the others with it.
#[derive(Deserialize)]
struct WireUsage<'a> {
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_tokens_details: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens_details: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct WireDetails<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    audio_tokens: Option<&'a RawValue>,
}

/// Reads the usage. None unless both totals are whole numbers that are not negative; details that
/// are anything else count as 0.
pub(crate) fn parse(text: &str) -> Option<Usage> {
    let wire: WireUsage<'_> = serde_json::from_str(text).ok()?;
    let input = details(wire.prompt_tokens_details);
    let output = details(wire.completion_tokens_details);
    Some(Usage {
        input: count(wire.prompt_tokens)?,
        output: count(wire.completion_tokens)?,
        cached_input: count(input.cached_tokens).unwrap_or(0),
        cache_write: 0,
        reasoning: count(output.reasoning_tokens).unwrap_or(0),
        audio_input: count(input.audio_tokens).unwrap_or(0),
        audio_output: count(output.audio_tokens).unwrap_or(0),
    })
}

fn details(raw: Option<&RawValue>) -> WireDetails<'_> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

fn count(raw: Option<&RawValue>) -> Option<Tokens> {
    raw?.get().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(text: &str) -> Option<[u64; 5]> {
        let usage = parse(text)?;
        Some([usage.input, usage.output, usage.cached_input, usage.cache_write, usage.reasoning])
    }

    #[test]
    fn totals_and_details_are_read() {
        let text = r#"{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12,
            "prompt_tokens_details":{"cached_tokens":4,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":2,"new":[1]}}"#;
        assert_eq!(figures(text), Some([9, 3, 4, 0, 2]));
    }

    #[test]
    fn details_may_be_absent_null_or_of_another_type() {
        for details in [
            "",
            r#","prompt_tokens_details":null"#,
            r#","prompt_tokens_details":7,"completion_tokens_details":"x""#,
            r#","prompt_tokens_details":{"cached_tokens":null}"#,
            r#","prompt_tokens_details":{"cached_tokens":-1}"#,
            r#","completion_tokens_details":{"reasoning_tokens":1.5}"#,
        ] {
            let text = format!(r#"{{"prompt_tokens":9,"completion_tokens":3{details}}}"#);
            assert_eq!(figures(&text), Some([9, 3, 0, 0, 0]), "{text}");
        }
    }

    #[test]
    fn totals_that_are_no_counts_are_no_usage() {
        for text in [
            "null",
            "7",
            "[]",
            "{}",
            "{",
            r#"{"prompt_tokens":9}"#,
            r#"{"prompt_tokens":9,"completion_tokens":null}"#,
            r#"{"prompt_tokens":-9,"completion_tokens":3}"#,
            r#"{"prompt_tokens":"9","completion_tokens":3}"#,
            r#"{"prompt_tokens":9,"completion_tokens":3.5}"#,
            r#"{"prompt_tokens":9,"completion_tokens":99999999999999999999}"#,
        ] {
            assert_eq!(figures(text), None, "{text}");
        }
    }
}
