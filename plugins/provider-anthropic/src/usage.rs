//! The `usage` of an answer.

use tollgate_neutral::{Object, count};
use tollgate_sdk::types::{Tokens, Usage};

/// The member of a whole answer, and of a stream's last event but one, that carries usage.
pub(crate) const MEMBER: &str = "usage";

/// The member of a stream's first event that carries it, inside.
pub(crate) const IN_MESSAGE: &str = "message";

/// Nothing used.
pub(crate) const NOTHING: Usage = Usage {
    input: 0,
    output: 0,
    cached_input: 0,
    cache_write: 0,
    reasoning: 0,
    audio_input: 0,
    audio_output: 0,
};

/// Reads a `usage` object. None unless it tells of input or output. Anthropic counts what came
/// from a cache or went into one beside the rest of the input; here the input is all of it.
pub(crate) fn read(usage: &Object<'_>) -> Option<Usage> {
    let figure = |name| usage.get(name).and_then(count);
    let input = figure("input_tokens");
    let output = figure("output_tokens");
    input.or(output)?;
    let cached_input: Tokens = figure("cache_read_input_tokens").unwrap_or(0);
    let cache_write: Tokens = figure("cache_creation_input_tokens").unwrap_or(0);
    let reported = usage.object("output_tokens_details");
    let reasoning = reported.and_then(|details| details.get("thinking_tokens").and_then(count));
    Some(Usage {
        input: input.unwrap_or(0).saturating_add(cached_input).saturating_add(cache_write),
        output: output.unwrap_or(0),
        cached_input,
        cache_write,
        reasoning: reasoning.unwrap_or(0),
        ..NOTHING
    })
}

/// The usage in an answer or an event of a stream, given what its members are as JSON text.
pub(crate) fn observed(member: impl Fn(&str) -> Option<String>) -> Option<Usage> {
    if let Some(usage) = member(MEMBER) {
        return read(&Object::parse(&usage)?);
    }
    read(&Object::parse(&member(IN_MESSAGE)?)?.object(MEMBER)?)
}

/// What two reports of one answer say together: figures only grow.
pub(crate) fn joined(one: Usage, other: Usage) -> Usage {
    Usage {
        input: one.input.max(other.input),
        output: one.output.max(other.output),
        cached_input: one.cached_input.max(other.cached_input),
        cache_write: one.cache_write.max(other.cache_write),
        reasoning: one.reasoning.max(other.reasoning),
        ..NOTHING
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(json: &str) -> Option<[u64; 4]> {
        let usage = read(&Object::parse(json)?)?;
        Some([usage.input, usage.output, usage.cached_input, usage.cache_write])
    }

    #[test]
    fn input_counts_the_cache_in() {
        let json = r#"{"input_tokens":11,"cache_creation_input_tokens":3,
            "cache_read_input_tokens":5,"output_tokens":7,"service_tier":"standard"}"#;
        assert_eq!(figures(json), Some([19, 7, 5, 3]));
        assert_eq!(figures(r#"{"output_tokens":7}"#), Some([0, 7, 0, 0]));
        assert_eq!(
            figures(r#"{"input_tokens":4,"cache_read_input_tokens":null}"#),
            Some([4, 0, 0, 0])
        );
    }

    #[test]
    fn what_counts_nothing_is_no_usage() {
        for json in ["{}", "null", r#"{"input_tokens":-1}"#, r#"{"output_tokens":"7"}"#] {
            assert_eq!(figures(json), None, "{json}");
        }
    }

    #[test]
    fn both_ends_of_a_stream_are_observed_and_joined() {
        let start = observed(|name| {
            let message = r#"{"usage":{"input_tokens":11,"output_tokens":1}}"#;
            (name == IN_MESSAGE).then(|| message.to_owned())
        });
        let end = observed(|name| (name == MEMBER).then(|| r#"{"output_tokens":7}"#.to_owned()));
        let joined = joined(start.unwrap(), end.unwrap());
        assert_eq!((joined.input, joined.output), (11, 7));
        assert!(observed(|_| None).is_none());
        assert!(observed(|name| (name == IN_MESSAGE).then(|| "{}".to_owned())).is_none());
    }
}
