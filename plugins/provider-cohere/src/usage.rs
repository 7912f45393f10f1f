//! What an answer has used.

use tollgate_neutral::{Object, count};
use tollgate_sdk::types::Usage;

/// The member of answers other than chat's that has the usage inside.
pub(crate) const IN_META: &str = "meta";

/// Reads the usage of a chat's answer, or of `meta`. What is billed counts; an answer without that
/// has what went through the model. None if it tells of neither.
pub(crate) fn read(usage: &Object<'_>) -> Option<Usage> {
    let figures = |name| {
        let units = usage.object(name)?;
        let figure = |name| units.get(name).and_then(count);
        let (input, output) = (figure("input_tokens"), figure("output_tokens"));
        input.or(output)?;
        Some((input.unwrap_or(0), output.unwrap_or(0)))
    };
    let (input, output) = figures("billed_units").or_else(|| figures("tokens"))?;
    let cached_input = usage.get("cached_tokens").and_then(count).unwrap_or(0).min(input);
    Some(Usage {
        input,
        output,
        cached_input,
        cache_write: 0,
        reasoning: 0,
        audio_input: 0,
        audio_output: 0,
    })
}

/// The usage in `meta`, given as JSON text.
pub(crate) fn of_meta(meta: &str) -> Option<Usage> {
    read(&Object::parse(meta)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(json: &str) -> Option<[u64; 3]> {
        let usage = of_meta(json)?;
        Some([usage.input, usage.output, usage.cached_input])
    }

    #[test]
    fn what_is_billed_comes_before_what_went_through_the_model() {
        let billed = r#""billed_units":{"input_tokens":5,"output_tokens":7}"#;
        let tokens = r#""tokens":{"input_tokens":71,"output_tokens":9}"#;
        assert_eq!(figures(&format!("{{{billed},{tokens}}}")), Some([5, 7, 0]));
        assert_eq!(figures(&format!(r#"{{{tokens},"cached_tokens":64}}"#)), Some([71, 9, 64]));
        assert_eq!(
            figures(r#"{"billed_units":{"input_tokens":5},"cached_tokens":9}"#),
            Some([5, 0, 5])
        );
    }

    #[test]
    fn searches_are_no_tokens() {
        for json in [r#"{"billed_units":{"search_units":1}}"#, "{}", "7", r#"{"tokens":null}"#] {
            assert_eq!(figures(json), None, "{json}");
        }
    }
}
