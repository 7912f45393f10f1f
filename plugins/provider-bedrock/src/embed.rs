//! Requests for embeddings: each maker's models have a form of their own.

use tollgate_neutral::embeddings::EmbeddingsRequest;
use tollgate_neutral::{LABELS, Loss, invalid, write};
use tollgate_sdk::types::Failure;

use crate::address;
use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Framing, Reading, UpstreamBody, UpstreamRequest,
};

/// Cohere's models want to be told what the vectors are for.
const INPUT_TYPE: &str = "input_type";

/// What they are for mostly.
const INPUT_TYPE_DEFAULT: &str = r#""search_document""#;

/// Makes the request.
pub(crate) fn request(body: &str, deployment: &Deployment) -> Result<UpstreamRequest, Failure> {
    let mut request = EmbeddingsRequest::read(body)?;
    let model = address::model(deployment);
    let mut loss = Loss::new("Bedrock", deployment.drop_params);
    for label in LABELS {
        if request.rest.take(label).is_some() {
            loss.label(label);
        }
    }
    let made = if model.contains("cohere.embed") {
        cohere(&request)
    } else if model.contains("titan-embed") {
        titan(&request, model, &mut loss)?
    } else {
        let message = "Of Bedrock's models, Titan's and Cohere's are known to embed.";
        return Err(invalid("model", message));
    };
    Ok(UpstreamRequest {
        method: "POST".into(),
        path: address::path(model, "invoke"),
        headers: Vec::new(),
        body: UpstreamBody::Replaced(made.into_bytes()),
        credential: Some(address::credential(deployment)?),
        reading: Reading::Decode(Framing::Whole),
        dropped: loss.into_dropped(),
    })
}

/// Cohere's form takes many texts and parameters that we do not know.
fn cohere(request: &EmbeddingsRequest<'_>) -> String {
    let kind = request.rest.get(INPUT_TYPE).map_or(INPUT_TYPE_DEFAULT, |value| value.get());
    write::object(|body| {
        body.array("texts", |list| request.input.iter().for_each(|text| list.json(text.json())));
        body.json(INPUT_TYPE, kind);
        if let Some(dimensions) = request.dimensions {
            body.count("output_dimension", dimensions);
        }
        let others = request.rest.iter().filter(|(name, _)| *name != INPUT_TYPE);
        others.for_each(|(name, value)| body.raw(name, value));
    })
}

/// Titan's form takes one text.
fn titan(request: &EmbeddingsRequest<'_>, model: &str, loss: &mut Loss) -> Result<String, Failure> {
    let [text] = request.input.as_slice() else {
        return Err(invalid("input", "Titan's models embed one text in a request."));
    };
    let takes_dimensions = !model.contains("titan-embed-text-v1");
    if request.dimensions.is_some() && !takes_dimensions {
        loss.drop("dimensions")?;
    }
    let mut normalize = None;
    for (name, value) in request.rest.iter() {
        match name {
            "normalize" if takes_dimensions => normalize = Some(value),
            other => loss.drop(other)?,
        }
    }
    Ok(write::object(|body| {
        body.json("inputText", text.json());
        if let Some(dimensions) = request.dimensions.filter(|_| takes_dimensions) {
            body.count("dimensions", dimensions);
        }
        if let Some(normalize) = normalize {
            body.raw("normalize", normalize);
        }
    }))
}
