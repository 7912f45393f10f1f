//! Why a model stopped.

use tollgate_sdk::types::FinishReason;

/// What a finish reason of Gemini's means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The choice is complete.
    Complete(FinishReason),
    /// The model made something that is no answer.
    Broken,
}

/// The whole table. A reason that Google has thought of since counts as an end like any other: what
/// came before it is an answer.
pub(crate) fn end(reason: &str, has_tool_calls: bool) -> End {
    match reason {
        "MAX_TOKENS" => End::Complete(FinishReason::Length),
        "SAFETY"
        | "RECITATION"
        | "LANGUAGE"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "MODEL_ARMOR"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION" => End::Complete(FinishReason::ContentFilter),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE"
        | "IMAGE_OTHER"
        | "NO_IMAGE"
        | "OTHER" => End::Broken,
        _ if has_tool_calls => End::Complete(FinishReason::ToolCalls),
        _ => End::Complete(FinishReason::Stop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every reason of the API's reference.
    const TABLE: [(&str, &str); 21] = [
        ("FINISH_REASON_UNSPECIFIED", "stop"),
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filter"),
        ("RECITATION", "filter"),
        ("LANGUAGE", "filter"),
        ("OTHER", "broken"),
        ("BLOCKLIST", "filter"),
        ("PROHIBITED_CONTENT", "filter"),
        ("SPII", "filter"),
        ("MALFORMED_FUNCTION_CALL", "broken"),
        ("MODEL_ARMOR", "filter"),
        ("IMAGE_SAFETY", "filter"),
        ("IMAGE_PROHIBITED_CONTENT", "filter"),
        ("IMAGE_OTHER", "broken"),
        ("NO_IMAGE", "broken"),
        ("IMAGE_RECITATION", "filter"),
        ("UNEXPECTED_TOOL_CALL", "broken"),
        ("TOO_MANY_TOOL_CALLS", "broken"),
        ("MISSING_THOUGHT_SIGNATURE", "broken"),
        ("MALFORMED_RESPONSE", "broken"),
    ];

    #[test]
    fn every_reason_has_its_end() {
        for (reason, expected) in TABLE {
            let expected = match expected {
                "length" => End::Complete(FinishReason::Length),
                "filter" => End::Complete(FinishReason::ContentFilter),
                "broken" => End::Broken,
                _ => End::Complete(FinishReason::Stop),
            };
            assert_eq!(end(reason, false), expected, "{reason}");
            let with_tools = match expected {
                End::Complete(FinishReason::Stop) => End::Complete(FinishReason::ToolCalls),
                other => other,
            };
            assert_eq!(end(reason, true), with_tools, "{reason}");
        }
    }

    #[test]
    fn a_reason_that_nobody_knows_is_an_end() {
        assert_eq!(end("SOMETHING_NEW", false), End::Complete(FinishReason::Stop));
        assert_eq!(end("", true), End::Complete(FinishReason::ToolCalls));
    }
}
