//! The cases in `tests/golden`, and changes of them.

use std::path::PathBuf;

use tollgate_neutral::Answer;
use tollgate_recorded::{Body, Decode, Piece, Sent, Setting, Subject, check, fuzz};
use tollgate_sdk::types::{Event, Failure};

use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, UpstreamBody, UpstreamRequest,
};
use crate::{Decoding, chat, embed, rerank};

struct Cohere;

struct Reading(Answer<Decoding>);

fn deployment(setting: &Setting) -> Deployment {
    Deployment {
        id: setting.deployment_id(),
        provider: "cohere".into(),
        model: setting.model.clone(),
        mock_response: None,
        options: Vec::new(),
        drop_params: setting.drop_params,
    }
}

impl Subject for Cohere {
    fn encode(&self, setting: &Setting, body: &str) -> Result<Sent, Failure> {
        let deployment = deployment(setting);
        let request = match setting.dialect.as_str() {
            rerank::DIALECT => Ok(rerank::request(&setting.model)),
            embed::DIALECT => embed::request(body, &deployment),
            _ => chat::request(&setting.call(), body, &deployment, setting.output_cap),
        };
        request.map(sent)
    }

    fn decoder(&self, setting: &Setting) -> Box<dyn Decode> {
        Box::new(Reading(Answer::new(Decoding::of(&setting.call()))))
    }
}

impl Decode for Reading {
    fn push(&mut self, pieces: Vec<Piece>) -> Result<Vec<Event>, Failure> {
        self.0.push(pieces.iter().map(|piece| piece.data.as_slice()))
    }

    fn finish(&mut self) -> Result<Vec<Event>, Failure> {
        self.0.finish()
    }
}

fn sent(request: UpstreamRequest) -> Sent {
    let mut head = vec![format!("{} {}", request.method, request.path)];
    head.extend(request.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    head.push(format!("credential {:?}", request.credential));
    head.push(format!("reading {:?}", request.reading));
    let body = match request.body {
        UpstreamBody::Edited(edits) => {
            Body::Edited(edits.into_iter().map(|edit| (edit.member, edit.value)).collect())
        }
        UpstreamBody::Replaced(body) => Body::Replaced(body),
    };
    Sent { head, dropped: request.dropped, body }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

#[test]
fn every_case_is_as_recorded() {
    check(&Cohere, &folder()).unwrap();
}

#[test]
fn changed_cases_fail_or_pass_but_do_not_panic() {
    fuzz(&Cohere, &folder(), 20_000).unwrap();
}
