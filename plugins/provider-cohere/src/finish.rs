//! Why a model stopped.

use tollgate_sdk::types::FinishReason;

/// What a `finish_reason` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The answer is complete.
    Complete(FinishReason),
    /// The provider failed while it answered.
    Failed,
}

/// Cohere's `finish_reason`. A word that is not known yet says that the model came to an end: every
/// reason known to leave an answer unfinished is here.
pub(crate) fn ending(finish_reason: &str) -> Ending {
    match finish_reason {
        "MAX_TOKENS" => Ending::Complete(FinishReason::Length),
        "TOOL_CALL" => Ending::Complete(FinishReason::ToolCalls),
        "ERROR_TOXIC" => Ending::Complete(FinishReason::ContentFilter),
        "ERROR" | "TIMEOUT" | "ERROR_LIMIT" | "USER_CANCEL" => Ending::Failed,
        // `COMPLETE`, `STOP_SEQUENCE`.
        _ => Ending::Complete(FinishReason::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_word() {
        for (word, expected) in [
            ("COMPLETE", Ending::Complete(FinishReason::Stop)),
            ("STOP_SEQUENCE", Ending::Complete(FinishReason::Stop)),
            ("MAX_TOKENS", Ending::Complete(FinishReason::Length)),
            ("TOOL_CALL", Ending::Complete(FinishReason::ToolCalls)),
            ("ERROR_TOXIC", Ending::Complete(FinishReason::ContentFilter)),
            ("ERROR", Ending::Failed),
            ("TIMEOUT", Ending::Failed),
            ("ERROR_LIMIT", Ending::Failed),
            ("USER_CANCEL", Ending::Failed),
            ("SOMETHING_NEW", Ending::Complete(FinishReason::Stop)),
            ("", Ending::Complete(FinishReason::Stop)),
        ] {
            assert_eq!(ending(word), expected, "{word}");
        }
    }
}
