//! Everything about the way an answer is made: `generationConfig`, and members beside it.

use serde_json::value::RawValue;
use tollgate_neutral::{ChatRequest, LABELS, Loss, ResponseFormat, flag, invalid, write};
use tollgate_sdk::types::Failure;

use super::thinking;
use crate::schema::{Schema, schema};

/// What a request says about the making of its answer.
pub(super) struct Generation {
    /// Members of `generationConfig` with their values as JSON text.
    members: Vec<(&'static str, String)>,
    /// Members beside it.
    pub(super) top: Vec<(&'static str, String)>,
    /// Whether the model may search the web.
    pub(super) searches: bool,
}

/// Members of Gemini's own that clients of gateways send, under both spellings.
const OWN: [(&str, &str); 5] = [
    ("safety_settings", "safetySettings"),
    ("safetySettings", "safetySettings"),
    ("cached_content", "cachedContent"),
    ("cachedContent", "cachedContent"),
    ("labels", "labels"),
];

/// Members that go into `generationConfig` as they are.
const AS_THEY_ARE: [(&str, &str); 10] = [
    ("temperature", "temperature"),
    ("top_p", "topP"),
    ("top_k", "topK"),
    ("topK", "topK"),
    ("seed", "seed"),
    ("n", "candidateCount"),
    ("presence_penalty", "presencePenalty"),
    ("frequency_penalty", "frequencyPenalty"),
    ("top_logprobs", "logprobs"),
    ("speechConfig", "speechConfig"),
];

/// Reads everything but the conversation and the tools.
pub(super) fn generation(
    request: &ChatRequest<'_>,
    model: &str,
    output_cap: Option<u64>,
    loss: &mut Loss,
) -> Result<Generation, Failure> {
    let mut made = Generation { members: Vec::new(), top: Vec::new(), searches: false };
    let mut thinking = None;
    for (name, value) in request.rest.iter() {
        match name {
            "thinking" => thinking = Some(value),
            "web_search_options" => made.searches = true,
            "logprobs" => made.logprobs(value)?,
            "modalities" => made.modalities(value)?,
            name => made.member(name, value, loss)?,
        }
    }
    if let Some(cap) = output_cap {
        made.set("maxOutputTokens", cap.to_string());
    }
    if !request.stop.is_empty() {
        let stops =
            write::array(|list| request.stop.iter().for_each(|stop| list.json(stop.json())));
        made.set("stopSequences", stops);
    }
    made.format(request.response_format);
    if let Some(config) = thinking::config(request, thinking, model, loss)? {
        made.set("thinkingConfig", config);
    }
    Ok(made)
}

// === impl Generation ===

impl Generation {
    /// The `generationConfig`, if there is anything in it.
    pub(super) fn config(&self, resolution: Option<&str>) -> Option<String> {
        if self.members.is_empty() && resolution.is_none() {
            return None;
        }
        Some(write::object(|config| {
            self.members.iter().for_each(|(name, value)| config.json(name, value));
            if let Some(resolution) = resolution {
                config.text("mediaResolution", resolution);
            }
        }))
    }

    fn set(&mut self, name: &'static str, value: String) {
        self.members.push((name, value));
    }

    fn member(&mut self, name: &str, value: &RawValue, loss: &mut Loss) -> Result<(), Failure> {
        let in_table = |table: &[(&str, &'static str)]| {
            table.iter().find(|(known, _)| *known == name).map(|(_, own)| *own)
        };
        if let Some(own) = in_table(&AS_THEY_ARE) {
            self.set(own, value.get().to_owned());
        } else if let Some(own) = in_table(&OWN) {
            self.top.push((own, value.get().to_owned()));
        } else if LABELS.contains(&name) {
            loss.label(name);
        } else {
            loss.drop(name)?;
        }
        Ok(())
    }

    fn logprobs(&mut self, value: &RawValue) -> Result<(), Failure> {
        let wanted =
            flag(value).ok_or_else(|| invalid("logprobs", "logprobs must be true or false."))?;
        self.set("responseLogprobs", wanted.to_string());
        Ok(())
    }

    fn modalities(&mut self, value: &RawValue) -> Result<(), Failure> {
        let wrong =
            || invalid("modalities", "modalities must be a list of `text`, `image` and `audio`.");
        let words: Vec<String> = serde_json::from_str(value.get()).map_err(|_| wrong())?;
        if !words.iter().all(|word| matches!(word.as_str(), "text" | "image" | "audio")) {
            return Err(wrong());
        }
        let upper = words.iter().map(|word| word.to_ascii_uppercase());
        let list = write::array(|list| upper.for_each(|word| list.text(&word)));
        self.set("responseModalities", list);
        Ok(())
    }

    fn format(&mut self, format: ResponseFormat<'_>) {
        let wanted = match format {
            ResponseFormat::Text => return,
            ResponseFormat::JsonObject => Schema::Empty,
            ResponseFormat::JsonSchema { schema: wanted, .. } => schema(wanted),
        };
        self.set("responseMimeType", r#""application/json""#.to_owned());
        match wanted {
            Schema::Empty => {}
            Schema::Subset(subset) => self.set("responseSchema", subset),
            Schema::Json(json) => self.set("responseJsonSchema", json),
        }
    }
}
