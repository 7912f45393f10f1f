//! The upstream request: the client's own body with a few members changed.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tollgate_sdk::types::{Call, Failure, FailureKind, Tokens};

use crate::bindings::exports::tollgate::policy::translation::{
    CredentialScheme, Edit, Reading, UpstreamBody, UpstreamRequest,
};

/// Members that speak to the gateway, as LiteLLM's clients send them. Everything else that is
/// unknown here goes upstream: a provider has parameters that nobody here has heard of.
const GATEWAY_MEMBERS: [&str; 6] = [
    "metadata",
    "litellm_metadata",
    "mock_response",
    "fallbacks",
    "disable_fallbacks",
    "drop_params",
];

const STREAM_OPTIONS: &str = "stream_options";
const INCLUDE_USAGE: &str = "include_usage";
const MAX_TOKENS: &str = "max_tokens";
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// Makes the request. `member` gives the JSON text of a member of the client's body.
pub(crate) fn request(
    call: &Call,
    member: impl Fn(&str) -> Option<String>,
    model: &str,
    output_cap: Option<Tokens>,
) -> Result<UpstreamRequest, Failure> {
    let mut edits = Vec::with_capacity(GATEWAY_MEMBERS.len() + 3);
    edits.push(set("model", quoted(model)));
    if call.streamed {
        edits.push(set(STREAM_OPTIONS, stream_options(member(STREAM_OPTIONS).as_deref())?));
    }
    if let Some(cap) = output_cap {
        edits.push(set(cap_member(&member, model), cap.to_string()));
    }
    edits.extend(GATEWAY_MEMBERS.map(|name| Edit { member: name.into(), value: None }));
    Ok(UpstreamRequest {
        method: "POST".into(),
        path: "/chat/completions".into(),
        headers: Vec::new(),
        body: UpstreamBody::Edited(edits),
        credential: Some(CredentialScheme::Bearer),
        reading: Reading::PassThrough,
        dropped: Vec::new(),
    })
}

fn set(member: &str, value: String) -> Edit {
    Edit { member: member.into(), value: Some(value) }
}

/// A text as JSON. Written out here because serde_json's writer can fail, and a text cannot.
fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            c if c.is_control() => json.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => json.push(c),
        }
    }
    json.push('"');
    json
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

/// The member that carries the cap: the one that the client uses, else the one that the model
/// understands. OpenAI's reasoning models refuse `max_tokens`; many other servers know no other.
fn cap_member(member: &impl Fn(&str) -> Option<String>, model: &str) -> &'static str {
    let used = |name| member(name).is_some_and(|value| value != "null");
    if used(MAX_COMPLETION_TOKENS) || (!used(MAX_TOKENS) && refuses_max_tokens(model)) {
        MAX_COMPLETION_TOKENS
    } else {
        MAX_TOKENS
    }
}

fn refuses_max_tokens(model: &str) -> bool {
    let numbered = model
        .strip_prefix('o')
        .and_then(|rest| rest.chars().next())
        .is_some_and(|next| next.is_ascii_digit());
    numbered || model.starts_with("gpt-5")
}

#[cfg(test)]
mod tests;
