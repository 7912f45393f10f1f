//! Which members of a body the gateway reads.

use tollgate_domain::Dialect;

/// What is read of each dialect.
pub(super) fn members(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenaiChat => &[
            "model",
            "messages",
            "stream",
            "stream_options",
            "max_tokens",
            "max_completion_tokens",
            "n",
            "user",
        ],
        Dialect::OpenaiCompletions => {
            &["model", "prompt", "stream", "stream_options", "max_tokens", "n", "best_of", "user"]
        }
        Dialect::OpenaiResponses => &[
            "model",
            "input",
            "instructions",
            "stream",
            "max_output_tokens",
            "previous_response_id",
            "conversation",
            "prompt",
        ],
        Dialect::AnthropicMessages | Dialect::AnthropicCountTokens => {
            &["model", "messages", "system", "stream", "max_tokens"]
        }
        Dialect::OpenaiEmbeddings | Dialect::OpenaiModerations => &["model", "input"],
        Dialect::Rerank => &["model", "query", "documents"],
        Dialect::OpenaiImages => &["model", "prompt", "n", "stream"],
        Dialect::OpenaiSpeech => &["model", "input", "stream_format"],
        Dialect::OpenaiTranscriptions => &["model", "prompt", "stream"],
    }
}
