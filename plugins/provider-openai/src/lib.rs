//! Provider for OpenAI and for everything that speaks its chat completions.

mod encode;
mod explain;
mod usage;

use bindings::exports::tollgate::policy::translation::NativeDialect;

tollgate_sdk::provider!("../../wit", OpenAi);

struct OpenAi;

impl Guest for OpenAi {
    fn describe() -> Traits {
        Traits {
            name: "openai".into(),
            default_base: Some("https://api.openai.com/v1".into()),
            native: vec![NativeDialect {
                dialect: "openai-chat".into(),
                usage_member: usage::MEMBER.into(),
            }],
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
