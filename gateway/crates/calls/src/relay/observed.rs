//! What is seen of a stream as it passes: usage that the provider reports, and a count of what
//! arrived in case it never does.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;
use tollgate_domain::{Document, Observed, Usage};

/// English text has about four bytes a token; only used where no report came.
const BYTES_PER_TOKEN: u64 = 4;

/// What was seen of a stream so far.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    reported: Option<Usage>,
    /// Output tokens by count: each piece of text is one, or its bytes by four if that is more.
    counted: u64,
    answer_began: bool,
    /// Every choice that was seen has its finish reason.
    pub(crate) finished: bool,
}

#[derive(Deserialize)]
struct Choice<'a> {
    /// What a chunk adds, or the message of a whole answer.
    #[serde(default, borrow, alias = "message")]
    delta: Option<Delta<'a>>,
    #[serde(default)]
    finish_reason: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(default, borrow)]
    content: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    tool_calls: Option<&'a serde_json::value::RawValue>,
}

// === impl Seen ===

impl Seen {
    pub(crate) fn report(&mut self, usage: Usage) {
        self.reported = Some(usage);
    }

    /// Counts a chunk, or a whole answer, of the OpenAI chat dialect. Gives whether it carries choices.
    pub(crate) fn chunk(&mut self, document: &Document) -> bool {
        let Some(text) = document.member("choices") else { return false };
        let Ok(choices) = serde_json::from_str::<Vec<Choice<'_>>>(text) else { return true };
        for choice in &choices {
            self.answer_began = true;
            self.finished |= choice.finish_reason.is_some();
            let Some(delta) = &choice.delta else { continue };
            let tool_calls = delta.tool_calls.map_or(0, |calls| calls.get().len());
            for bytes in [
                delta.content.as_ref().map_or(0, |text| text.len()),
                delta.reasoning_content.as_ref().map_or(0, |text| text.len()),
                tool_calls,
            ] {
                self.counted += u64::from(bytes > 0).max(bytes as u64 / BYTES_PER_TOKEN);
            }
        }
        !choices.is_empty()
    }

    /// What the call used; `prompt_bytes` is the length of its messages.
    pub(crate) fn observed(&self, prompt_bytes: u64) -> Observed {
        match self.reported {
            Some(usage) => Observed::Reported(usage),
            None if self.answer_began => Observed::Estimated(self.estimate(prompt_bytes)),
            None => Observed::Nothing,
        }
    }

    pub(crate) fn estimate(&self, prompt_bytes: u64) -> Usage {
        let input = prompt_bytes.div_ceil(BYTES_PER_TOKEN);
        Usage { input, output: self.counted, ..Usage::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &'static str) -> Document {
        Document::parse(text.as_bytes().into()).unwrap()
    }

    #[test]
    fn pieces_of_text_are_counted_until_a_report_replaces_the_count() {
        let mut seen = Seen::default();
        assert_eq!(seen.observed(40), Observed::Nothing);
        seen.chunk(&document(r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#));
        seen.chunk(&document(r#"{"choices":[{"delta":{"content":"a"}}]}"#));
        seen.chunk(&document(r#"{"choices":[{"delta":{"content":"twelve bytes"}}]}"#));
        let estimate = Usage { input: 10, output: 4, ..Usage::default() };
        assert_eq!(seen.observed(40), Observed::Estimated(estimate));
        assert!(!seen.finished);
        seen.chunk(&document(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#));
        assert!(seen.finished);
        let reported = Usage { input: 1, output: 2, ..Usage::default() };
        seen.report(reported);
        assert_eq!(seen.observed(40), Observed::Reported(reported));
    }

    #[test]
    fn a_whole_answer_without_usage_is_counted_like_a_stream() {
        let mut seen = Seen::default();
        seen.chunk(&document(
            r#"{"choices":[{"message":{"role":"assistant","content":"twelve bytes"}}]}"#,
        ));
        let estimate = Usage { input: 2, output: 3, ..Usage::default() };
        assert_eq!(seen.observed(8), Observed::Estimated(estimate));
    }

    #[test]
    fn a_chunk_without_choices_is_told_apart() {
        let mut seen = Seen::default();
        assert!(!seen.chunk(&document(r#"{"choices":[],"usage":{"x":1}}"#)));
        assert!(!seen.chunk(&document(r#"{"usage":{"x":1}}"#)));
        assert!(seen.chunk(&document(r#"{"choices":[{"delta":{},"finish_reason":null}]}"#)));
        assert!(!seen.finished);
    }
}
