//! What a client's library makes of a stream: the answer put together from its events.

use serde_json::{Map, Value, json};
use tollgate_dialects::SseEvents;

/// The name and the data of a stream's events.
pub(crate) fn events(stream: &[u8]) -> Vec<(Option<String>, String)> {
    let mut events = SseEvents::new(1 << 20);
    events.push(stream);
    let mut found = Vec::new();
    while let Some(event) = events.next_event().unwrap() {
        found.push((event.name, String::from_utf8(event.data.to_vec()).unwrap()));
    }
    assert_eq!(events.rest(), None);
    found
}

fn parsed(stream: &[u8]) -> Vec<Value> {
    let data = events(stream).into_iter().map(|(_, data)| data);
    data.filter(|data| data != "[DONE]").map(|data| serde_json::from_str(&data).unwrap()).collect()
}

fn append(object: &mut Value, name: &str, piece: &Value) {
    if let Some(piece) = piece.as_str() {
        let known = object[name].as_str().unwrap_or_default();
        object[name] = json!(format!("{known}{piece}"));
    }
}

/// Chunks of a chat as the whole answer.
pub(crate) fn chat(stream: &[u8]) -> Value {
    let mut choices: Map<String, Value> = Map::new();
    let mut usage = Value::Null;
    for chunk in parsed(stream) {
        if !chunk["usage"].is_null() {
            usage = chunk["usage"].clone();
        }
        for piece in chunk["choices"].as_array().unwrap() {
            let choice = choices.entry(piece["index"].to_string()).or_insert(json!({}));
            chat_choice(choice, piece);
        }
    }
    let choices: Vec<Value> = choices.into_values().collect();
    json!({"choices": choices, "usage": usage})
}

fn chat_choice(choice: &mut Value, piece: &Value) {
    choice["index"] = piece["index"].clone();
    if !piece["finish_reason"].is_null() {
        choice["finish_reason"] = piece["finish_reason"].clone();
    }
    if let Some(entries) = piece["logprobs"]["content"].as_array() {
        let list = &mut choice["logprobs"]["content"];
        let known = list.as_array().cloned().unwrap_or_default();
        *list = known.into_iter().chain(entries.iter().cloned()).collect();
    }
    let delta = &piece["delta"];
    for name in ["content", "refusal", "reasoning_content"] {
        append(&mut choice["message"], name, &delta[name]);
    }
    let citation = &delta["provider_specific_fields"]["citation"];
    if !citation.is_null() {
        push(&mut choice["message"]["provider_specific_fields"]["citations"], citation.clone());
    }
    for block in delta["thinking_blocks"].as_array().into_iter().flatten() {
        thinking(&mut choice["message"]["thinking_blocks"], block);
    }
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        let at = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
        let calls = &mut choice["message"]["tool_calls"];
        if call["id"].is_string() {
            push(
                calls,
                json!({"id": call["id"], "type": call["type"], "function": {
                    "name": call["function"]["name"], "arguments": "",
                }}),
            );
        }
        append(&mut calls[at]["function"], "arguments", &call["function"]["arguments"]);
    }
}

/// A piece without a signature belongs to the block before it, if that has none.
fn thinking(blocks: &mut Value, piece: &Value) {
    let open = blocks.as_array_mut().and_then(|list| list.last_mut());
    match open {
        Some(open)
            if piece["type"] == "thinking"
                && open["signature"].is_null()
                && open["type"] == "thinking" =>
        {
            append(open, "thinking", &piece["thinking"]);
            open["signature"] = piece["signature"].clone();
        }
        _ => push(blocks, piece.clone()),
    }
}

fn push(list: &mut Value, value: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(value),
        None => *list = json!([value]),
    }
}

/// Text and finish reason of each choice of a text completion's chunks.
pub(crate) fn completions(stream: &[u8]) -> Value {
    let mut choices: Map<String, Value> = Map::new();
    for chunk in parsed(stream) {
        for piece in chunk["choices"].as_array().unwrap() {
            let start = json!({"index": piece["index"], "text": ""});
            let choice = choices.entry(piece["index"].to_string()).or_insert(start);
            append(choice, "text", &piece["text"]);
            choice["finish_reason"] = piece["finish_reason"].clone();
        }
    }
    choices.into_values().collect()
}

/// Events of Anthropic's as the message that they make.
pub(crate) fn message(stream: &[u8]) -> Value {
    let mut message = Value::Null;
    let mut inputs: Map<String, Value> = Map::new();
    for (name, data) in events(stream) {
        let event: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(event["type"], json!(name));
        let index = usize::try_from(event["index"].as_u64().unwrap_or(0)).unwrap();
        match name.as_deref().unwrap() {
            "message_start" => message = event["message"].clone(),
            "content_block_start" => {
                assert_eq!(message["content"].as_array().unwrap().len(), index);
                push(&mut message["content"], event["content_block"].clone());
            }
            "content_block_delta" => {
                let (block, delta) = (&mut message["content"][index], &event["delta"]);
                for name in ["text", "thinking", "signature"] {
                    append(block, name, &delta[name]);
                }
                if !delta["citation"].is_null() {
                    push(&mut block["citations"], delta["citation"].clone());
                }
                let arguments = inputs.entry(index.to_string()).or_insert(json!({}));
                append(arguments, "input", &delta["partial_json"]);
            }
            "message_delta" => {
                message["stop_reason"] = event["delta"]["stop_reason"].clone();
                message["stop_sequence"] = event["delta"]["stop_sequence"].clone();
                message["usage"] = event["usage"].clone();
            }
            _ => {}
        }
    }
    for (index, arguments) in inputs {
        if let Some(text) = arguments["input"].as_str() {
            let index: usize = index.parse().unwrap();
            message["content"][index]["input"] = serde_json::from_str(text).unwrap();
        }
    }
    message
}

/// Events of a response as the output that their deltas make, and the response of the last one.
pub(crate) fn response(stream: &[u8]) -> (Vec<Value>, Value) {
    let mut output: Vec<Value> = Vec::new();
    let mut last = Value::Null;
    for (at, (name, data)) in events(stream).into_iter().enumerate() {
        let event: Value = serde_json::from_str(&data).unwrap();
        assert_eq!(event["type"], json!(name));
        assert_eq!(event["sequence_number"], json!(at));
        let index = usize::try_from(event["output_index"].as_u64().unwrap_or(0)).unwrap();
        let part = usize::try_from(event["content_index"].as_u64().unwrap_or(0)).unwrap();
        match name.as_deref().unwrap() {
            "response.output_item.added" => output.push(event["item"].clone()),
            "response.content_part.added" => {
                push(&mut output[index]["content"], event["part"].clone());
            }
            "response.output_text.delta" => {
                let part = &mut output[index]["content"][part];
                append(part, "text", &event["delta"]);
                for entry in event["logprobs"].as_array().unwrap() {
                    push(&mut part["logprobs"], entry.clone());
                }
            }
            "response.output_text.annotation.added" => {
                let part = &mut output[index]["content"][part];
                push(&mut part["annotations"], event["annotation"].clone());
            }
            "response.refusal.delta" => {
                append(&mut output[index]["content"][part], "refusal", &event["delta"]);
            }
            "response.reasoning_summary_part.added" => {
                push(&mut output[index]["summary"], event["part"].clone());
            }
            "response.reasoning_summary_text.delta" => {
                append(&mut output[index]["summary"][0], "text", &event["delta"]);
            }
            "response.function_call_arguments.delta" => {
                append(&mut output[index], "arguments", &event["delta"]);
            }
            "response.output_item.done" => {
                let item = &event["item"];
                for name in ["encrypted_content", "status"] {
                    if !item[name].is_null() {
                        output[index][name] = item[name].clone();
                    }
                }
                assert_eq!(&output[index], item);
            }
            _ => {}
        }
        last = event["response"].clone();
    }
    (output, last)
}
