//! Requests that go from the neutral dialect into another and back, and members that nobody knows.

use bytes::Bytes;
use serde_json::{Value, json};
use tollgate_dialects::to_neutral;
use tollgate_domain::{Dialect, Document};

use crate::golden::inputs;
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

/// The chat in Anthropic's words.
fn as_messages(chat: &Value, random: &mut Random) -> Value {
    let mut request = chat.clone();
    let members = request.as_object_mut().unwrap();
    let mut turns: Vec<Value> = Vec::new();
    for message in members.remove("messages").unwrap().as_array().unwrap() {
        match message["role"].as_str().unwrap() {
            "system" => drop(members.insert("system".into(), message["content"].clone())),
            "tool" => {
                let block = json!({"type": "tool_result", "tool_use_id": message["tool_call_id"],
                    "content": anthropic_content(&message["content"])});
                match turns.last_mut() {
                    Some(last) if only_results(last) => {
                        last["content"].as_array_mut().unwrap().push(block);
                    }
                    _ => turns.push(json!({"role": "user", "content": [block]})),
                }
            }
            "user" => {
                let content = anthropic_content(&message["content"]);
                match turns.last_mut() {
                    Some(last) if only_results(last) && random.once_in(2) => {
                        let more = match content {
                            Value::Array(blocks) => blocks,
                            text => vec![json!({"type": "text", "text": text})],
                        };
                        last["content"].as_array_mut().unwrap().extend(more);
                    }
                    _ => turns.push(json!({"role": "user", "content": content})),
                }
            }
            _ => turns.push(anthropic_answer(message)),
        }
    }
    members.insert("messages".into(), json!(turns));
    anthropic_settings(members);
    request
}

fn only_results(turn: &Value) -> bool {
    let blocks = turn["content"].as_array();
    blocks.is_some_and(|blocks| blocks.iter().all(|block| block["type"] == "tool_result"))
}

fn anthropic_settings(members: &mut serde_json::Map<String, Value>) {
    if let Some(tools) = members.get_mut("tools") {
        let function = tools[0]["function"].clone();
        *tools = json!([{"name": "f", "description": function["description"],
            "input_schema": function["parameters"]}]);
    }
    let mut choice = match members.remove("tool_choice") {
        None => Value::Null,
        Some(Value::String(word)) if word == "required" => json!({"type": "any"}),
        Some(Value::String(word)) => json!({"type": word}),
        Some(_) => json!({"type": "tool", "name": "f"}),
    };
    if !choice.is_null() && members.remove("parallel_tool_calls").is_some() {
        choice["disable_parallel_tool_use"] = json!(true);
    }
    if !choice.is_null() {
        members.insert("tool_choice".into(), choice);
    }
    if let Some(format) = members.remove("response_format") {
        let schema = format["json_schema"]["schema"].clone();
        members.insert("output_format".into(), json!({"type": "json_schema", "schema": schema}));
    }
}

fn anthropic_content(content: &Value) -> Value {
    let Some(parts) = content.as_array() else { return content.clone() };
    let block = |part: &Value| match part["type"].as_str().unwrap() {
        "image_url" => {
            let url = part["image_url"]["url"].as_str().unwrap();
            match url.strip_prefix("data:image/png;base64,") {
                Some(data) => json!({"type": "image", "source":
                    {"type": "base64", "media_type": "image/png", "data": data}}),
                None => json!({"type": "image", "source": {"type": "url", "url": url}}),
            }
        }
        "file" => json!({"type": "document", "title": "a", "source":
            {"type": "base64", "media_type": "text/csv", "data": "AAAA"}}),
        _ => part.clone(),
    };
    parts.iter().map(block).collect()
}

fn anthropic_answer(message: &Value) -> Value {
    let mut blocks = message["thinking_blocks"].as_array().cloned().unwrap_or_default();
    if message["content"].is_string() {
        blocks.push(json!({"type": "text", "text": message["content"]}));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let input: Value =
            serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        blocks.push(json!({"type": "tool_use", "id": call["id"], "name": "f", "input": input}));
    }
    json!({"role": "assistant", "content": blocks})
}

/// The chat in the words of OpenAI's responses.
fn as_response(chat: &Value) -> Value {
    let mut request = chat.clone();
    let members = request.as_object_mut().unwrap();
    let mut input: Vec<Value> = Vec::new();
    for message in members.remove("messages").unwrap().as_array().unwrap() {
        match message["role"].as_str().unwrap() {
            "system" => drop(members.insert("instructions".into(), message["content"].clone())),
            "tool" => input.push(json!({"type": "function_call_output",
                "call_id": message["tool_call_id"],
                "output": response_content(&message["content"])})),
            "user" => input.push(json!({"role": "user",
                "content": response_content(&message["content"])})),
            _ => response_answer(message, &mut input),
        }
    }
    members.insert("input".into(), json!(input));
    if let Some(tools) = members.get_mut("tools") {
        let mut function = tools[0]["function"].clone();
        function["type"] = json!("function");
        *tools = json!([function]);
    }
    if members.get("tool_choice").is_some_and(Value::is_object) {
        members.insert("tool_choice".into(), json!({"type": "function", "name": "f"}));
    }
    if let Some(format) = members.remove("response_format") {
        let mut flat = format["json_schema"].clone();
        flat["type"] = json!("json_schema");
        members.insert("text".into(), json!({"format": flat}));
    }
    request
}

fn response_content(content: &Value) -> Value {
    let Some(parts) = content.as_array() else { return content.clone() };
    let part = |part: &Value| match part["type"].as_str().unwrap() {
        "image_url" => json!({"type": "input_image", "image_url": part["image_url"]["url"]}),
        "file" => json!({"type": "input_file", "filename": "a",
            "file_data": part["file"]["file_data"]}),
        _ => json!({"type": "input_text", "text": part["text"]}),
    };
    parts.iter().map(part).collect()
}

fn response_answer(message: &Value, input: &mut Vec<Value>) {
    for block in message["thinking_blocks"].as_array().into_iter().flatten() {
        input.push(match block["data"].as_str() {
            Some(data) => json!({"type": "reasoning", "id": "rs", "summary": [],
                "encrypted_content": format!("sealed:{data}")}),
            None => json!({"type": "reasoning", "id": "rs",
                "summary": [{"type": "summary_text", "text": block["thinking"]}],
                "encrypted_content": block["signature"]}),
        });
    }
    if message["content"].is_string() {
        input.push(json!({"type": "message", "id": "msg", "status": "completed",
            "role": "assistant", "content": [{"type": "output_text",
                "text": message["content"], "annotations": []}]}));
    }
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        input.push(json!({"type": "function_call", "id": "fc", "status": "completed",
            "call_id": call["id"], "name": "f", "arguments": call["function"]["arguments"]}));
    }
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
