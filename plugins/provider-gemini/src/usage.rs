//! The tokens that an answer says it used.

use tollgate_sdk::types::{Tokens, Usage};

use crate::decode::wire::{ModalityCount, UsageMetadata};

const AUDIO: &str = "AUDIO";

/// The usage in our words. Gemini counts the model's thoughts, and what its own tools put into the
/// prompt, beside the rest; cached tokens are among those of the prompt.
pub(crate) fn usage(wire: &UsageMetadata) -> Usage {
    let sum = |a: Tokens, b: Tokens| a.saturating_add(b);
    Usage {
        input: sum(wire.prompt_token_count, wire.tool_use_prompt_token_count),
        output: sum(wire.candidates_token_count, wire.thoughts_token_count),
        cached_input: wire.cached_content_token_count,
        cache_write: 0,
        reasoning: wire.thoughts_token_count,
        audio_input: audio(wire.prompt_tokens_details.as_deref()),
        audio_output: audio(wire.candidates_tokens_details.as_deref()),
    }
}

fn audio(details: Option<&[ModalityCount]>) -> Tokens {
    let audio = details.unwrap_or_default().iter().filter(|detail| detail.modality == AUDIO);
    audio.fold(0, |sum: Tokens, detail| sum.saturating_add(detail.token_count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> [u64; 7] {
        let usage = usage(&serde_json::from_str(json).unwrap());
        [
            usage.input,
            usage.output,
            usage.cached_input,
            usage.cache_write,
            usage.reasoning,
            usage.audio_input,
            usage.audio_output,
        ]
    }

    #[test]
    fn thoughts_tools_and_sound_are_counted_where_they_belong() {
        let json = r#"{"promptTokenCount":100,"candidatesTokenCount":20,"totalTokenCount":165,
            "thoughtsTokenCount":30,"cachedContentTokenCount":60,"toolUsePromptTokenCount":15,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":60},
                {"modality":"AUDIO","tokenCount":40}],
            "candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":5},{"modality":"NEW"}],
            "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":9}]}"#;
        assert_eq!(read(json), [115, 50, 60, 0, 30, 40, 5]);
    }

    #[test]
    fn absent_figures_are_0_and_absurd_ones_no_overflow() {
        assert_eq!(read("{}"), [0; 7]);
        let most = format!(r#"{{"promptTokenCount":{0},"toolUsePromptTokenCount":{0}}}"#, u64::MAX);
        assert_eq!(read(&most)[0], u64::MAX);
    }
}
