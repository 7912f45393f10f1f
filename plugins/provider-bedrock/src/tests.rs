use serde_json::{Value, json};
use tollgate_golden::{Decoded, Frame as Piece, Setup, Subject, check_all, fuzz};

use super::*;
use crate::bindings::exports::tollgate::policy::translation::{
    CredentialScheme, Reading, UpstreamBody, UpstreamRequest,
};

/// The component as the recorded cases know it.
struct Bedrock;

impl Subject for Bedrock {
    fn encode(&self, call: &Call, setup: &Setup, body: &[u8]) -> Result<Value, Failure> {
        let body = std::str::from_utf8(body)
            .map_err(|_| invalid("body", "The body must be JSON in UTF-8."))?;
        match plan(call, body, &deployment(setup), setup.output_cap)? {
            Plan::Send(request) => Ok(shown(&request)),
            Plan::Answer(_) => panic!("nobody is asked"),
        }
    }

    fn decode(&self, call: &Call, _setup: &Setup, groups: &[&[Piece]]) -> Decoded {
        let mut decoder = decode::Decoder::new(call);
        let mut events = Vec::new();
        for group in groups {
            for frame in *group {
                if let Err(failure) = decoder.push(frame.name.as_deref(), &frame.data, &mut events)
                {
                    return Decoded { events, failure: Some(failure) };
                }
            }
        }
        match decoder.finish() {
            Ok(last) => {
                events.extend(last);
                Decoded { events, failure: None }
            }
            Err(failure) => Decoded { events, failure: Some(failure) },
        }
    }

    fn explain(&self, status: u16, body: &[u8]) -> Failure {
        explain::failure(status, None, body)
    }
}

fn deployment(setup: &Setup) -> Deployment {
    let provider = Some(setup.provider.as_str()).filter(|name| !name.is_empty());
    Deployment {
        id: "one".into(),
        provider: provider.unwrap_or("bedrock").into(),
        model: setup.model.clone(),
        mock_response: None,
        options: setup.options.clone().into_iter().collect(),
        drop_params: setup.drop_params,
    }
}

fn shown(request: &UpstreamRequest) -> Value {
    let UpstreamBody::Replaced(body) = &request.body else { panic!("another body is sent") };
    let credential = match request.credential.as_ref().expect("a credential is needed") {
        CredentialScheme::Sigv4(scope) => format!("sigv4 {} {}", scope.service, scope.region),
        other => panic!("{other:?}"),
    };
    let Reading::Decode(framing) = request.reading else { panic!("answers are decoded") };
    json!({
        "method": request.method,
        "path": request.path,
        "credential": credential,
        "reading": format!("{framing:?}"),
        "dropped": request.dropped,
        "body": shown_body(body),
    })
}

/// The body for people. A client's numbers and texts go upstream as they are, also those that are
/// out of every range; but JSON it has to be.
fn shown_body(body: &[u8]) -> Value {
    let raw: &serde_json::value::RawValue = serde_json::from_slice(body).expect("JSON is sent");
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().into())
}

#[test]
fn every_recorded_case_is_replayed() {
    check_all(env!("CARGO_MANIFEST_DIR"), &Bedrock);
}

#[test]
fn damaged_input_is_refused_and_breaks_nothing() {
    fuzz(env!("CARGO_MANIFEST_DIR"), &Bedrock, 300);
}

#[test]
fn both_names_are_described() {
    let traits = <super::Bedrock as Guest>::describe();
    let names: Vec<_> = traits.names.iter().map(|name| name.name.as_str()).collect();
    assert_eq!(names, ["bedrock", "bedrock_converse"]);
    assert!(traits.native.is_empty());
    assert_eq!(traits.options, ["aws_region_name"]);
}
