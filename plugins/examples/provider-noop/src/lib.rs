//! For the bench: a provider that sends the client's body as it is and reads nothing of the answer.
//! It has no address of its own; a deployment must name one.

use bindings::exports::tollgate::policy::translation::{
    CredentialScheme, NativeDialect, ProviderName, Reading, UpstreamBody, UpstreamRequest,
};
use tollgate_sdk::types::FailureKind;

tollgate_sdk::provider!("../../../wit", Noop);

tollgate_sdk::no_decoder!();

struct Noop;

impl Guest for Noop {
    type Decoder = Refusing;

    fn describe() -> Traits {
        Traits {
            names: vec![ProviderName {
                name: "openai".into(),
                default_base: None,
                key_variable: None,
            }],
            native: vec![NativeDialect {
                dialect: "openai-chat".into(),
                names: Vec::new(),
                usage_members: vec!["usage".into()],
            }],
            translated: Vec::new(),
            options: Vec::new(),
        }
    }

    fn encode(
        _call: Call,
        _body: &Body,
        _deployment: Deployment,
        _output_cap: Option<u64>,
    ) -> Result<Plan, Failure> {
        Ok(Plan::Send(UpstreamRequest {
            method: "POST".into(),
            path: "/chat/completions".into(),
            headers: Vec::new(),
            body: UpstreamBody::Edited(Vec::new()),
            credential: Some(CredentialScheme::Bearer),
            reading: Reading::PassThrough,
            dropped: Vec::new(),
        }))
    }

    fn observe(_answer: &Response) -> Observation {
        Observation { usage: None }
    }

    fn explain(_answer: &Response) -> Failure {
        Failure {
            kind: FailureKind::Unavailable,
            message: "The provider failed.".into(),
            param: None,
            code: None,
        }
    }
}
