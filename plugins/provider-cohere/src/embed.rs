//! Embeddings.

use tollgate_neutral::embeddings::{self, EmbeddingsRequest, Encoding};
use tollgate_neutral::{LABELS, Loss, Object, Progress, Reader, array, malformed, write};
use tollgate_sdk::types::{Event, Failure};

use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Framing, Reading, UpstreamBody, UpstreamRequest,
};
use crate::{explain, request, usage};

/// The neutral dialect of embeddings.
pub(crate) const DIALECT: &str = "openai-embeddings";

/// What texts are taken for if the client does not say: Cohere wants to know.
const INPUT_TYPE: &str = "search_document";

/// Cohere's own parameters, which clients may send beside OpenAI's.
const OWN_MEMBERS: [&str; 4] = ["input_type", "truncate", "max_tokens", "priority"];

/// Makes the request.
pub(crate) fn request(body: &str, deployment: &Deployment) -> Result<UpstreamRequest, Failure> {
    let wanted = EmbeddingsRequest::read(body)?;
    let mut loss = Loss::new("Cohere", deployment.drop_params);
    for name in wanted.rest.names().filter(|name| !OWN_MEMBERS.contains(name)) {
        if LABELS.contains(&name) {
            loss.label(name);
        } else {
            loss.drop(name)?;
        }
    }
    let body = write::object(|o| {
        o.text("model", &deployment.model);
        o.array("texts", |a| wanted.input.iter().for_each(|text| a.json(text.json())));
        let own = wanted.rest.iter().filter(|(name, _)| OWN_MEMBERS.contains(name));
        own.for_each(|(name, value)| o.raw(name, value));
        if wanted.rest.get("input_type").is_none() {
            o.text("input_type", INPUT_TYPE);
        }
        o.array("embedding_types", |a| a.text(kind(wanted.encoding)));
        if let Some(dimensions) = wanted.dimensions {
            o.count("output_dimension", dimensions);
        }
    });
    let reading = Reading::Decode(Framing::Whole);
    let body = UpstreamBody::Replaced(body.into_bytes());
    let mut upstream = request::upstream("/v2/embed", body, reading);
    upstream.dropped = loss.into_dropped();
    Ok(upstream)
}

/// Cohere's word for how vectors are written. It packs them as OpenAI does.
fn kind(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Float => "float",
        Encoding::Base64 => "base64",
    }
}

/// Reads the answer.
#[derive(Debug)]
pub(crate) struct Decoder {
    model: String,
}

// === impl Decoder ===

impl Decoder {
    /// The answer names the model as the client does.
    pub(crate) fn new(model: &str) -> Self {
        Self { model: model.to_owned() }
    }
}

impl Reader for Decoder {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) -> Result<Progress, Failure> {
        let answer = Object::parse(data)
            .ok_or_else(|| malformed("The provider's answer is not a JSON object."))?;
        let Some(by_kind) = answer.object("embeddings") else {
            return Err(explain::broken(&answer));
        };
        let vectors = by_kind.get(kind(Encoding::Float)).or(by_kind.get(kind(Encoding::Base64)));
        let vectors = vectors.and_then(array);
        let vectors =
            vectors.ok_or_else(|| malformed("The provider's answer has no embeddings."))?;
        let used = answer.object(usage::IN_META).and_then(|meta| usage::read(&meta));
        let input = used.map_or(0, |used| used.input);
        let document = embeddings::document(&self.model, &vectors, Encoding::Float, input)?;
        events.push(Event::Document(document));
        events.extend(used.map(Event::Usage));
        Ok(Progress::Complete)
    }
}
