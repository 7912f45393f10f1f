use serde_json::{Value, json};
use tollgate_golden::{Decoded, Frame as Piece, Setup, Subject, check_all, fuzz};
use tollgate_sdk::types::Candidate;

use super::*;
use crate::bindings::exports::tollgate::policy::translation::{UpstreamBody, UpstreamRequest};

pub(crate) fn call(streamed: bool) -> Call {
    Call {
        id: "id".into(),
        dialect: "openai-chat".into(),
        model: "mine".into(),
        streamed,
        input_bound: 1,
        output_cap: None,
        choices: 1,
        candidates: vec![Candidate { deployment: "one".into(), output_max: None }],
    }
}

pub(crate) fn deployment(provider: &str, model: &str) -> Deployment {
    Deployment {
        id: "one".into(),
        provider: provider.into(),
        model: model.into(),
        mock_response: None,
        options: Vec::new(),
        drop_params: false,
    }
}

/// The component as the recorded cases know it.
struct Component;

impl Subject for Component {
    fn encode(&self, call: &Call, setup: &Setup, body: &[u8]) -> Result<Value, Failure> {
        let members: serde_json::Map<String, Value> =
            serde_json::from_slice(body).unwrap_or_default();
        let provider = Some(setup.provider.as_str()).filter(|name| !name.is_empty());
        let deployment = Deployment {
            options: setup.options.clone().into_iter().collect(),
            drop_params: setup.drop_params,
            ..deployment(provider.unwrap_or("openai"), &setup.model)
        };
        let member = |name: &str| members.get(name).map(Value::to_string);
        encode::request(call, member, &deployment, setup.output_cap).map(|made| shown(&made))
    }

    fn decode(&self, _call: &Call, _setup: &Setup, groups: &[&[Piece]]) -> Decoded {
        let mut decoder = decode::Decoder::default();
        let mut events = Vec::new();
        for frame in groups.iter().flat_map(|group| group.iter()) {
            if let Err(failure) = decoder.push(&frame.data, &mut events) {
                return Decoded { events, failure: Some(failure) };
            }
        }
        let failure = decoder.finish().err();
        Decoded { events, failure }
    }

    fn explain(&self, status: u16, body: &[u8]) -> Failure {
        let members: serde_json::Map<String, Value> =
            serde_json::from_slice(body).unwrap_or_default();
        explain::failure(status, |name| members.get(name).map(Value::to_string))
    }
}

fn shown(request: &UpstreamRequest) -> Value {
    let UpstreamBody::Edited(edits) = &request.body else { panic!("the body is edited") };
    let (set, removed): (Vec<_>, Vec<_>) = edits.iter().partition(|edit| edit.value.is_some());
    let set: serde_json::Map<String, Value> = set
        .into_iter()
        .map(|edit| {
            let value = edit.value.as_deref().unwrap_or_default();
            (edit.member.clone(), serde_json::from_str(value).unwrap_or_else(|_| value.into()))
        })
        .collect();
    json!({
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "credential": format!("{:?}", request.credential),
        "dropped": request.dropped,
        "set": set,
        "removed": removed.into_iter().map(|edit| edit.member.as_str()).collect::<Vec<_>>(),
    })
}

#[test]
fn every_recorded_case_is_replayed() {
    check_all(env!("CARGO_MANIFEST_DIR"), &Component);
}

#[test]
fn damaged_input_is_refused_and_breaks_nothing() {
    fuzz(env!("CARGO_MANIFEST_DIR"), &Component, 200);
}
