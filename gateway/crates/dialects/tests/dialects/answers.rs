//! Answers written in every dialect, as streams and at once.

use std::sync::Arc;

use bytes::BytesMut;
use serde_json::Value;
use tollgate_dialects::{Fault, Subject, Writer, error_body, whole};
use tollgate_domain::{Dialect, Document, Event};

use crate::events;
use crate::golden::{beside, check, inputs, pretty};

pub(crate) const TALKING: [Dialect; 4] = [
    Dialect::OpenaiChat,
    Dialect::OpenaiCompletions,
    Dialect::AnthropicMessages,
    Dialect::OpenaiResponses,
];

pub(crate) fn subject() -> Subject {
    Subject { usage_asked: true, ..Subject::new("0190", "gpt-x", 1_700_000_000) }
}

/// The whole stream of some events.
pub(crate) fn stream(dialect: Dialect, subject: Subject, events: &[Event]) -> String {
    let mut writer = Writer::new(dialect, subject);
    let mut out = BytesMut::new();
    for event in events {
        writer.event(event, &mut out).unwrap();
    }
    writer.end(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn every_answer_is_written_as_it_was_reviewed() {
    for input in inputs("answers", ".events.json") {
        let events = events::read(&std::fs::read_to_string(&input).unwrap());
        for dialect in TALKING {
            let name = dialect.name();
            let streamed = stream(dialect, subject(), &events);
            check(&beside(&input, ".events.json", &format!(".{name}.sse")), &streamed);
            let body: Value = serde_json::from_slice(&whole(dialect, &subject(), &events)).unwrap();
            check(&beside(&input, ".events.json", &format!(".{name}.json")), &pretty(&body));
        }
    }
}

fn fault() -> Fault {
    Fault {
        status: 500,
        kind: "internal_server_error".to_owned(),
        message: "litellm.APIConnectionError: the provider's stream was cut".to_owned(),
        param: None,
    }
}

#[test]
fn a_stream_that_breaks_ends_in_the_dialects_own_error() {
    let begun = [Event::Text("Hel".to_owned())];
    let mut told = String::new();
    for dialect in TALKING {
        let mut writer = Writer::new(dialect, subject());
        let mut out = BytesMut::new();
        for event in &begun {
            writer.event(event, &mut out).unwrap();
        }
        out.clear();
        writer.fail(&fault(), &mut out);
        told.push_str(&format!("=== {}\n", dialect.name()));
        told.push_str(std::str::from_utf8(&out).unwrap());
    }
    check(&inputs("errors", "broken-stream.sse")[0], &told);
}

#[test]
fn errors_have_the_envelope_of_the_dialect() {
    for dialect in Dialect::ALL {
        let body: Value = serde_json::from_slice(&error_body(dialect, &fault())).unwrap();
        assert_eq!(body["error"]["message"], fault().message, "{dialect:?}");
        let anthropic = body["type"] == "error";
        assert_eq!(anthropic, dialect.name().starts_with("anthropic"), "{dialect:?}");
    }
}

#[test]
fn a_document_is_the_answer_under_the_clients_name_of_the_model() {
    let document = r#"{ "object":"list", "data":[1.50], "model":"upstream's" }"#;
    let events = [Event::Document(document.to_owned())];
    for dialect in [Dialect::OpenaiEmbeddings, Dialect::Rerank, Dialect::OpenaiModerations] {
        let body = whole(dialect, &subject(), &events);
        assert_eq!(body, r#"{"object":"list","data":[1.50],"model":"gpt-x"}"#);
    }
}

#[test]
fn a_response_repeats_its_request() {
    let request = r#"{"model":"m","input":"hi","temperature":0.2,"tools":[
        {"type":"function","name":"f","parameters":{"z":1,"a":2}}],"instructions":"be\nbrief"}"#;
    let request = Document::parse(request.as_bytes().into()).unwrap();
    let subject = Subject { request: Some(Arc::new(request)), ..subject() };
    let events = [Event::Text("Hello".to_owned())];
    let streamed = stream(Dialect::OpenaiResponses, subject.clone(), &events);
    assert!(streamed.contains(r#""parameters":{"z":1,"a":2}"#), "{streamed}");
    let body: Value =
        serde_json::from_slice(&whole(Dialect::OpenaiResponses, &subject, &events)).unwrap();
    assert_eq!(body["temperature"], 0.2);
    assert_eq!(body["instructions"], "be\nbrief");
    assert_eq!(body["tool_choice"], "auto");
}

#[test]
fn what_must_be_kept_is_bounded() {
    let subject = Subject { kept_bytes_max: 5, ..subject() };
    let mut writer = Writer::new(Dialect::OpenaiResponses, subject.clone());
    let mut out = BytesMut::new();
    let piece = Event::Text("abc".to_owned());
    assert!(writer.event(&piece, &mut out).is_ok());
    assert!(writer.event(&piece, &mut out).is_err());
    let mut writer = Writer::new(Dialect::OpenaiChat, subject);
    for _ in 0..100 {
        assert!(writer.event(&piece, &mut out).is_ok());
    }
}

#[test]
fn usage_is_hidden_from_those_who_did_not_ask() {
    let usage = tollgate_domain::Usage { input: 3, ..tollgate_domain::Usage::default() };
    let events = [Event::Text("a".to_owned()), Event::Usage(usage)];
    for dialect in [Dialect::OpenaiChat, Dialect::OpenaiCompletions] {
        let subject = Subject { usage_asked: false, ..subject() };
        assert!(!stream(dialect, subject, &events).contains("usage"));
    }
}
