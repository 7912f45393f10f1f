//! Provider for OpenAI and for everything that speaks its chat completions.

mod encode;
mod explain;
mod usage;

use bindings::exports::tollgate::policy::translation::{NativeDialect, ProviderName};

tollgate_sdk::provider!("../../wit", OpenAi);
tollgate_sdk::no_decoder!();

struct OpenAi;

impl Guest for OpenAi {
    type Decoder = Refusing;

    fn describe() -> Traits {
        Traits {
            names: vec![ProviderName {
                name: "openai".into(),
                default_base: Some("https://api.openai.com/v1".into()),
                key_variable: Some("OPENAI_API_KEY".into()),
            }],
            native: vec![NativeDialect {
                dialect: "openai-chat".into(),
                names: Vec::new(),
                usage_members: vec![usage::MEMBER.into()],
            }],
            translated: Vec::new(),
            options: Vec::new(),
        }
    }

    fn encode(
        call: Call,
        body: &Body,
        deployment: Deployment,
        output_cap: Option<u64>,
    ) -> Result<Plan, Failure> {
        encode::request(&call, |name| body.member(name), &deployment.model, output_cap)
            .map(Plan::Send)
    }

    fn observe(answer: &Response) -> Observation {
        Observation { usage: answer.member(usage::MEMBER).and_then(|text| usage::parse(&text)) }
    }

    fn explain(answer: &Response) -> Failure {
        explain::failure(answer.status(), |name| answer.member(name))
    }
}
