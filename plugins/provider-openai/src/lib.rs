//! Provider for OpenAI, for Azure's deployments of its models, and for everything that speaks like
//! it.

mod decode;
mod encode;
mod explain;
mod names;
mod route;
mod traits;
mod usage;

use std::cell::RefCell;

tollgate_sdk::provider!("../../wit", OpenAi);

struct OpenAi;

/// A decoder, which the host shares.
struct Shared(RefCell<decode::Decoder>);

impl Guest for OpenAi {
    type Decoder = Shared;

    fn describe() -> Traits {
        traits::traits()
    }

    fn encode(
        call: Call,
        body: &Body,
        deployment: Deployment,
        output_cap: Option<u64>,
    ) -> Result<Plan, Failure> {
        encode::request(&call, |name| body.member(name), &deployment, output_cap).map(Plan::Send)
    }

    fn observe(answer: &Response) -> Observation {
        Observation { usage: usage::of(|name| answer.member(name)) }
    }

    fn explain(answer: &Response) -> Failure {
        explain::failure(answer.status(), |name| answer.member(name))
    }
}

impl GuestDecoder for Shared {
    fn new(_call: Call, _deployment: Deployment) -> Self {
        Self(RefCell::default())
    }

    fn push(&self, frames: Vec<Frame>) -> Result<Vec<Event>, Failure> {
        let mut decoder = self.0.borrow_mut();
        let mut events = Vec::with_capacity(2 * frames.len());
        for frame in frames {
            decoder.push(&frame.data, &mut events)?;
        }
        Ok(events)
    }

    fn finish(&self) -> Result<Vec<Event>, Failure> {
        self.0.borrow().finish()
    }
}

#[cfg(test)]
mod tests;
