//! Provider that answers from the configuration and asks nobody.

mod policy;

use bindings::exports::tollgate::policy::translation::ProviderName;

tollgate_sdk::provider!("../../wit", MockProvider);
tollgate_sdk::no_decoder!();

/// Bytes of the largest body whose messages are copied to be counted. Over it the size of the
/// whole body serves, which costs nothing.
const COUNTED_BODY_BYTES_MAX: u64 = 64 * 1024;

struct MockProvider;

impl Guest for MockProvider {
    type Decoder = Refusing;

    fn describe() -> Traits {
        let name = ProviderName { name: "mock".into(), default_base: None, key_variable: None };
        Traits {
            names: vec![name],
            native: Vec::new(),
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
        let size = body.size();
        let messages = if size > COUNTED_BODY_BYTES_MAX {
            size
        } else {
            body.member("messages").map_or(0, |text| text.len() as u64)
        };
        let cap = [call.output_cap, output_cap].into_iter().flatten().min();
        policy::answer(deployment.mock_response, messages, cap).map(Plan::Answer)
    }

    fn observe(_answer: &Response) -> Observation {
        Observation { usage: None }
    }

    fn explain(_answer: &Response) -> Failure {
        policy::never_asked()
    }
}
