//! The upstream request: the client's own body with a few members changed.

mod cap;
mod foreign;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tollgate_neutral::write;
use tollgate_sdk::types::{Call, Failure, FailureKind, Tokens};

use self::foreign::Foreign;
use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, Edit, Reading, UpstreamBody, UpstreamRequest,
};
use crate::names::Kind;
use crate::route::route;

/// Members that speak to the gateway, as LiteLLM's clients send them. Everything else that is
/// unknown here goes upstream: a provider has parameters that nobody here has heard of.
const GATEWAY_MEMBERS: [&str; 9] = [
    "litellm_metadata",
    "mock_response",
    "fallbacks",
    "disable_fallbacks",
    "drop_params",
    "num_retries",
    "cache",
    "tags",
    "guardrails",
];

/// Of chats it speaks to the gateway; of responses OpenAI keeps it.
const METADATA: &str = "metadata";

const STREAM_OPTIONS: &str = "stream_options";
const INCLUDE_USAGE: &str = "include_usage";

/// Fireworks' models are known by their last part as well.
const FIREWORKS_MODELS: &str = "accounts/fireworks/models/";

/// Makes the request. `member` gives the JSON text of a member of the client's body.
pub(crate) fn request(
    call: &Call,
    member: impl Fn(&str) -> Option<String>,
    deployment: &Deployment,
    output_cap: Option<Tokens>,
) -> Result<UpstreamRequest, Failure> {
    let kind = Kind::of(&deployment.provider);
    let mut edits = Vec::with_capacity(GATEWAY_MEMBERS.len() + 4);
    edits.push(set("model", write::text(&model(kind, &deployment.model))));
    if call.streamed && has_stream_options(&call.dialect) {
        let value = match kind.takes_stream_options() {
            true => Some(stream_options(member(STREAM_OPTIONS).as_deref())?),
            false => None,
        };
        edits.push(Edit { member: STREAM_OPTIONS.into(), value });
    }
    if let Some((name, cap)) = cap::member(call, &member, &deployment.model).zip(output_cap) {
        edits.push(set(name, cap.to_string()));
    }
    let Foreign { edits: foreign, dropped } =
        if kind.is_strict() { Foreign::of(call, &member, deployment) } else { Foreign::default() };
    edits.extend(foreign);
    edits.extend(GATEWAY_MEMBERS.map(|name| Edit { member: name.into(), value: None }));
    if call.dialect != "openai-responses" {
        edits.push(Edit { member: METADATA.into(), value: None });
    }
    let route = route(call, deployment);
    Ok(UpstreamRequest {
        method: "POST".into(),
        path: route.path,
        headers: route.headers,
        body: UpstreamBody::Edited(edits),
        credential: Some(route.credential),
        reading: Reading::PassThrough,
        dropped,
    })
}

fn set(member: &str, value: String) -> Edit {
    Edit { member: member.into(), value: Some(value) }
}

fn model(kind: Kind, model: &str) -> String {
    let is_long = model.contains('/') || model.contains('#');
    match kind {
        Kind::Fireworks if !is_long => format!("{FIREWORKS_MODELS}{model}"),
        _ => model.into(),
    }
}

fn has_stream_options(dialect: &str) -> bool {
    matches!(dialect, "openai-chat" | "openai-completions")
}

/// The client's options and the wish for usage at the stream's end, without which nobody could
/// tell what the call cost.
fn stream_options(own: Option<&str>) -> Result<String, Failure> {
    let options: Option<BTreeMap<String, &RawValue>> =
        own.map_or(Ok(None), serde_json::from_str).map_err(no_object)?;
    let mut options = options.unwrap_or_default();
    let wanted: &RawValue = serde_json::from_str("true").map_err(no_object)?;
    options.insert(INCLUDE_USAGE.into(), wanted);
    serde_json::to_string(&options).map_err(no_object)
}

fn no_object(_: serde_json::Error) -> Failure {
    Failure {
        kind: FailureKind::InvalidRequest,
        message: "stream_options must be an object.".into(),
        param: Some(STREAM_OPTIONS.into()),
        code: None,
    }
}

#[cfg(test)]
mod tests;
