use serde_json::{Value, json};
use tollgate_golden::{Decoded, Frame as Piece, Setup, Subject, check_all, fuzz};
use tollgate_neutral::Object;

use super::*;
use crate::bindings::exports::tollgate::policy::translation::{UpstreamBody, UpstreamRequest};

/// The component as the recorded cases know it.
struct Recorded;

impl Subject for Recorded {
    fn encode(&self, call: &Call, setup: &Setup, body: &[u8]) -> Result<Value, Failure> {
        let body = tollgate_neutral::body_text(body.to_vec());
        plan(call, || body, &deployment(setup), setup.output_cap).map(|request| shown(&request))
    }

    fn decode(&self, call: &Call, _setup: &Setup, groups: &[&[Piece]]) -> Decoded {
        let mut answer = Answer::new(decode::Decoder::new(call.streamed));
        let mut events = Vec::new();
        for group in groups {
            match answer.push(group.iter().map(|piece| piece.data.as_slice())) {
                Ok(more) => events.extend(more),
                Err(failure) => return Decoded { events, failure: Some(failure) },
            }
        }
        let failure = answer.finish().err();
        Decoded { events, failure }
    }

    fn explain(&self, status: u16, body: &[u8]) -> Failure {
        let body = String::from_utf8_lossy(body);
        let error =
            Object::parse(&body).and_then(|body| body.get("error").map(ToString::to_string));
        explain::failure(status, error.as_deref())
    }
}

fn deployment(setup: &Setup) -> Deployment {
    Deployment {
        id: "one".into(),
        provider: "anthropic".into(),
        model: setup.model.clone(),
        mock_response: None,
        options: Vec::new(),
        drop_params: setup.drop_params,
    }
}

fn shown(request: &UpstreamRequest) -> Value {
    let mut shown = json!({
        "method": request.method,
        "path": request.path,
        "headers": request.headers,
        "credential": format!("{:?}", request.credential),
        "reading": format!("{:?}", request.reading),
        "dropped": request.dropped,
    });
    match &request.body {
        UpstreamBody::Replaced(body) => {
            let text = std::str::from_utf8(body).expect("text is sent");
            assert_no_member_twice(text);
            shown["body"] = serde_json::from_str(text).unwrap_or_else(|_| text.into());
        }
        UpstreamBody::Edited(edits) => {
            let edits = edits.iter().map(|edit| (edit.member.clone(), edit.value.clone().into()));
            shown["edits"] = Value::Object(edits.collect());
        }
    }
    shown
}

fn assert_no_member_twice(body: &str) {
    let body = Object::parse(body).expect("an object is sent");
    let mut names: Vec<_> = body.names().collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
}

#[test]
fn every_recorded_case_is_replayed() {
    check_all(env!("CARGO_MANIFEST_DIR"), &Recorded);
}

#[test]
fn damaged_input_is_refused_and_breaks_nothing() {
    fuzz(env!("CARGO_MANIFEST_DIR"), &Recorded, 300);
}
