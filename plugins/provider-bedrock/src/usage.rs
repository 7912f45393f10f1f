//! The tokens that an answer says it used.

use tollgate_neutral::{Object, count};
use tollgate_sdk::types::{Tokens, Usage};

/// Reads a `usage`. None unless both totals are there. Bedrock counts tokens of the cache beside the
/// others, and does not count what is thought for itself.
pub(crate) fn usage(wire: &Object<'_>) -> Option<Usage> {
    let figure = |name: &str| wire.get(name).and_then(count);
    let (read, written) = (cached(wire, "cacheRead"), cached(wire, "cacheWrite"));
    Some(Usage {
        input: figure("inputTokens")?.saturating_add(read).saturating_add(written),
        output: figure("outputTokens")?,
        cached_input: read,
        cache_write: written,
        reasoning: 0,
        audio_input: 0,
        audio_output: 0,
    })
}

/// Some models have a longer name for the same figure.
fn cached(wire: &Object<'_>, what: &str) -> Tokens {
    let figure = |end: &str| wire.get(&format!("{what}{end}")).and_then(count);
    figure("InputTokens").or_else(|| figure("InputTokenCount")).unwrap_or(0)
}

/// The usage of a call that has input only.
pub(crate) fn of_input(input: Tokens) -> Usage {
    Usage {
        input,
        output: 0,
        cached_input: 0,
        cache_write: 0,
        reasoning: 0,
        audio_input: 0,
        audio_output: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<[u64; 4]> {
        let usage = usage(&Object::parse(json).unwrap())?;
        Some([usage.input, usage.output, usage.cached_input, usage.cache_write])
    }

    #[test]
    fn the_cache_counts_as_input() {
        for (json, expected) in [
            (r#"{"inputTokens":10,"outputTokens":5,"totalTokens":15}"#, Some([10, 5, 0, 0])),
            (
                r#"{"inputTokens":10,"outputTokens":5,"cacheReadInputTokens":20,
                    "cacheWriteInputTokens":30,"totalTokens":65}"#,
                Some([60, 5, 20, 30]),
            ),
            (
                r#"{"inputTokens":1,"outputTokens":0,"cacheReadInputTokenCount":2}"#,
                Some([3, 0, 2, 0]),
            ),
            (
                r#"{"inputTokens":18446744073709551615,"outputTokens":0,"cacheReadInputTokens":9}"#,
                Some([u64::MAX, 0, 9, 0]),
            ),
            (r#"{"inputTokens":1}"#, None),
            (r#"{"inputTokens":-1,"outputTokens":1}"#, None),
            ("{}", None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
