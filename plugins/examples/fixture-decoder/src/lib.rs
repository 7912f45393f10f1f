//! Fixture for the host's tests: a provider whose decoder does what its frames say.
#![expect(clippy::panic, reason = "that is what it is for")]

use std::cell::RefCell;

use bindings::exports::tollgate::policy::translation::ProviderName;
use tollgate_sdk::types::FailureKind;

tollgate_sdk::provider!("../../../wit", Fixture);

struct Fixture;

/// Counts its pushes, and keeps what it is told to keep.
struct Counting(RefCell<(u64, Vec<u8>)>);

/// Bytes that are taken and given back by each frame that says `churn`.
const CHURN: usize = 100_000;

impl Guest for Fixture {
    type Decoder = Counting;

    fn describe() -> Traits {
        let name = ProviderName { name: "fixture".into(), default_base: None, key_variable: None };
        Traits {
            names: vec![name],
            native: Vec::new(),
            translated: vec!["openai-chat".into()],
            options: Vec::new(),
        }
    }

    fn encode(
        _call: Call,
        _body: &Body,
        _deployment: Deployment,
        _output_cap: Option<u64>,
    ) -> Result<Plan, Failure> {
        Ok(Plan::Answer(Vec::new()))
    }

    fn observe(_answer: &Response) -> Observation {
        Observation { usage: None }
    }

    fn explain(_answer: &Response) -> Failure {
        tollgate_sdk::undecodable()
    }
}

impl GuestDecoder for Counting {
    fn new(_call: Call, _deployment: Deployment) -> Self {
        Self(RefCell::default())
    }

    fn push(&self, frames: Vec<Frame>) -> Result<Vec<Event>, Failure> {
        let mut state = self.0.borrow_mut();
        state.0 += 1;
        for frame in &frames {
            match frame.data.as_slice() {
                b"trap" => panic!("a decoder that panics"),
                b"spin" => loop {
                    std::hint::black_box(());
                },
                b"grow" => loop {
                    state.1.extend_from_slice(&[1; 65_536]);
                },
                b"churn" => drop(std::hint::black_box(vec![1_u8; CHURN])),
                b"flood" => (0..100).for_each(|_| tollgate_sdk::warn("again")),
                b"fail" => {
                    return Err(Failure {
                        kind: FailureKind::Unavailable,
                        ..tollgate_sdk::undecodable()
                    });
                }
                _ => {}
            }
        }
        Ok(vec![Event::Text(state.0.to_string())])
    }

    fn finish(&self) -> Result<Vec<Event>, Failure> {
        Ok(vec![Event::Id(self.0.borrow().0.to_string())])
    }
}
