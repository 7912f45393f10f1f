//! The way back: chats in the words of other dialects, written without the crate's help.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// The chat in Anthropic's words.
pub(crate) fn as_messages(chat: &Value, random: &mut Random) -> Value {
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

fn anthropic_settings(members: &mut Map<String, Value>) {
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
pub(crate) fn as_response(chat: &Value) -> Value {
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
