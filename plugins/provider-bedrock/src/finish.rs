//! Why a model stopped.

use tollgate_sdk::types::FinishReason;

/// What a `stopReason` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The answer is complete.
    Complete(FinishReason),
    /// The model made something that is no answer.
    Broken,
}

/// The whole table. A reason that is not known yet counts as an end like any other: every reason
/// known to leave an answer unfinished is here.
pub(crate) fn end(reason: &str) -> End {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => End::Complete(FinishReason::Length),
        "tool_use" => End::Complete(FinishReason::ToolCalls),
        "guardrail_intervened" | "content_filtered" | "refusal" => {
            End::Complete(FinishReason::ContentFilter)
        }
        "malformed_model_output" | "malformed_tool_use" => End::Broken,
        // `end_turn`, `stop_sequence`.
        _ => End::Complete(FinishReason::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_end() {
        for (reason, expected) in [
            ("end_turn", End::Complete(FinishReason::Stop)),
            ("stop_sequence", End::Complete(FinishReason::Stop)),
            ("max_tokens", End::Complete(FinishReason::Length)),
            ("model_context_window_exceeded", End::Complete(FinishReason::Length)),
            ("tool_use", End::Complete(FinishReason::ToolCalls)),
            ("guardrail_intervened", End::Complete(FinishReason::ContentFilter)),
            ("content_filtered", End::Complete(FinishReason::ContentFilter)),
            ("refusal", End::Complete(FinishReason::ContentFilter)),
            ("malformed_model_output", End::Broken),
            ("malformed_tool_use", End::Broken),
            ("something_new", End::Complete(FinishReason::Stop)),
            ("", End::Complete(FinishReason::Stop)),
        ] {
            assert_eq!(end(reason), expected, "{reason}");
        }
    }
}
