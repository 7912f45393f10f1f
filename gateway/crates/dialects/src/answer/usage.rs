//! Token counts in the shapes of each dialect.

use tollgate_domain::Usage;

use crate::json::{Members, Text, object};

/// OpenAI's completions, with the cache counts that LiteLLM adds.
pub(super) fn openai(usage: &Usage) -> Text {
    let mut prompt = Members::new();
    prompt.put("cached_tokens", &usage.cached_input);
    prompt.put("audio_tokens", &usage.audio_input);
    if usage.cache_write > 0 {
        prompt.put("cache_creation_tokens", &usage.cache_write);
    }
    let completion = object! {
        "reasoning_tokens": usage.reasoning,
        "audio_tokens": usage.audio_output,
    };
    let mut members = Members::new();
    members.put("completion_tokens", &usage.output);
    members.put("prompt_tokens", &usage.input);
    members.put("total_tokens", &usage.input.saturating_add(usage.output));
    members.put("completion_tokens_details", &completion);
    members.put("prompt_tokens_details", &prompt.end());
    if usage.cache_write > 0 {
        members.put("cache_creation_input_tokens", &usage.cache_write);
        members.put("cache_read_input_tokens", &usage.cached_input);
    }
    members.end()
}

/// OpenAI's responses.
pub(super) fn responses(usage: &Usage) -> Text {
    object! {
        "input_tokens": usage.input,
        "input_tokens_details": object! { "cached_tokens": usage.cached_input },
        "output_tokens": usage.output,
        "output_tokens_details": object! { "reasoning_tokens": usage.reasoning },
        "total_tokens": usage.input.saturating_add(usage.output),
    }
}

/// Anthropic's messages, where cached input is counted beside the rest.
pub(super) fn anthropic(usage: &Usage, service_tier: Option<&Text>) -> Text {
    let fresh = usage.input.saturating_sub(usage.cached_input).saturating_sub(usage.cache_write);
    let mut members = Members::new();
    members.put("input_tokens", &fresh);
    members.put("cache_creation_input_tokens", &usage.cache_write);
    members.put("cache_read_input_tokens", &usage.cached_input);
    members.put("output_tokens", &usage.output);
    members.put_some("service_tier", service_tier);
    members.end()
}
