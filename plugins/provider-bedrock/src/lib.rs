//! Provider for the models of Amazon Bedrock, through Converse and ConverseStream.

mod address;
mod decode;
mod embed;
mod encode;
mod explain;
mod family;
mod finish;
mod usage;

use std::cell::RefCell;

use tollgate_neutral::invalid;

tollgate_sdk::provider!("../../wit", Bedrock);

struct Bedrock;

/// A decoder, which the host shares.
struct Shared(RefCell<decode::Decoder>);

impl Guest for Bedrock {
    type Decoder = Shared;

    fn describe() -> Traits {
        Traits {
            names: address::names(),
            native: Vec::new(),
            translated: vec!["openai-chat".into(), decode::EMBEDDINGS.into()],
            options: vec![address::REGION.into()],
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
        let named = answer.header(explain::ERROR_TYPE);
        explain::failure(answer.status(), named.as_deref(), &answer.bytes())
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
            decoder.push(frame.name.as_deref(), &frame.data, &mut events)?;
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
    let request = if call.dialect == decode::EMBEDDINGS {
        embed::request(body, deployment)
    } else {
        encode::request(call, body, deployment, output_cap)
    };
    request.map(Plan::Send)
}

#[cfg(test)]
mod tests;
