//! The cases in `tests/golden`, and changes of them.

use std::path::PathBuf;

use tollgate_neutral::Answer;
use tollgate_recorded::{Body, Decode, Piece, Sent, Setting, Subject, check, fuzz};
use tollgate_sdk::types::{Event, Failure};

use crate::bindings::exports::tollgate::policy::translation::{
    Deployment, UpstreamBody, UpstreamRequest,
};
use crate::{decode, encode, native};

struct Anthropic;

struct Decoding(Answer<decode::Decoder>);

impl Subject for Anthropic {
    fn encode(&self, setting: &Setting, body: &str) -> Result<Sent, Failure> {
        let deployment = Deployment {
            id: setting.deployment_id(),
            provider: "anthropic".into(),
            model: setting.model.clone(),
            mock_response: None,
            options: Vec::new(),
            drop_params: setting.drop_params,
        };
        match setting.dialect.as_str() {
            native::MESSAGES => Ok(sent(native::messages(&setting.model, setting.output_cap))),
            native::COUNT_TOKENS => Ok(sent(native::count_tokens(&setting.model))),
            _ => encode::request(&setting.call(), body, &deployment, setting.output_cap).map(sent),
        }
    }

    fn decoder(&self, setting: &Setting) -> Box<dyn Decode> {
        Box::new(Decoding(Answer::new(decode::Decoder::new(setting.streamed))))
    }
}

impl Decode for Decoding {
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
    check(&Anthropic, &folder()).unwrap();
}

#[test]
fn changed_cases_fail_or_pass_but_do_not_panic() {
    fuzz(&Anthropic, &folder(), 20_000).unwrap();
}
