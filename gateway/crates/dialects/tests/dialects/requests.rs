//! Requests put into the neutral dialect.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_dialects::{facts, to_neutral};
use tollgate_domain::{Dialect, Document};

use crate::golden::{beside, check, inputs, pretty};

pub(crate) const TALKING: [(&str, Dialect); 3] = [
    ("requests/anthropic-messages", Dialect::AnthropicMessages),
    ("requests/openai-completions", Dialect::OpenaiCompletions),
    ("requests/openai-responses", Dialect::OpenaiResponses),
];

#[test]
fn every_request_becomes_what_was_reviewed() {
    for (folder, dialect) in TALKING {
        for input in inputs(folder, ".in.json") {
            let bytes = Bytes::from(std::fs::read(&input).unwrap());
            let document = Document::parse(bytes).unwrap();
            let told = match to_neutral(dialect, &document) {
                Ok(neutral) => {
                    let body: Value = serde_json::from_slice(&neutral.body).unwrap();
                    json!({"chat": body, "dropped": neutral.dropped})
                }
                Err(error) => json!({"param": error.param, "message": error.message}),
            };
            check(&beside(&input, ".in.json", ".out.json"), &pretty(&told));
        }
    }
}

#[test]
fn what_is_neutral_can_be_read_as_a_chat() {
    for (folder, dialect) in TALKING {
        for input in inputs(folder, ".in.json") {
            let document = Document::parse(std::fs::read(&input).unwrap().into()).unwrap();
            let Ok(neutral) = to_neutral(dialect, &document) else { continue };
            let chat = Document::parse(neutral.body).unwrap();
            let read = facts(dialect, &document).unwrap();
            let again = facts(Dialect::OpenaiChat, &chat).unwrap();
            let shown = input.display();
            assert_eq!((&read.model, read.streamed), (&again.model, again.streamed), "{shown}");
            assert_eq!(read.output_cap, again.output_cap, "{shown}");
        }
    }
}
