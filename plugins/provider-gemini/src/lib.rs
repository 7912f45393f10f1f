//! Provider for Gemini models: AI Studio's API with a key, Vertex AI's with a service account.

mod address;
mod compact;
mod decode;
mod embed;
mod encode;
mod explain;
mod finish;
mod schema;
mod usage;

use std::cell::RefCell;

use tollgate_neutral::invalid;

tollgate_sdk::provider!("../../wit", Gemini);

struct Gemini;

/// A decoder, which the host shares.
struct Shared(RefCell<decode::Decoder>);

impl Guest for Gemini {
    type Decoder = Shared;

    fn describe() -> Traits {
        Traits {
            names: address::names(),
            native: Vec::new(),
            translated: vec!["openai-chat".into(), decode::EMBEDDINGS.into()],
            options: address::OPTIONS.map(str::to_owned).to_vec(),
        }
    }

    fn encode(
        call: Call,
        body: &Body,
        deployment: Deployment,
        output_cap: Option<u64>,
    ) -> Result<Plan, Failure> {
        let body = String::from_utf8(body.bytes())
            .map_err(|_| invalid("body", "The body must be JSON in UTF-8."))?;
        plan(&call, &body, &deployment, output_cap)
    }

    fn observe(_answer: &Response) -> Observation {
        // No dialect is native: nothing passes through.
        Observation { usage: None }
    }

    fn explain(answer: &Response) -> Failure {
        explain::failure(answer.status(), &answer.bytes())
    }
}

impl GuestDecoder for Shared {
    fn new(call: Call, _deployment: Deployment) -> Self {
        Self(RefCell::new(decode::Decoder::new(&call)))
    }

    fn push(&self, frames: Vec<Frame>) -> Result<Vec<Event>, Failure> {
        let mut decoder = self.0.borrow_mut();
        let mut events = Vec::new();
        for frame in frames {
            decoder.push(&frame.data, &mut events)?;
        }
        Ok(events)
    }

    fn finish(&self) -> Result<Vec<Event>, Failure> {
        self.0.borrow_mut().finish()
    }
}

/// What is to be done for a call.
fn plan(
    call: &Call,
    body: &str,
    deployment: &Deployment,
    output_cap: Option<u64>,
) -> Result<Plan, Failure> {
    let api = address::Api::of(&deployment.provider, &deployment.options)?;
    let target = encode::Target { api: &api, deployment, output_cap };
    let request = if call.dialect == decode::EMBEDDINGS {
        embed::request(body, &target)
    } else {
        encode::request(call, body, &target)
    };
    request.map(Plan::Send)
}

#[cfg(test)]
mod tests;
