//! The usage of an answer, in the words of each of OpenAI's dialects and of servers that are like
//! it.

use serde::Deserialize;
use serde_json::value::RawValue;
use tollgate_sdk::types::{Tokens, Usage};

/// The top-level member of an answer that carries the usage.
pub(crate) const MEMBER: &str = "usage";
/// The member of a response's events that carries the response, its usage within.
pub(crate) const RESPONSE: &str = "response";

/// Members are kept as text: one of a wrong type must not take the others with it.
#[derive(Deserialize)]
struct WireUsage<'a> {
    #[serde(borrow, alias = "input_tokens")]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow, alias = "output_tokens")]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tokens: Option<&'a RawValue>,
    #[serde(borrow, alias = "input_tokens_details", alias = "input_token_details")]
    prompt_tokens_details: Option<&'a RawValue>,
    #[serde(borrow, alias = "output_tokens_details")]
    completion_tokens_details: Option<&'a RawValue>,
    /// DeepSeek's word.
    #[serde(borrow)]
    prompt_cache_hit_tokens: Option<&'a RawValue>,
    /// The word of gateways that have it from Anthropic.
    #[serde(borrow)]
    cache_creation_input_tokens: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct WireDetails<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    #[serde(borrow, alias = "cache_creation_tokens")]
    cache_write_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    audio_tokens: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireResponse<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

/// The usage of an answer or of an event, whose members `member` gives.
pub(crate) fn of(member: impl Fn(&str) -> Option<String>) -> Option<Usage> {
    if let Some(used) = member(MEMBER).and_then(|text| parse(&text)) {
        return Some(used);
    }
    let response = member(RESPONSE)?;
    let response: WireResponse<'_> = serde_json::from_str(&response).ok()?;
    parse(response.usage?.get())
}

/// Reads the usage. None unless both totals are whole numbers that are not negative; details that
/// are anything else count as 0. What has no output says how much it was in all.
pub(crate) fn parse(text: &str) -> Option<Usage> {
    let wire: WireUsage<'_> = serde_json::from_str(text).ok()?;
    let details = |raw: Option<&'_ RawValue>| {
        let text = raw.map_or("{}", RawValue::get).to_owned();
        Details::parse(&text)
    };
    let of_input = details(wire.prompt_tokens_details);
    let of_output = details(wire.completion_tokens_details);
    let (input, output) = match (wire.prompt_tokens, wire.completion_tokens) {
        (None, None) => (count(wire.total_tokens)?, 0),
        (Some(input), None) => {
            let input = count(Some(input))?;
            (input, count(wire.total_tokens)?.saturating_sub(input))
        }
        (input, output) => (count(input)?, count(output)?),
    };
    let cached = of_input.cached.or(count(wire.prompt_cache_hit_tokens));
    let written = of_input.written.or(count(wire.cache_creation_input_tokens));
    Some(Usage {
        input,
        output,
        cached_input: cached.unwrap_or(0),
        cache_write: written.unwrap_or(0),
        reasoning: of_output.reasoning.unwrap_or(0),
        audio_input: of_input.audio.unwrap_or(0),
        audio_output: of_output.audio.unwrap_or(0),
    })
}

/// The parts of a total.
#[derive(Default)]
struct Details {
    cached: Option<Tokens>,
    written: Option<Tokens>,
    reasoning: Option<Tokens>,
    audio: Option<Tokens>,
}

impl Details {
    fn parse(text: &str) -> Self {
        let wire: WireDetails<'_> = serde_json::from_str(text).unwrap_or_default();
        Self {
            cached: count(wire.cached_tokens),
            written: count(wire.cache_write_tokens),
            reasoning: count(wire.reasoning_tokens),
            audio: count(wire.audio_tokens),
        }
    }
}

fn count(raw: Option<&RawValue>) -> Option<Tokens> {
    raw?.get().parse().ok()
}

#[cfg(test)]
mod tests;
