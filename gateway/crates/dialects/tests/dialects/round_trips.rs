//! Requests that go from the neutral dialect into another and back, and members that nobody knows.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_dialects::to_neutral;
use tollgate_domain::{Dialect, Document};

use crate::golden::inputs;
use crate::inverse::{as_messages, as_response};
use crate::random::Random;
use crate::requests::TALKING;

const RUNS: u64 = 2000;

fn neutral(dialect: Dialect, body: &Value) -> (Value, Vec<String>) {
    let document = Document::parse(Bytes::from(body.to_string())).unwrap();
    let neutral = to_neutral(dialect, &document).unwrap();
    (serde_json::from_slice(&neutral.body).unwrap(), neutral.dropped)
}

/// A chat that every talking dialect has words for.
fn chat(random: &mut Random) -> Value {
    let mut messages = Vec::new();
    if random.once_in(2) {
        messages.push(json!({"role": "system", "content": random.text()}));
    }
    for turn in 0..=random.below(3) {
        messages.push(json!({"role": "user", "content": content(random)}));
        if random.once_in(3) {
            continue;
        }
        let mut answer = json!({"role": "assistant", "content": random.text()});
        let calls: Vec<Value> = (0..random.below(3))
            .map(|at| {
                let arguments = random.object().to_string();
                json!({"id": format!("call_{turn}_{at}"), "type": "function",
                    "function": {"name": "f", "arguments": arguments}})
            })
            .collect();
        if random.once_in(2) {
            answer["thinking_blocks"] = json!([
                {"type": "thinking", "thinking": random.text(), "signature": random.text()},
                {"type": "redacted_thinking", "data": random.text()},
            ]);
        }
        if !calls.is_empty() {
            answer["tool_calls"] = json!(calls);
            if random.once_in(2) {
                answer["content"] = Value::Null;
            }
        }
        messages.push(answer);
        for call in calls {
            let content = content(random);
            messages.push(json!({"role": "tool", "tool_call_id": call["id"], "content": content}));
        }
    }
    let mut chat = json!({"model": "m", "messages": messages});
    settings(random, &mut chat);
    chat
}

fn settings(random: &mut Random, chat: &mut Value) {
    let members = [
        ("temperature", json!(0.5)),
        ("top_p", json!(0.25)),
        ("stream", json!(true)),
        ("parallel_tool_calls", json!(false)),
        ("something_new", json!({"z": [1, null], "a": "b"})),
        (
            "response_format",
            json!({"type": "json_schema", "json_schema": {
                "name": "answer", "strict": true, "schema": {"type": "object"}}}),
        ),
    ];
    for (name, value) in members {
        if random.once_in(2) {
            chat[name] = value;
        }
    }
    if random.once_in(2) {
        chat["tools"] = json!([{"type": "function", "function": {
            "name": "f", "description": random.text(), "parameters": random.object()}}]);
        let named = json!({"type": "function", "function": {"name": "f"}});
        chat["tool_choice"] = random.one(&[json!("auto"), json!("required"), json!("none"), named]);
    }
}

/// A text, or parts of which not only one is text.
fn content(random: &mut Random) -> Value {
    if random.once_in(2) {
        return json!(random.text());
    }
    let picture = random.one(&["https://a.example/x.png", "data:image/png;base64,AAAA"]);
    json!([
        {"type": "image_url", "image_url": {"url": picture}},
        {"type": "text", "text": random.text()},
        {"type": "file", "file": {"filename": "a", "file_data": "data:text/csv;base64,AAAA"}},
    ])
}

#[test]
fn a_chat_comes_back_from_anthropics_words_as_it_was() {
    for seed in 0..RUNS {
        let mut random = Random::new(seed);
        let mut chat = chat(&mut random);
        let request = as_messages(&chat, &mut random);
        // Arguments are an object there; how it was spelt is not kept.
        for message in chat["messages"].as_array_mut().unwrap() {
            let calls = message.get_mut("tool_calls").and_then(Value::as_array_mut);
            for call in calls.into_iter().flatten() {
                let arguments = call["function"]["arguments"].as_str().unwrap();
                let value: Value = serde_json::from_str(arguments).unwrap();
                call["function"]["arguments"] = json!(value.to_string());
            }
        }
        assert_eq!(neutral(Dialect::AnthropicMessages, &request), (chat, vec![]), "seed {seed}");
    }
}

#[test]
fn a_chat_comes_back_from_a_responses_words_as_it_was() {
    for seed in 0..RUNS {
        let chat = chat(&mut Random::new(seed));
        let request = as_response(&chat);
        assert_eq!(neutral(Dialect::OpenaiResponses, &request), (chat, vec![]), "seed {seed}");
    }
}

/// The objects of a request, by their paths.
fn objects(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                objects(value, format!("{path}/{name}"), found);
            }
            found.push(path);
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                objects(value, format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

/// `/messages/0/content/1` as it is told to clients.
fn told(path: &str) -> String {
    path.split('/').skip(1).fold(String::new(), |told, step| match step.parse::<usize>() {
        Ok(index) => format!("{told}[{index}]"),
        Err(_) if told.is_empty() => step.to_owned(),
        Err(_) => format!("{told}.{step}"),
    })
}

#[test]
fn no_member_is_lost_without_being_named() {
    let mut lost = Vec::new();
    for (folder, dialect) in TALKING {
        for file in inputs(folder, ".in.json") {
            let request: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
            let document = Document::parse(Bytes::from(request.to_string())).unwrap();
            if to_neutral(dialect, &document).is_err() {
                continue;
            }
            let mut paths = Vec::new();
            objects(&request, String::new(), &mut paths);
            for path in paths {
                let mut marked = request.clone();
                marked.pointer_mut(&path).unwrap()["x_new"] = json!("marked");
                let (chat, dropped) = neutral(dialect, &marked);
                let place = told(&format!("{path}/x_new"));
                let named = dropped.iter().any(|name| place.starts_with(name.as_str()));
                if !named && !chat.to_string().contains("marked") {
                    lost.push(format!("{}: {place}", file.display()));
                }
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}

#[test]
fn members_of_schemas_and_arguments_keep_their_order_and_spelling() {
    let schema = r#"{"type":"object","properties":{"z":{"const":1.50},"a":{}},"x":1e3}"#;
    let cases = [
        (
            Dialect::AnthropicMessages,
            format!(
                r#"{{"model":"m","max_tokens":1,"tools":[{{"name":"f","input_schema":{schema}}}],
                "messages":[{{"role":"user","content":"\u0068i"}}]}}"#
            ),
        ),
        (
            Dialect::OpenaiResponses,
            format!(
                r#"{{"model":"m","tools":[{{"type":"function","name":"f","parameters":{schema}}}],
                "input":"hi"}}"#
            ),
        ),
    ];
    for (dialect, body) in cases {
        let document = Document::parse(Bytes::from(body)).unwrap();
        let neutral = to_neutral(dialect, &document).unwrap();
        let chat = String::from_utf8(neutral.body.to_vec()).unwrap();
        assert!(chat.contains(schema), "{chat}");
    }
}
