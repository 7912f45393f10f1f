//! Parameters that have no place of their own in the translation.

use serde_json::value::RawValue;
use tollgate_neutral::write::ObjectWriter;
use tollgate_neutral::{Loss, Object, Text, invalid, number, same_value};
use tollgate_sdk::types::Failure;

use super::format::AnswerFormat;
use super::thinking::Plan;
use crate::model::Model;

/// The parameters that go upstream.
#[derive(Debug, Default)]
pub(super) struct Parameters<'a> {
    /// Those of Anthropic's by the same name, or of nobody's known here.
    carried: Vec<(String, &'a str)>,
    /// Who the person behind the call is.
    user: Option<Text<'a>>,
}

/// What becomes of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is Anthropic's, too, or nobody's: Anthropic refuses by name what it does not know.
    Carried,
    /// It says how to pick tokens.
    Sampling,
    /// It names the person behind the call.
    User,
    /// It says where something is kept.
    Label,
    /// A service tier, whose words differ.
    Tier,
    /// OpenAI's only, or a word of Anthropic's that says what a neutral parameter says already.
    Lost,
}

fn fate(name: &str) -> Fate {
    match name {
        "temperature" | "top_p" | "top_k" => Fate::Sampling,
        "user" | "safety_identifier" => Fate::User,
        "prompt_cache_key" | "prompt_cache_retention" => Fate::Label,
        "service_tier" => Fate::Tier,
        "seed" | "n" | "logprobs" | "top_logprobs" | "logit_bias" | "presence_penalty"
        | "frequency_penalty" | "store" | "modalities" | "audio" | "prediction" | "verbosity"
        | "functions" | "function_call" | "web_search_options" | "best_of" | "echo" | "suffix"
        | "system" | "stop_sequences" | "output_format" => Fate::Lost,
        _ => Fate::Carried,
    }
}

/// Sorts the parameters into those that go upstream and those that are lost.
pub(super) fn sort<'a>(
    rest: Object<'a>,
    model: Model,
    thinking: &Plan<'_>,
    format: &AnswerFormat,
    loss: &mut Loss,
) -> Result<Parameters<'a>, Failure> {
    let mut sorted = Parameters::default();
    let shares = thinking.effort().is_some() || matches!(format, AnswerFormat::Schema(_));
    for (name, value) in rest.iter() {
        match fate(name) {
            Fate::Carried if name == "output_config" && shares => {
                return Err(invalid(
                    name,
                    "output_config cannot go with response_format or reasoning_effort.",
                ));
            }
            Fate::Carried => sorted.carry(name, value.get()),
            Fate::Sampling if accepts(name, value, model, thinking) => {
                sorted.carry(name, value.get());
            }
            Fate::User => sorted.user = sorted.user.or(Text::of(value)),
            Fate::Label => loss.label(name),
            Fate::Tier if same_value(value, &[r#""default""#]) => {
                sorted.carry(name, r#""standard_only""#);
            }
            Fate::Tier if same_value(value, &[r#""standard_only""#]) => {
                sorted.carry(name, value.get());
            }
            Fate::Sampling | Fate::Tier | Fate::Lost => loss.drop(name)?,
        }
    }
    Ok(sorted)
}

/// Whether a parameter that says how to pick tokens can be carried to the model.
fn accepts(name: &str, value: &RawValue, model: Model, thinking: &Plan<'_>) -> bool {
    if !model.takes_sampling() {
        // The value that every model has by itself is still taken.
        return name != "top_k" && same_value(value, &["1"]);
    }
    match name {
        "temperature" if thinking.is_on() => same_value(value, &["1"]),
        // OpenAI's goes up to 2.
        "temperature" => number(value).is_none_or(|temperature| temperature <= 1.0),
        "top_k" => !thinking.is_on(),
        // While it thinks, a model takes only the upper end.
        _ => !thinking.is_on() || number(value).is_some_and(|share| share >= 0.95),
    }
}

// === impl Parameters ===

impl<'a> Parameters<'a> {
    fn carry(&mut self, name: &str, value: &'a str) {
        self.carried.push((name.to_owned(), value));
    }

    pub(super) fn write(&self, o: &mut ObjectWriter<'_>) {
        self.carried.iter().for_each(|(name, value)| o.json(name, value));
        if let Some(user) = self.user {
            o.object("metadata", |o| o.json("user_id", user.json()));
        }
    }
}
