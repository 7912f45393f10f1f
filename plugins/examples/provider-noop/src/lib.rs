//! For the bench: a provider that sends the client's body as it is and reads nothing of the answer.
//! It has no address of its own; a deployment must name one.

use bindings::exports::tollgate::policy::translation::{
    CredentialScheme, NativeDialect, UpstreamBody, UpstreamRequest,
};
use tollgate_sdk::types::FailureKind;

tollgate_sdk::provider!("../../../wit", Noop);

struct Noop;

impl Guest for Noop {
    fn describe() -> Traits {
        Traits {
            name: "openai".into(),
            default_base: None,
            native: vec![NativeDialect {
                dialect: "openai-chat".into(),
                usage_member: "usage".into(),
            }],
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
