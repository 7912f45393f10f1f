//! Streams in providers' own dialects, as they are documented: what is seen of them, and what a
//! client gets that did not ask for usage.

use tollgate_dialects::{Observer, Seen, SseEvent, SseEvents, renamed};
use tollgate_domain::{Dialect, Document};

use crate::answers::TALKING;
use crate::golden::{beside, check, inputs};

/// What passes of an event under the client's name for the model.
fn passed(dialect: Dialect, event: &SseEvent, document: &Document) -> Vec<u8> {
    match renamed(dialect, document, "my-model") {
        Some(data) => event.with_data(&data).to_vec(),
        None => event.raw.to_vec(),
    }
}

#[test]
fn every_native_stream_is_seen_as_it_was_reviewed() {
    for dialect in TALKING {
        let ending = format!(".{}.sse", dialect.name());
        for input in inputs("native", &ending) {
            let mut events = SseEvents::new(1 << 20);
            events.push(&std::fs::read(&input).unwrap());
            let (mut observer, mut told) = (Observer::new(dialect), String::new());
            while let Some(event) = events.next_event().unwrap() {
                let (kind, bytes) = match observer.event(&event.data).unwrap() {
                    Seen::Blank => ("blank", event.raw.to_vec()),
                    Seen::Done => ("done", event.raw.to_vec()),
                    Seen::Part(document) => ("part", passed(dialect, &event, &document)),
                    Seen::UsageOnly(_) => ("usage", Vec::new()),
                    Seen::Error(_) => ("error", Vec::new()),
                    Seen::Last(document) => ("last", passed(dialect, &event, &document)),
                };
                told.push_str(&format!("--- {kind}\n{}", String::from_utf8(bytes).unwrap()));
            }
            let (usage, finished) = (observer.observed(36), observer.is_finished());
            told.push_str(&format!("=== finished: {finished}, {usage:?}\n"));
            check(&beside(&input, ".sse", ".seen"), &told);
        }
    }
}
