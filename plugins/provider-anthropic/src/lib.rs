//! Provider for Anthropic: its Messages pass through for clients that speak them, and are made of
//! the neutral dialect for all others.

mod decode;
mod encode;
mod explain;
mod finish;
mod model;
mod native;
mod request;
mod usage;

use std::cell::RefCell;

use bindings::exports::tollgate::policy::translation::{
    NativeDialect, ProviderName, UpstreamRequest,
};
use tollgate_neutral::Answer;

tollgate_sdk::provider!("../../wit", Anthropic);

struct Anthropic;

/// Decodes an answer to a request of the neutral dialect.
struct Decoder(RefCell<Answer<decode::Decoder>>);

impl Guest for Anthropic {
    type Decoder = Decoder;

    fn describe() -> Traits {
        let native = |dialect: &str, usage_members: &[&str]| NativeDialect {
            dialect: dialect.into(),
            names: Vec::new(),
            usage_members: usage_members.iter().map(|name| (*name).to_owned()).collect(),
        };
        Traits {
            names: vec![ProviderName {
                name: "anthropic".into(),
                default_base: Some("https://api.anthropic.com".into()),
                key_variable: Some("ANTHROPIC_API_KEY".into()),
            }],
            native: vec![
                native(native::MESSAGES, &[usage::MEMBER, usage::IN_MESSAGE]),
                native(native::COUNT_TOKENS, &[]),
            ],
            translated: vec!["openai-chat".into()],
            options: Vec::new(),
        }
    }

    fn encode(
        call: Call,
        body: &Body,
        deployment: Deployment,
        output_cap: Option<u64>,
    ) -> Result<Plan, Failure> {
        let body = || tollgate_neutral::body_text(body.bytes());
        plan(&call, body, &deployment, output_cap).map(Plan::Send)
    }

    fn observe(answer: &Response) -> Observation {
        Observation { usage: usage::observed(|name| answer.member(name)) }
    }

    fn explain(answer: &Response) -> Failure {
        explain::failure(answer.status(), answer.member("error").as_deref())
    }
}

/// The request for a call in one of the provider's dialects. `body` gives the client's body, which is
/// copied only for a translation.
fn plan(
    call: &Call,
    body: impl FnOnce() -> Result<String, Failure>,
    deployment: &Deployment,
    output_cap: Option<u64>,
) -> Result<UpstreamRequest, Failure> {
    match call.dialect.as_str() {
        native::MESSAGES => Ok(native::messages(&deployment.model, output_cap)),
        native::COUNT_TOKENS => Ok(native::count_tokens(&deployment.model)),
        _ => encode::request(call, &body()?, deployment, output_cap),
    }
}

impl GuestDecoder for Decoder {
    fn new(call: Call, _deployment: Deployment) -> Self {
        Self(RefCell::new(Answer::new(decode::Decoder::new(call.streamed))))
    }

    fn push(&self, frames: Vec<Frame>) -> Result<Vec<Event>, Failure> {
        self.0.borrow_mut().push(frames.iter().map(|frame| frame.data.as_slice()))
    }

    fn finish(&self) -> Result<Vec<Event>, Failure> {
        self.0.borrow().finish()
    }
}

#[cfg(test)]
mod tests;
