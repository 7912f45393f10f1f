//! Provider for Cohere: chat and embeddings are made of the neutral dialects, rankings pass through.

mod chat;
mod embed;
mod explain;
mod finish;
mod request;
mod rerank;
mod usage;

use std::cell::RefCell;

use bindings::exports::tollgate::policy::translation::{
    NativeDialect, ProviderName, UpstreamRequest,
};
use tollgate_neutral::{Answer, Progress, Reader};

tollgate_sdk::provider!("../../wit", Cohere);

struct Cohere;

/// Decodes an answer to a request of a neutral dialect.
struct Decoder(RefCell<Answer<Decoding>>);

/// What the answer is of.
enum Decoding {
    Chat(chat::Decoder),
    Embeddings(embed::Decoder),
}

impl Guest for Cohere {
    type Decoder = Decoder;

    fn describe() -> Traits {
        let name = |name: &str| ProviderName {
            name: name.into(),
            default_base: Some("https://api.cohere.com".into()),
            key_variable: Some("COHERE_API_KEY".into()),
        };
        Traits {
            names: vec![name("cohere"), name("cohere_chat")],
            native: vec![NativeDialect {
                dialect: rerank::DIALECT.into(),
                names: Vec::new(),
                usage_members: vec![usage::IN_META.into()],
            }],
            translated: vec!["openai-chat".into(), embed::DIALECT.into()],
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
        let meta = answer.member(usage::IN_META);
        Observation { usage: meta.and_then(|meta| usage::of_meta(&meta)) }
    }

    fn explain(answer: &Response) -> Failure {
        explain::failure(answer.status(), answer.member("message").as_deref())
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
        rerank::DIALECT => Ok(rerank::request(&deployment.model)),
        embed::DIALECT => embed::request(&body()?, deployment),
        _ => chat::request(call, &body()?, deployment, output_cap),
    }
}

impl GuestDecoder for Decoder {
    fn new(call: Call, _deployment: Deployment) -> Self {
        Self(RefCell::new(Answer::new(Decoding::of(&call))))
    }

    fn push(&self, frames: Vec<Frame>) -> Result<Vec<Event>, Failure> {
        self.0.borrow_mut().push(frames.iter().map(|frame| frame.data.as_slice()))
    }

    fn finish(&self) -> Result<Vec<Event>, Failure> {
        self.0.borrow().finish()
    }
}

// === impl Decoding ===

impl Decoding {
    fn of(call: &Call) -> Self {
        if call.dialect == embed::DIALECT {
            Self::Embeddings(embed::Decoder::new(&call.model))
        } else {
            Self::Chat(chat::Decoder::new(call.streamed))
        }
    }
}

impl Reader for Decoding {
    fn read(&mut self, data: &str, events: &mut Vec<Event>) -> Result<Progress, Failure> {
        match self {
            Self::Chat(decoder) => decoder.read(data, events),
            Self::Embeddings(decoder) => decoder.read(data, events),
        }
    }
}

#[cfg(test)]
mod tests;
