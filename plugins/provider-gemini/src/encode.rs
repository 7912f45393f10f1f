//! Requests to talk: the neutral dialect made into Gemini's.

mod contents;
mod generation;
mod media;
mod thinking;
mod tools;

use tollgate_neutral::{ChatRequest, Loss, write};
use tollgate_sdk::types::{Call, Failure};

use crate::address::{Api, Method};
use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Framing, Reading, UpstreamBody, UpstreamRequest,
};

/// Where a request goes.
pub(crate) struct Target<'a> {
    pub(crate) api: &'a Api,
    pub(crate) deployment: &'a Deployment,
    /// The cap that the admission rests on.
    pub(crate) output_cap: Option<u64>,
}

/// Makes the request.
pub(crate) fn request(
    call: &Call,
    body: &str,
    target: &Target<'_>,
) -> Result<UpstreamRequest, Failure> {
    let request = ChatRequest::read(body)?;
    let mut loss = Loss::new(target.api.title(), target.deployment.drop_params);
    let cap = [call.output_cap, target.output_cap].into_iter().flatten().min();
    let generation = generation::generation(&request, &target.deployment.model, cap, &mut loss)?;
    let conversation = contents::conversation(&request, target, &mut loss)?;
    let tools = tools::tools(&request, generation.searches, &mut loss)?;
    let body = write::object(|body| {
        body.array("contents", |list| conversation.contents.iter().for_each(|c| list.json(c)));
        if let Some(system) = &conversation.system {
            body.json("systemInstruction", system);
        }
        if let Some(tools) = &tools.list {
            body.json("tools", tools);
        }
        if let Some(config) = &tools.config {
            body.json("toolConfig", config);
        }
        if let Some(config) = generation.config(conversation.resolution) {
            body.json("generationConfig", &config);
        }
        generation.top.iter().for_each(|(name, value)| body.json(name, value));
    });
    let (method, framing) = if call.streamed {
        (Method::Stream, Framing::ServerSentEvents)
    } else {
        (Method::Generate, Framing::Whole)
    };
    Ok(UpstreamRequest {
        method: "POST".into(),
        path: target.api.path(&target.deployment.model, method),
        headers: Vec::new(),
        body: UpstreamBody::Replaced(body.into_bytes()),
        credential: Some(target.api.credential()),
        reading: Reading::Decode(framing),
        dropped: loss.into_dropped(),
    })
}
