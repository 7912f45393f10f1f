//! What holds for every answer: its pieces are the whole, counted the same, in any chunking.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_dialects::{Observer, Seen, SseEvents, whole};
use tollgate_domain::{Dialect, Event, Extension};

use crate::answers::{TALKING, stream, subject};
use crate::client;
use crate::golden::inputs;
use crate::random::Random;

const RUNS: u64 = 2000;

fn whole_json(dialect: Dialect, events: &[Event]) -> Value {
    serde_json::from_slice(&whole(dialect, &subject(), events)).unwrap()
}

/// What a client has put together may lack what the whole answer says by absence.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        Value::Array(items) => items.iter().map(without_nulls).collect(),
        other => other.clone(),
    }
}

#[test]
fn chunks_of_a_chat_add_up_to_the_whole_answer() {
    for seed in 0..RUNS {
        let mut random = Random::new(seed);
        let choices = 1 + u32::try_from(random.below(3)).unwrap();
        let events = random.answer(choices);
        let mut expected = whole_json(Dialect::OpenaiChat, &events);
        let mut joined = client::chat(stream(Dialect::OpenaiChat, subject(), &events).as_bytes());
        for choice in expected["choices"].as_array_mut().unwrap() {
            choice["message"].as_object_mut().unwrap().remove("role");
        }
        for choice in joined["choices"].as_array_mut().unwrap() {
            // The role's chunk has an empty content; the whole answer may have none.
            if choice["message"]["content"] == "" {
                choice["message"].as_object_mut().unwrap().remove("content");
            }
        }
        for choice in expected["choices"].as_array_mut().unwrap() {
            if choice["message"]["content"] == "" {
                choice["message"].as_object_mut().unwrap().remove("content");
            }
        }
        let expected = json!({"choices": expected["choices"], "usage": expected["usage"]});
        assert_eq!(without_nulls(&joined), without_nulls(&expected), "seed {seed}: {events:?}");
    }
}

#[test]
fn chunks_of_a_text_completion_add_up_to_the_whole_answer() {
    for seed in 0..RUNS {
        let events = Random::new(seed).answer(2);
        let whole = whole_json(Dialect::OpenaiCompletions, &events);
        let streamed = stream(Dialect::OpenaiCompletions, subject(), &events);
        let joined = client::completions(streamed.as_bytes());
        for (one, other) in
            joined.as_array().unwrap().iter().zip(whole["choices"].as_array().unwrap())
        {
            assert_eq!(one["text"], other["text"], "seed {seed}: {events:?}");
            assert_eq!(one["finish_reason"], other["finish_reason"], "seed {seed}");
        }
        assert_eq!(joined.as_array().unwrap().len(), 2);
    }
}

#[test]
fn events_of_a_message_add_up_to_the_whole_message() {
    for seed in 0..RUNS {
        let events = Random::new(seed).answer(1);
        let streamed = stream(Dialect::AnthropicMessages, subject(), &events);
        let whole = whole_json(Dialect::AnthropicMessages, &events);
        assert_eq!(client::message(streamed.as_bytes()), whole, "seed {seed}: {events:?}");
    }
}

#[test]
fn events_of_a_response_add_up_to_the_whole_response() {
    for seed in 0..RUNS {
        let events = Random::new(seed).answer(1);
        let streamed = stream(Dialect::OpenaiResponses, subject(), &events);
        let (output, last) = client::response(streamed.as_bytes());
        let whole = whole_json(Dialect::OpenaiResponses, &events);
        assert_eq!(last, whole, "seed {seed}: {events:?}");
        assert_eq!(json!(output), whole["output"], "seed {seed}");
    }
}

#[test]
fn usage_is_the_same_in_streams_and_whole_answers() {
    for seed in 0..RUNS {
        let events = Random::new(seed).answer(1);
        for dialect in TALKING {
            let streamed = stream(dialect, subject(), &events);
            let last = client::events(streamed.as_bytes())
                .into_iter()
                .filter_map(|(_, data)| serde_json::from_str::<Value>(&data).ok())
                .rfind(|event| !event["usage"].is_null() || !event["response"]["usage"].is_null())
                .unwrap();
            let usage = [&last["usage"], &last["response"]["usage"]];
            let usage = usage.into_iter().find(|usage| !usage.is_null()).unwrap();
            assert_eq!(usage, &whole_json(dialect, &events)["usage"], "{dialect:?} {seed}");
        }
    }
}

#[test]
fn what_components_say_never_breaks_a_stream() {
    let hostile = ["{", "", "null", "\n", "{\"a\":\n\n\"data: x\"}", "\u{0}", "[1,\r\n2]", "\"x\""];
    for seed in 0..RUNS {
        let mut random = Random::new(seed);
        let mut events = random.answer(2);
        for _ in 0..6 {
            let text = random.one(&hostile).to_owned();
            let name = random.one(&["logprobs", "id", "a\"\n", "stop_sequence", "service_tier"]);
            let extension = Extension { name: name.to_owned(), value: text.clone() };
            let event = match random.below(5) {
                0 => Event::Extension(extension),
                1 => Event::ChoiceExtension(extension),
                2 => Event::Citation(text),
                3 => Event::Document(text),
                _ => Event::Choice(u32::MAX),
            };
            let at = random.below(events.len());
            events.insert(at, event);
        }
        for dialect in TALKING {
            for (_, data) in client::events(stream(dialect, subject(), &events).as_bytes()) {
                let json = serde_json::from_str::<Value>(&data);
                assert!(data == "[DONE]" || json.is_ok(), "{dialect:?}: {data}");
            }
            whole_json(dialect, &events);
        }
    }
}

/// What is seen of a stream that arrives in these chunks.
fn watched(dialect: Dialect, chunks: &[&[u8]]) -> (Vec<String>, String) {
    let (mut events, mut observer) = (SseEvents::new(1 << 20), Observer::new(dialect));
    let mut seen = Vec::new();
    for chunk in chunks {
        events.push(chunk);
        while let Some(event) = events.next_event().unwrap() {
            seen.push(match observer.event(&event.data).unwrap() {
                Seen::Blank => "blank".to_owned(),
                Seen::Done => "done".to_owned(),
                Seen::Part(document) => format!("part {:?}", document.bytes()),
                Seen::UsageOnly(document) => format!("usage {:?}", document.bytes()),
                Seen::Error(document) => format!("error {:?}", document.bytes()),
                Seen::Last(document) => format!("last {:?}", document.bytes()),
            });
        }
    }
    (seen, format!("{:?} {}", observer.observed(100), observer.is_finished()))
}

#[test]
fn streams_are_seen_alike_in_every_chunking_and_to_their_end() {
    for dialect in TALKING {
        for file in inputs("answers", &format!(".{}.sse", dialect.name())) {
            let stream = Bytes::from(std::fs::read(&file).unwrap());
            let expected = watched(dialect, &[&stream]);
            assert!(expected.1.ends_with("true"), "{}: {}", file.display(), expected.1);
            for at in 0..=stream.len() {
                let (head, tail) = stream.split_at(at);
                assert_eq!(watched(dialect, &[head, tail]), expected, "{} {at}", file.display());
            }
            let bytes: Vec<&[u8]> = stream.chunks(1).collect();
            assert_eq!(watched(dialect, &bytes), expected, "{}", file.display());
        }
    }
}
