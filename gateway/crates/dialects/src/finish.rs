//! Why models stop, in the words of each dialect. Total both ways.

use tollgate_domain::FinishReason;

/// The reason in OpenAI's chat and text completions.
pub fn openai_finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

/// The reason in Anthropic's messages.
pub fn anthropic_stop_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop => "end_turn",
        FinishReason::Length => "max_tokens",
        FinishReason::ToolCalls => "tool_use",
        FinishReason::ContentFilter => "refusal",
    }
}

/// Why a response of OpenAI's is incomplete; none if it is complete.
pub(crate) fn incomplete_reason(reason: FinishReason) -> Option<&'static str> {
    match reason {
        FinishReason::Length => Some("max_output_tokens"),
        FinishReason::ContentFilter => Some("content_filter"),
        FinishReason::Stop | FinishReason::ToolCalls => None,
    }
}

/// What a word of any dialect means. A word that nobody knows yet ended the answer in some way, so
/// it is a stop.
pub fn finish_reason(word: &str) -> FinishReason {
    match word {
        "length" | "max_tokens" | "max_output_tokens" | "model_context_window_exceeded" => {
            FinishReason::Length
        }
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "content_filter" | "refusal" => FinishReason::ContentFilter,
        _ => FinishReason::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [FinishReason; 4] = [
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ToolCalls,
        FinishReason::ContentFilter,
    ];

    #[test]
    fn every_reason_has_a_word_in_every_dialect_that_means_the_same() {
        for reason in ALL {
            assert_eq!(finish_reason(openai_finish_reason(reason)), reason);
            assert_eq!(finish_reason(anthropic_stop_reason(reason)), reason);
            if let Some(word) = incomplete_reason(reason) {
                assert_eq!(finish_reason(word), reason);
            }
        }
    }

    #[test]
    fn every_documented_word_has_a_meaning() {
        let cases = [
            ("stop", FinishReason::Stop),
            ("end_turn", FinishReason::Stop),
            ("stop_sequence", FinishReason::Stop),
            ("pause_turn", FinishReason::Stop),
            ("model_context_window_exceeded", FinishReason::Length),
            ("function_call", FinishReason::ToolCalls),
            ("refusal", FinishReason::ContentFilter),
            ("something new", FinishReason::Stop),
        ];
        for (word, reason) in cases {
            assert_eq!(finish_reason(word), reason, "{word}");
        }
    }
}
