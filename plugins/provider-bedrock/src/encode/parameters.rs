//! Everything about the way an answer is made.

use serde_json::value::RawValue;
use tollgate_neutral::{ChatRequest, LABELS, Loss, Object, invalid, same_value, write};
use tollgate_sdk::types::Failure;

use super::Members;
use crate::family::Family;

/// Where the parameters go.
#[derive(Default)]
pub(super) struct Parameters {
    /// Members of `inferenceConfig`.
    pub(super) inference: Members,
    /// Members of `additionalModelRequestFields`.
    pub(super) fields: Members,
    /// Members beside both.
    pub(super) top: Members,
}

/// Members of OpenAI's that no model here has a place for.
const WITHOUT_PLACE: [&str; 13] = [
    "n",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "modalities",
    "audio",
    "prediction",
    "store",
    "verbosity",
    "web_search_options",
];

/// Members of Converse's own that clients of gateways send.
const OWN: [&str; 4] = [
    "guardrailConfig",
    "performanceConfig",
    "requestMetadata",
    "additionalModelResponseFieldPaths",
];

/// Sorts the parameters. What nobody here knows goes to the model itself.
pub(super) fn parameters(
    request: &ChatRequest<'_>,
    family: Family,
    output_cap: Option<u64>,
    loss: &mut Loss,
) -> Result<Parameters, Failure> {
    let mut sorted = Parameters::default();
    if let Some(cap) = output_cap {
        sorted.inference.push(("maxTokens".into(), cap.to_string()));
    }
    if !request.stop.is_empty() {
        let stops =
            write::array(|list| request.stop.iter().for_each(|stop| list.json(stop.json())));
        sorted.inference.push(("stopSequences".into(), stops));
    }
    for (name, value) in request.rest.iter() {
        sorted.sort(name, value, family, loss)?;
    }
    Ok(sorted)
}

// === impl Parameters ===

impl Parameters {
    fn sort(
        &mut self,
        name: &str,
        value: &RawValue,
        family: Family,
        loss: &mut Loss,
    ) -> Result<(), Failure> {
        let json = value.get().to_owned();
        match name {
            "temperature" => self.inference.push(("temperature".into(), json)),
            "top_p" => self.inference.push(("topP".into(), json)),
            "top_k" => self.top_k(json, family),
            "service_tier" => self.service_tier(value, loss)?,
            "additionalModelRequestFields" => {
                let message = "additionalModelRequestFields must be an object.";
                let own = Object::of(value).ok_or_else(|| invalid(name, message))?;
                let own = own.iter().map(|(name, value)| (name.to_owned(), value.get().to_owned()));
                self.fields.extend(own);
            }
            name if OWN.contains(&name) => self.top.push((name.into(), json)),
            name if LABELS.contains(&name) => loss.label(name),
            name if WITHOUT_PLACE.contains(&name) => loss.drop(name)?,
            name => self.fields.push((name.into(), json)),
        }
        Ok(())
    }

    /// Each maker has a name of its own for it.
    fn top_k(&mut self, json: String, family: Family) {
        let (name, value) = match family {
            Family::Nova(_) => ("inferenceConfig", format!(r#"{{"topK":{json}}}"#)),
            Family::Cohere => ("k", json),
            Family::Claude(..) | Family::GptOss | Family::Other => ("top_k", json),
        };
        self.fields.push((name.into(), value));
    }

    fn service_tier(&mut self, value: &RawValue, loss: &mut Loss) -> Result<(), Failure> {
        if !same_value(value, &[r#""default""#, r#""flex""#, r#""priority""#]) {
            return loss.drop("service_tier");
        }
        let tier = write::object(|tier| tier.raw("type", value));
        self.top.push(("serviceTier".into(), tier));
        Ok(())
    }
}
