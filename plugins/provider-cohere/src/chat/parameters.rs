//! Parameters that have no place of their own in the translation.

use serde_json::value::RawValue;
use tollgate_neutral::write::ObjectWriter;
use tollgate_neutral::{LABELS, Loss, Object, number};
use tollgate_sdk::types::Failure;

/// The largest share of likely tokens that Cohere takes; OpenAI's 1 means all of them.
const SHARE_MAX: (f64, &str) = (0.99, "0.99");

/// The parameters that go upstream.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    carried: Vec<(String, &'a str)>,
}

/// Sorts the parameters into those that go upstream and those that are lost. One that nobody knows
/// here goes: Cohere has parameters of its own.
pub(super) fn sort<'a>(rest: &Object<'a>, loss: &mut Loss) -> Result<Parameters<'a>, Failure> {
    let mut sorted = Parameters::default();
    for (name, value) in rest.iter() {
        match name {
            "top_p" => sorted.carry("p", share(value)),
            "top_k" => sorted.carry("k", value.get()),
            "frequency_penalty" | "presence_penalty" if !is_penalty(value) => loss.drop(name)?,
            name if LABELS.contains(&name) => loss.label(name),
            "n" | "logprobs" | "top_logprobs" | "logit_bias" | "store" | "modalities" | "audio"
            | "prediction" | "verbosity" | "service_tier" | "functions" | "function_call"
            | "web_search_options" | "best_of" | "echo" | "suffix" | "stop_sequences" => {
                loss.drop(name)?;
            }
            name => sorted.carry(name, value.get()),
        }
    }
    Ok(sorted)
}

fn share(value: &RawValue) -> &str {
    let (max, text) = SHARE_MAX;
    if number(value).is_some_and(|share| share > max && share <= 1.0) { text } else { value.get() }
}

/// OpenAI's penalties reach from −2 to 2, Cohere's from 0 to 1.
fn is_penalty(value: &RawValue) -> bool {
    number(value).is_none_or(|penalty| (0.0..=1.0).contains(&penalty))
}

// === impl Parameters ===

impl<'a> Parameters<'a> {
    /// Whether there is one of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.carried.iter().any(|(known, _)| known == name)
    }

    /// Writes them all.
    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        self.carried.iter().for_each(|(name, value)| o.json(name, value));
    }

    fn carry(&mut self, name: &str, value: &'a str) {
        // A name of Cohere's own comes before one that is translated to it.
        if !self.has(name) {
            self.carried.push((name.to_owned(), value));
        }
    }
}
